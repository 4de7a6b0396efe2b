package dev.fetchback.server.intake;

import java.time.Duration;

/** Time spans as the API writes them: a whole number and ms, s, m, h or d. */
final class TimeSpan {
    /** Digits of the number: nothing here lasts longer than 10^12 milliseconds, 31 years. */
    private static final int DIGITS_MAX = 12;

    private TimeSpan() {}

    /** Milliseconds; -1 when {@code text} is not a time span. */
    static long millis(String text) {
        int length = text.length();
        int i = 0;
        long number = 0;
        while (i < length && i < DIGITS_MAX && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
            number = number * 10 + (text.charAt(i) - '0');
            i++;
        }
        if (i == 0 || i == length) {
            return -1;
        }
        return switch (text.charAt(i)) {
            case 'm' -> length == i + 1 ? number * 60_000 : length == i + 2 && text.charAt(i + 1) == 's' ? number : -1;
            case 's' -> length == i + 1 ? number * 1_000 : -1;
            case 'h' -> length == i + 1 ? number * 3_600_000 : -1;
            case 'd' -> length == i + 1 ? number * 86_400_000 : -1;
            default -> -1;
        };
    }

    /** The span in its largest whole unit. */
    static String text(Duration span) {
        long millis = span.toMillis();
        if (millis % 1_000 != 0) {
            return millis + "ms";
        }
        if (millis % 60_000 != 0 || millis == 0) {
            return millis / 1_000 + "s";
        }
        if (millis % 3_600_000 != 0) {
            return millis / 60_000 + "m";
        }
        return millis % 86_400_000 != 0 ? millis / 3_600_000 + "h" : millis / 86_400_000 + "d";
    }
}
