package dev.fetchback.architecture.wrong.work;

import dev.fetchback.architecture.wrong.task.ImpureTask;
import dev.fetchback.outbound.Outbound;
import org.jspecify.annotations.Nullable;

/** Work that knows HTTP, and the other half of a cycle. */
public final class HttpWork {
    @Nullable Outbound outbound;
    @Nullable ImpureTask task;
}
