package dev.fetchback.server.intake;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters of a request's query: each at most once, none that the route does not know. */
final class QueryParams {
    /** Parameters of one request: more than any route knows. */
    private static final int PARAMETERS_MAX = 32;

    private final Map<String, String> values = new LinkedHashMap<>();

    /** Reads {@code query}, which may be null, and refuses what is not among {@code known}. */
    QueryParams(@Nullable String query, List<String> known) {
        if (query == null || query.isEmpty()) {
            return;
        }
        for (String pair : query.split("&", PARAMETERS_MAX + 1)) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String name = decode(equals < 0 ? pair : pair.substring(0, equals));
            String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
            if (!known.contains(name)) {
                String hint = known.isEmpty() ? "this route takes none." : Names.suggest(name, known);
                throw refuse(Names.quote(name) + " is not a known parameter; " + hint);
            }
            if (values.put(name, value) != null) {
                throw refuse("The parameter " + name + " is given twice; give it once.");
            }
        }
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw refuse(Names.quote(text) + " is not percent-encoded; write % and two hex digits.");
        }
    }

    private static Refusal refuse(String detail) {
        return new Refusal(ApiError.INVALID_PARAMETER, detail);
    }

    /** The refusal of a value. */
    static Refusal refuse(String name, String value, String allowed) {
        return refuse("The parameter " + name + " is " + Names.quote(value) + "; it must be " + allowed + ".");
    }

    @Nullable String text(String name) {
        return values.get(name);
    }

    int integer(String name, int min, int max, int otherwise) {
        String value = values.get(name);
        if (value == null) {
            return otherwise;
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw refuse(name, value, "a whole number from " + min + " to " + max);
    }

    /** A point in time as Unix milliseconds; 0 without. */
    long time(String name) {
        String value = values.get(name);
        if (value == null) {
            return 0;
        }
        try {
            // A plus in a query is read as a space, which people forget to escape in "+02:00".
            return OffsetDateTime.parse(value.replace(' ', '+')).toInstant().toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw refuse(name, value, "a point in time as in RFC 3339, such as 2027-01-31T08:00:00Z");
        }
    }

    /** A span of time; zero without. A bare number is seconds. */
    Duration span(String name, Duration max) {
        String value = values.get(name);
        if (value == null) {
            return Duration.ZERO;
        }
        long millis = TimeSpan.millis(value);
        if (millis < 0) {
            millis = TimeSpan.millis(value + "s");
        }
        if (millis < 0 || millis > max.toMillis()) {
            throw refuse(name, value, "a span of time of at most " + TimeSpan.text(max) + ", such as 30s");
        }
        return Duration.ofMillis(millis);
    }
}
