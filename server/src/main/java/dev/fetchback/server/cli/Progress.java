package dev.fetchback.server.cli;

/** One line that is written over and over, for a human; silent when nobody watches. */
final class Progress {
    private static final int WIDTH = 30;
    private static final String BACK = "\r\u001b[K"; // to the start of the line, and wipe it

    private final Terminal terminal;

    Progress(Terminal terminal) {
        this.terminal = terminal;
    }

    void show(String text) {
        if (terminal.interactive()) {
            terminal.err().print(BACK + text);
            terminal.err().flush();
        }
    }

    /** A bar of {@code done} out of {@code total}, which is at least 1. */
    void bar(long done, long total, String text) {
        int full = (int) (Math.min(done, total) * WIDTH / total);
        show("[" + "=".repeat(full) + " ".repeat(WIDTH - full) + "] " + done + "/" + total + " " + text);
    }

    void clear() {
        show("");
    }
}
