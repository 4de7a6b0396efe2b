package dev.fetchback.deliver;

import java.time.DateTimeException;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Reads Retry-After (RFC 9110 §10.2.3): seconds, or a date. */
final class RetryAfter {
    private static final int DIGITS_MAX = 9; // 30 years; more is not meant, and is cut to the longest wait anyway

    private RetryAfter() {}

    /** Unix milliseconds; empty when {@code value} is null, neither form, or not after {@code now}. */
    static OptionalLong read(@Nullable String value, long now) {
        if (value == null || value.isBlank()) {
            return OptionalLong.empty();
        }
        String text = value.strip();
        long until;
        if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            until = now + 1000 * Long.parseLong(text.length() > DIGITS_MAX ? "9".repeat(DIGITS_MAX) : text);
        } else {
            try {
                until = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant().toEpochMilli();
            } catch (DateTimeException | ArithmeticException notOne) {
                return OptionalLong.empty();
            }
        }
        return until > now ? OptionalLong.of(until) : OptionalLong.empty();
    }
}
