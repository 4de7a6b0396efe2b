package dev.fetchback.architecture.wrong.fetch;

import dev.fetchback.deliver.Envelope;
import org.jspecify.annotations.Nullable;

/** A step that knows another. */
public final class DeliveringFetch {
    @Nullable Envelope envelope;
}
