package dev.fetchback.task;

import java.util.Locale;

/** The state that callers see, derived from a task; see docs/task-states.md. */
public enum State {
    /** Its time has not come. */
    SCHEDULED,
    /** Waits for a first or a further fetch. */
    QUEUED,
    /** Being fetched. */
    FETCHING,
    /** The page came and is being processed, or waits for that. */
    PROCESSING,
    /** The outcome is on its way to the receiver, or waits for the next attempt. */
    DELIVERING,
    /** The page was delivered, or is kept for pick-up. */
    SUCCEEDED,
    /** Failed for good, and the receiver was told. */
    FAILED,
    /** The receiver would not take the outcome; kept, can be redriven. */
    DEAD,
    /** Taken back; nobody is told. */
    CANCELLED,
    /** Not done in time. */
    EXPIRED;

    /** The state of {@code task} at {@code now} (Unix milliseconds). */
    public static State of(Task task, long now) {
        return switch (task.phase()) {
            case FETCH_WAITING -> task.progress().fetchAttempts() == 0 && task.readyAt() > now ? SCHEDULED : QUEUED;
            case FETCH_RUNNING -> FETCHING;
            case PROCESS_WAITING, PROCESS_RUNNING -> PROCESSING;
            case DELIVER_WAITING, DELIVER_RUNNING -> DELIVERING;
            case SUCCEEDED -> SUCCEEDED;
            case FAILED -> FAILED;
            case DEAD -> DEAD;
            case CANCELLED -> CANCELLED;
            case EXPIRED -> EXPIRED;
        };
    }

    /** The name in the API. */
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
