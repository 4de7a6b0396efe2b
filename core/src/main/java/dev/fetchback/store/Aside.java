package dev.fetchback.store;

import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.task.Seen;
import dev.fetchback.task.TaskId;

/** What a store keeps beside tasks and receivers, as it is moved from one store to another; written whole, so that twice is as once. */
public sealed interface Aside {
    /**
     * A caller's key.
     *
     * @param task the submit's that had it first
     */
    record Key(IdempotencyKey key, TaskId task) implements Aside {}

    /**
     * A page as it was the last time.
     *
     * @param key see {@link dev.fetchback.task.Task.Plan#pageKey}
     */
    record Page(String key, Seen seen) implements Aside {}

    /** A batch with its counters. */
    record Batch(BatchRecord batch) implements Aside {}

    /**
     * That tasks of another store are being written into this one.
     *
     * @param mark of what is read from; 0 when it is over
     */
    record Import(long mark) implements Aside {}
}
