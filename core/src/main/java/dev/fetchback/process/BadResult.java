package dev.fetchback.process;

import dev.fetchback.task.Problem;

/** What a processor returned cannot be delivered. */
final class BadResult extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean tooLarge;

    BadResult(boolean tooLarge, String message) {
        super(message);
        this.tooLarge = tooLarge;
    }

    String code() {
        return tooLarge ? Problem.PROCESS_TOO_LARGE : Problem.PROCESS_FAILED;
    }
}
