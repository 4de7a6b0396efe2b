package dev.fetchback.fetch;

import dev.fetchback.outbound.Field;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** How long what a robots.txt says is used before it is read again (RFC 9309 §2.4): as its server says, within bounds. */
final class Freshness {
    /** Of a file: RFC 9309 wants no more than a day. */
    static final Duration FILE = Duration.ofHours(24);
    /** Of an answer that there is no file: it may be a mistake, or about to change. */
    static final Duration NO_FILE = Duration.ofHours(1);

    private static final Duration MIN = Duration.ofMinutes(5);
    private static final Duration MAX = Duration.ofHours(24);

    private Freshness() {}

    /** By Cache-Control (RFC 9111 §5.2.2), or {@code usual} when that does not say; milliseconds. */
    static long millis(List<Field> fields, Duration usual) {
        Duration time = usual;
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase("cache-control")) {
                for (String part : field.value().split(",")) {
                    time = directive(part.strip().toLowerCase(Locale.ROOT), time);
                }
            }
        }
        return Math.clamp(time.toMillis(), MIN.toMillis(), MAX.toMillis());
    }

    private static Duration directive(String directive, Duration before) {
        if (directive.equals("no-cache") || directive.equals("no-store")) {
            return Duration.ZERO;
        }
        if (!directive.startsWith("max-age=") || before.isZero()) {
            return before;
        }
        String digits = directive.substring("max-age=".length()).replace("\"", "");
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return before;
        }
        return digits.length() > 9 ? MAX : Duration.ofSeconds(Integer.parseInt(digits));
    }
}
