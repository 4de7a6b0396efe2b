package dev.fetchback.process;

import dev.fetchback.task.Problem;
import org.jspecify.annotations.Nullable;

/** The codes of what can go wrong with a processor, and what the caller is told of it. */
final class Failures {
    /** The processor could not process the page. */
    static final String FAILED = Problem.PROCESS_FAILED;
    /** It did not end in time. */
    static final String TIMEOUT = Problem.PROCESS_TIMEOUT;
    /** The process it ran in died. */
    static final String CRASHED = Problem.PROCESS_CRASHED;
    /** It returned too much. */
    static final String TOO_LARGE = Problem.PROCESS_TOO_LARGE;
    /** It cannot be run for now. */
    static final String UNAVAILABLE = Problem.PROCESS_UNAVAILABLE;
    /** It is not there any more. */
    static final String UNKNOWN = Problem.PROCESS_UNKNOWN;

    private static final int DETAIL_MAX = 500; // a sentence, not a stack trace

    private Failures() {}

    static Problem of(String code, String detail) {
        return new Problem(code, tidy(detail), 0);
    }

    static Problem thrown(Throwable thrown) {
        String name = thrown.getClass().getSimpleName();
        String message = thrown.getMessage();
        return of(FAILED, message == null || message.isBlank() ? "it failed with " + name : message);
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
