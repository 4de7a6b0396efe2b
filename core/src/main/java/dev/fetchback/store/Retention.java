package dev.fetchback.store;

import java.time.Duration;

/**
 * What a store forgets by itself.
 *
 * @param finished how long a finished task that is not dead is remembered, at least; a kept page keeps its task longer
 * @param dead how long a dead outcome can be redriven
 * @param deadBodyBytes how much the pages of dead outcomes may take; the oldest are dropped first
 * @param seen how long it is remembered how a page was, since it was last found to be so
 * @param seenMax of how many pages that is remembered; the oldest are forgotten first
 */
public record Retention(Duration finished, Duration dead, long deadBodyBytes, Duration seen, long seenMax) {
    /** Finished tasks for a day, dead ones for thirty, their pages up to 1 GiB; a million pages as last seen for thirty days. */
    public static final Retention DEFAULT =
            new Retention(Duration.ofHours(24), Duration.ofDays(30), 1L << 30, Duration.ofDays(30), 1_000_000);

    public Retention {
        positive("finished tasks", finished);
        positive("dead tasks", dead);
        positive("pages as last seen", seen);
        if (deadBodyBytes < 0) {
            throw new IllegalArgumentException(
                    "the bytes of dead pages are " + deadBodyBytes + "; they must be at least 0");
        }
        if (seenMax < 1) {
            throw new IllegalArgumentException("the number of pages as last seen is " + seenMax + "; it must be at least 1");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(
                    "the retention of " + name + " is " + value + "; it must be longer than nothing");
        }
    }
}
