package dev.fetchback.store;

import dev.fetchback.task.TaskId;

/** What became of one change. */
public sealed interface Result {
    /** It is done and on disk. */
    record Applied() implements Result {
        /** The only one. */
        public static final Applied APPLIED = new Applied();
    }

    /** The store has moved on: nothing was changed. */
    record Stale() implements Result {
        /** The only one. */
        public static final Stale STALE = new Stale();
    }

    /**
     * A submit with a key that is already there: nothing was changed.
     *
     * @param id the task that was submitted first
     * @param sameRequest whether the fingerprint is the same
     */
    record Duplicate(TaskId id, boolean sameRequest) implements Result {}
}
