package dev.fetchback.work;

import dev.fetchback.store.Store;
import dev.fetchback.task.TaskId;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** A part of what is stored with a task, read when it is needed. */
final class StoredBody implements Body {
    private final Store store;
    private final TaskId id;
    private final long offset;
    private final long length;

    StoredBody(Store store, TaskId id, long offset, long length) {
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
