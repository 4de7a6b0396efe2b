package dev.fetchback.server.intake;

import dev.fetchback.store.StoredTask;
import java.io.IOException;

/** Renders the outcome of a finished task: the same JSON as the envelope's {@code data}. */
@FunctionalInterface
public interface ResultView {
    /** The JSON as UTF-8; blocks while the page is read. */
    byte[] data(StoredTask task) throws IOException;
}
