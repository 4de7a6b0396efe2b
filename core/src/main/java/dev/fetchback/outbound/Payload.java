package dev.fetchback.outbound;

import java.io.IOException;
import java.io.InputStream;

/** The body of a request. */
public sealed interface Payload {
    /** Bytes. */
    long length();

    /** The first {@code count} bytes of an array, which must not be changed before the exchange is over. */
    record Bytes(byte[] array, int count) implements Payload {
        /** A whole array. */
        public Bytes(byte[] array) {
            this(array, array.length);
        }

        @Override
        public long length() {
            return count;
        }
    }

    /**
     * Bytes that are not in memory.
     *
     * @param source opened once for each request that is sent
     * @param length what it will give; fewer end the exchange, more are not sent
     */
    record Streamed(Source source, long length) implements Payload {}

    /** Opens a body from its start. */
    @FunctionalInterface
    interface Source {
        /** A new stream; closed by whoever asked for it. */
        InputStream open() throws IOException;
    }
}
