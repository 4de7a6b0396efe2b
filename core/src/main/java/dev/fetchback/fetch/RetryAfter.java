package dev.fetchback.fetch;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads Retry-After (RFC 9110 §10.2.3): seconds, or a date. */
final class RetryAfter {
    /** More than any cap of ours, and small enough to add to a time. */
    private static final long SECONDS_MAX = TimeUnit.DAYS.toSeconds(365);

    private static final int DIGITS_MAX = 9;

    private RetryAfter() {}

    /** Unix milliseconds; 0 when there is none, it cannot be read, or it has passed. */
    static long notBefore(@Nullable String value, long now) {
        if (value == null || value.isEmpty()) {
            return 0;
        }
        if (value.chars().allMatch(c -> c >= '0' && c <= '9')) {
            long seconds = value.length() > DIGITS_MAX ? SECONDS_MAX : Math.min(Long.parseLong(value), SECONDS_MAX);
            return seconds == 0 ? 0 : now + TimeUnit.SECONDS.toMillis(seconds);
        }
        try {
            long at = DateTimeFormatter.RFC_1123_DATE_TIME.parse(value, Instant::from).toEpochMilli();
            return at <= now ? 0 : Math.min(at, now + TimeUnit.SECONDS.toMillis(SECONDS_MAX));
        } catch (DateTimeException e) {
            return 0;
        }
    }
}
