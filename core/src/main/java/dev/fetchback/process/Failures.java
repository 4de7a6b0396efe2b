package dev.fetchback.process;

import dev.fetchback.task.Problem;
import org.jspecify.annotations.Nullable;

/** What a caller is told of what went wrong with a processor. */
final class Failures {
    private static final int DETAIL_MAX = 500; // a sentence, not a stack trace

    private Failures() {}

    static Problem of(String code, String detail) {
        return new Problem(code, tidy(detail), 0);
    }

    static Problem thrown(Throwable thrown) {
        String name = thrown.getClass().getSimpleName();
        String message = thrown.getMessage();
        return of(Problem.PROCESS_FAILED, message == null || message.isBlank() ? "it failed with " + name : message);
    }

    /** One line that is not long, as it may come from a page. */
    static String tidy(@Nullable String text) {
        if (text == null) {
            return "";
        }
        StringBuilder line = new StringBuilder();
        text.codePoints().limit(DETAIL_MAX).forEach(c -> {
            boolean plain = !Character.isISOControl(c) && Character.getType(c) != Character.SURROGATE;
            line.appendCodePoint(plain ? c : ' ');
        });
        return line.toString().strip();
    }
}
