package dev.fetchback.work;

import dev.fetchback.store.Store;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Processed;
import dev.fetchback.task.TaskId;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** A part of what is stored with a task, read when it is needed. */
public final class StoredBody implements Body {
    private final Store store;
    private final TaskId id;
    private final long offset;
    private final long length;

    /** The stored page of a task. */
    public static Body page(Store store, TaskId id, Outcome.Fetched fetched) {
        return new StoredBody(store, id, 0, fetched.page().bytes());
    }

    /** What is stored of processing it, after the page; null when that was not done. */
    public static @Nullable Body results(Store store, TaskId id, Outcome.Fetched fetched) {
        Processed processed = fetched.processed();
        return processed == null ? null : new StoredBody(store, id, fetched.page().bytes(), processed.bytes());
    }

    private StoredBody(Store store, TaskId id, long offset, long length) {
        this.store = store;
        this.id = id;
        this.offset = offset;
        this.length = length;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public byte[] bytes() throws IOException {
        try (InputStream in = open()) {
            return in.readNBytes(Math.toIntExact(length));
        }
    }

    @Override
    public InputStream open() throws IOException {
        return store.body(id, offset, length).orElseThrow(() -> new FileNotFoundException("the page of " + id + " is not in the store any more"));
    }

    @Override
    public void close() {
        // Nothing is held: the store keeps the body until a settle drops it.
    }
}
