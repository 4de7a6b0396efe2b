package dev.fetchback.process;

/** What a processor returned cannot be delivered. */
final class BadResult extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean tooLarge;

    BadResult(boolean tooLarge, String message) {
        super(message);
        this.tooLarge = tooLarge;
    }

    String code() {
        return tooLarge ? Failures.TOO_LARGE : Failures.FAILED;
    }
}
