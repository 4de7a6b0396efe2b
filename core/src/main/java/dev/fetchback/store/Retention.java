package dev.fetchback.store;

import java.time.Duration;

/**
 * What a store forgets by itself.
 *
 * @param finished how long a finished task that is not dead is remembered, at least; a kept page keeps its task longer
 * @param dead how long a dead outcome can be redriven
 * @param deadBodyBytes how much the pages of dead outcomes may take; the oldest are dropped first
 */
public record Retention(Duration finished, Duration dead, long deadBodyBytes) {
    /** Finished tasks for a day, dead ones for thirty, their pages up to 1 GiB. */
    public static final Retention DEFAULT = new Retention(Duration.ofHours(24), Duration.ofDays(30), 1L << 30);

    public Retention {
        positive("finished", finished);
        positive("dead", dead);
        if (deadBodyBytes < 0) {
            throw new IllegalArgumentException(
                    "the bytes of dead pages are " + deadBodyBytes + "; they must be at least 0");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(
                    "the retention of " + name + " tasks is " + value + "; it must be longer than nothing");
        }
    }
}
