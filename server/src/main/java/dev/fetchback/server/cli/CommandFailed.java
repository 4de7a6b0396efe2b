package dev.fetchback.server.cli;

/** A command cannot do what it was asked for; the message is all the user sees. */
final class CommandFailed extends Exception {
    /** It was tried and did not work. */
    static final int FAILED = 1;
    /** It was asked for wrongly. */
    static final int USAGE = 2;

    private static final long serialVersionUID = 1;

    private final int exitCode;

    /** @param message what failed, and what to do */
    CommandFailed(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
