package dev.fetchback.deliver;

import dev.fetchback.work.Body;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** A page in memory. */
record MemoryBody(byte[] bytes) implements Body {
    @Override
    public long length() {
        return bytes.length;
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(bytes);
    }

    @Override
    public void close() {
        // Nothing to give back.
    }
}
