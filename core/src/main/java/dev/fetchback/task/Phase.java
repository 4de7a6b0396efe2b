package dev.fetchback.task;

/** Where a task stands, as the store keeps it. */
public enum Phase {
    /** Waits for its time, its host or its retry. */
    FETCH_WAITING(1),
    /** An attempt to fetch (and to deliver what came) is under way. */
    FETCH_RUNNING(2),
    /** The outcome is known and stored; delivery waits. */
    DELIVER_WAITING(3),
    /** An attempt to deliver is under way. */
    DELIVER_RUNNING(4),
    /** The page is stored; processing waits. */
    PROCESS_WAITING(5),
    /** An attempt to process the page (and to deliver what came) is under way. */
    PROCESS_RUNNING(6),
    /** The page was delivered, or is kept for pick-up. */
    SUCCEEDED(10),
    /** Fetching or processing failed for good, and the receiver was told. */
    FAILED(11),
    /** The receiver would not take the outcome. */
    DEAD(12),
    /** The caller took it back; nobody is told. */
    CANCELLED(13),
    /** Not done in time. */
    EXPIRED(14);

    private static final Phase[] BY_CODE = byCode();

    private final int code;

    Phase(int code) {
        this.code = code;
    }

    /** The stored number, never changed once released. */
    public int code() {
        return code;
    }

    /** The phase with this stored number. */
    public static Phase of(int code) {
        Phase phase = code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
        if (phase == null) {
            throw new IllegalArgumentException("no phase has the number " + code + "; was the data written by a newer version?");
        }
        return phase;
    }

    /** Whether the task waits to be started. */
    public boolean waiting() {
        return this == FETCH_WAITING || this == PROCESS_WAITING || this == DELIVER_WAITING;
    }

    /** Whether an attempt is under way. */
    public boolean running() {
        return this == FETCH_RUNNING || this == PROCESS_RUNNING || this == DELIVER_RUNNING;
    }

    /** Whether nothing more happens by itself. */
    public boolean terminal() {
        return code >= SUCCEEDED.code;
    }

    /** The stage of a phase that is not terminal. */
    public Stage stage() {
        return switch (this) {
            case FETCH_WAITING, FETCH_RUNNING -> Stage.FETCH;
            case PROCESS_WAITING, PROCESS_RUNNING -> Stage.PROCESS;
            case DELIVER_WAITING, DELIVER_RUNNING -> Stage.DELIVER;
            case SUCCEEDED, FAILED, DEAD, CANCELLED, EXPIRED ->
                throw new IllegalStateException(this + " is terminal and has no stage");
        };
    }

    private static Phase[] byCode() {
        Phase[] phases = new Phase[EXPIRED.code + 1];
        for (Phase phase : values()) {
            phases[phase.code] = phase;
        }
        return phases;
    }
}
