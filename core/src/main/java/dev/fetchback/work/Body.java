package dev.fetchback.work;

import java.io.IOException;
import java.io.InputStream;

/** A page's decoded body, in memory or on disk. Whoever holds it closes it, which gives its memory or its file back. */
public interface Body extends AutoCloseable {
    /** Bytes. */
    long length();

    /** The whole body as an array that must not be changed; reads a body on disk into memory, so look at {@link #length} first. */
    byte[] bytes() throws IOException;

    /** The body from its start; may be opened more than once. */
    InputStream open() throws IOException;

    @Override
    void close();
}
