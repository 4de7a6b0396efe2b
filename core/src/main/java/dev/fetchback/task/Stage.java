package dev.fetchback.task;

/** The stages a task passes; each has its own queues, limits and attempts. */
public enum Stage {
    /** Queued by host. */
    FETCH,
    /** Queued by host, too. */
    PROCESS,
    /** Queued by receiver. */
    DELIVER
}
