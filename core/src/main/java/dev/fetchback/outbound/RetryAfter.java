package dev.fetchback.outbound;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads Retry-After (RFC 9110 §10.2.3): seconds, or a date in one of the three forms of §5.6.7. */
public final class RetryAfter {
    private static final int DIGITS_MAX = 9; // 30 years: more is cut to the cap anyway, and must not overflow

    private static final List<DateTimeFormatter> DATES = List.of(
            DateTimeFormatter.RFC_1123_DATE_TIME,
            DateTimeFormatter.ofPattern("EEEE, dd-MMM-yy HH:mm:ss 'GMT'", Locale.ENGLISH),
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH));

    private RetryAfter() {}

    /**
     * Until when a server asks to be left alone.
     *
     * @param value the field's value; null when there is none
     * @param now Unix milliseconds
     * @param cap the longest wait that is heeded
     * @return Unix milliseconds after {@code now}; 0 when there is none, it is neither form, or it has passed
     */
    public static long until(@Nullable String value, long now, Duration cap) {
        if (value == null || value.isBlank()) {
            return 0;
        }
        String text = value.strip();
        long until = text.chars().allMatch(c -> c >= '0' && c <= '9') ? now + 1000 * seconds(text) : date(text);
        return until > now ? Math.min(until, now + cap.toMillis()) : 0;
    }

    private static long seconds(String digits) {
        return Long.parseLong(digits.length() > DIGITS_MAX ? "9".repeat(DIGITS_MAX) : digits);
    }

    private static long date(String text) {
        for (DateTimeFormatter form : DATES) {
            try {
                return LocalDateTime.parse(text, form).toInstant(ZoneOffset.UTC).toEpochMilli();
            } catch (DateTimeException | ArithmeticException other) {
                // the next form, then none
            }
        }
        return 0;
    }
}
