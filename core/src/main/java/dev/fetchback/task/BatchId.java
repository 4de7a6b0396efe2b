package dev.fetchback.task;

import java.util.Optional;

/**
 * The id of a batch, of the same bits as a {@link TaskId}; as text {@code bat_} and 26 characters of Crockford base32.
 *
 * @param high the time, the cell and the first 8 random bits
 * @param low the other 64 random bits
 */
public record BatchId(long high, long low) {
    /** What the text form starts with. */
    public static final String PREFIX = "bat_";

    /** Reads the text form; empty when {@code text} is not one. */
    public static Optional<BatchId> parse(String text) {
        long[] bits = Crockford.decode(PREFIX, text);
        return bits.length == 0 ? Optional.empty() : Optional.of(new BatchId(bits[0], bits[1]));
    }

    /** When the batch was made, in Unix milliseconds. */
    public long timeMillis() {
        return high >>> 16;
    }

    @Override
    public String toString() {
        return Crockford.encode(PREFIX, high, low);
    }
}
