package dev.fetchback.server.intake;

import java.util.Arrays;

/**
 * A piece of JSON inside a larger array, which stays as it is while the piece is read.
 *
 * @param bytes the array
 * @param offset where the piece begins
 * @param length of the piece
 */
record Slice(byte[] bytes, int offset, int length) {
    static Slice of(byte[] bytes) {
        return new Slice(bytes, 0, bytes.length);
    }

    /** The piece alone. */
    byte[] copy() {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }
}
