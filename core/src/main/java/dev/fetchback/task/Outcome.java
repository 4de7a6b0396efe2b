package dev.fetchback.task;

import org.jspecify.annotations.Nullable;

/** What came of a task's work, apart from whether the receiver has it. */
public sealed interface Outcome {
    /**
     * A page came.
     *
     * @param page what is known of it
     * @param storedUntil until when its body is in the store, Unix milliseconds; 0 when it is not, {@link #WHILE_NEEDED} until it is
     *     delivered
     * @param processed what came of processing it; null before that, and when the task asks for none
     */
    record Fetched(Page page, long storedUntil, @Nullable Processed processed) implements Outcome {
        /** As long as a delivery may still need it. */
        public static final long WHILE_NEEDED = Long.MAX_VALUE;

        /** A page that is not processed, or not yet. */
        public Fetched(Page page, long storedUntil) {
            this(page, storedUntil, null);
        }

        /** The same, with its body in the store until {@code until}. */
        public Fetched until(long until) {
            return new Fetched(page, until, processed);
        }

        /** The same, once it was processed. */
        public Fetched processed(Processed what) {
            return new Fetched(page, storedUntil, what);
        }

        /** Whether the body is in the store. */
        public boolean stored() {
            return storedUntil > 0;
        }
    }

    /**
     * It failed for good, or expired.
     *
     * @param problem why
     * @param at when that was decided, Unix milliseconds
     */
    record Failed(Problem problem, long at) implements Outcome {}

    /**
     * The page is the same as the last time; nothing is delivered.
     *
     * @param page this answer; with status 304 (RFC 9110 §15.4.5) it had no body, and length and hash are those of the last time
     */
    record Unchanged(Page page) implements Outcome {}
}
