package dev.fetchback.task;

import java.util.Optional;

/**
 * The id of a task: 48 bits of time (Unix milliseconds), 8 bits of cell, 72 random bits. As text {@code tsk_} and 26 characters of
 * Crockford base32, without a dot because a Standard Webhooks id must not hold one.
 *
 * @param high the time, the cell and the first 8 random bits
 * @param low the other 64 random bits
 */
public record TaskId(long high, long low) implements Comparable<TaskId> {
    /** What the text form starts with. */
    public static final String PREFIX = "tsk_";

    /** Reads the text form; empty when {@code text} is not one. */
    public static Optional<TaskId> parse(String text) {
        long[] bits = Crockford.decode(PREFIX, text);
        return bits.length == 0 ? Optional.empty() : Optional.of(new TaskId(bits[0], bits[1]));
    }

    /** When the id was made, in Unix milliseconds; never goes back within one data folder. */
    public long timeMillis() {
        return high >>> 16;
    }

    @Override
    public int compareTo(TaskId other) {
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return Crockford.encode(PREFIX, high, low);
    }
}
