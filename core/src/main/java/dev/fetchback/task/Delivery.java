package dev.fetchback.task;

import java.util.Locale;

/** Whether the receiver has the outcome, derived from a task. */
public enum Delivery {
    /** The receiver took it. */
    DELIVERED,
    /** There is no receiver; the page waits for pick-up. */
    KEPT,
    /** It is still to be delivered, or there is no outcome yet. */
    WAITING,
    /** The receiver would not take it. */
    DEAD,
    /** There is nothing to deliver, and never will be. */
    NONE;

    /** The delivery of {@code task}. */
    public static Delivery of(Task task) {
        boolean pull = task.plan().receiver() == null;
        return switch (task.phase()) {
            case FETCH_WAITING, FETCH_RUNNING, PROCESS_WAITING, PROCESS_RUNNING, DELIVER_WAITING, DELIVER_RUNNING ->
                pull ? NONE : WAITING;
            case SUCCEEDED -> task.progress().outcome() instanceof Outcome.Unchanged ? NONE : pull ? KEPT : DELIVERED;
            case FAILED -> pull ? NONE : DELIVERED;
            case DEAD -> DEAD;
            case CANCELLED -> NONE;
            case EXPIRED -> pull ? NONE : task.progress().told() ? DELIVERED : DEAD;
        };
    }

    /** The name in the API. */
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
