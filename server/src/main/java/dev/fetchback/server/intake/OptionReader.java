package dev.fetchback.server.intake;

import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.StatusSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads the objects {@code fetch} and {@code deliver} over what holds without them. */
final class OptionReader {
    static final Duration TIMEOUT_MIN = Duration.ofMillis(100);
    /** Long enough for the slowest honest page, short enough that a stuck fetch is given up in the same hour. */
    static final Duration FETCH_TIMEOUT_MAX = Duration.ofMinutes(15);
    static final Duration DELIVER_TIMEOUT_MAX = Duration.ofMinutes(5);
    static final int REDIRECTS_MAX = 20;
    static final int ATTEMPTS_MAX = 20;
    static final int STATUS_PATTERNS_MAX = 32;

    private static final List<String> FETCH_FIELDS = List.of(
            "timeout", "max_bytes", "max_redirects", "max_attempts", "accept_status", "robots", "if_changed");
    private static final List<String> DELIVER_FIELDS =
            List.of("to", "mode", "headers", "secret", "timeout", "max_attempts", "spool");
    private static final String SECRET_PREFIX = "whsec_";
    /** Standard Webhooks: 24 to 64 bytes. */
    private static final int SECRET_BYTES_MIN = 24;

    private static final int SECRET_BYTES_MAX = 64;

    private final IntakeDefaults defaults;
    private final UrlReader urls;

    OptionReader(IntakeDefaults defaults, UrlReader urls) {
        this.defaults = defaults;
        this.urls = urls;
    }

    FetchOptions fetch(JsonParser p, FetchOptions base) {
        JsonIn.object(p, "/fetch");
        Duration timeout = base.timeout();
        long maxBytes = base.maxBytes();
        int maxRedirects = base.maxRedirects();
        int maxAttempts = base.maxAttempts();
        StatusSet acceptStatus = base.acceptStatus();
        FetchOptions.Robots robots = base.robots();
        boolean ifChanged = base.ifChanged();
        int seen = 0;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            seen = see(seen, FETCH_FIELDS, name, "/fetch");
            p.nextToken();
            switch (name) {
                case "timeout" -> timeout = JsonIn.duration(p, "/fetch/timeout", TIMEOUT_MIN, FETCH_TIMEOUT_MAX);
                case "max_bytes" -> maxBytes = JsonIn.integer(p, "/fetch/max_bytes", 1, defaults.maxBytesCap());
                case "max_redirects" -> maxRedirects = (int) JsonIn.integer(p, "/fetch/max_redirects", 0, REDIRECTS_MAX);
                case "max_attempts" -> maxAttempts = (int) JsonIn.integer(p, "/fetch/max_attempts", 1, ATTEMPTS_MAX);
                case "accept_status" -> acceptStatus = statuses(p);
                case "robots" -> robots = robots(p);
                case "if_changed" -> ifChanged = JsonIn.bool(p, "/fetch/if_changed");
                default -> throw new AssertionError(name);
            }
        }
        return new FetchOptions(timeout, maxBytes, maxRedirects, maxAttempts, acceptStatus, robots, ifChanged);
    }

    private static StatusSet statuses(JsonParser p) {
        String pointer = "/fetch/accept_status";
        JsonIn.array(p, pointer);
        List<String> patterns = new ArrayList<>();
        while (p.nextToken() != JsonToken.END_ARRAY) {
            String at = pointer + "/" + patterns.size();
            String pattern = JsonIn.string(p, at);
            if (!StatusSet.valid(pattern)) {
                throw new Refusal(
                        ApiError.INVALID_VALUE,
                        at,
                        Names.quote(pattern) + " is not a status; write a class such as \"2xx\" or a code such as \"404\".");
            }
            patterns.add(pattern);
            if (patterns.size() > STATUS_PATTERNS_MAX) {
                break;
            }
        }
        if (patterns.isEmpty() || patterns.size() > STATUS_PATTERNS_MAX) {
            throw new Refusal(
                    ApiError.OUT_OF_RANGE,
                    pointer,
                    "The list must hold 1 to " + STATUS_PATTERNS_MAX + " statuses, such as \"2xx\".");
        }
        return patterns.equals(StatusSet.SUCCESS.patterns()) ? StatusSet.SUCCESS : new StatusSet(patterns);
    }

    private FetchOptions.Robots robots(JsonParser p) {
        String pointer = "/fetch/robots";
        String value = JsonIn.string(p, pointer);
        return switch (value) {
            case "obey" -> FetchOptions.Robots.OBEY;
            case "ignore" -> {
                if (!defaults.ignoreRobots()) {
                    throw new Refusal(
                            ApiError.INVALID_VALUE,
                            pointer,
                            "\"ignore\" is not allowed by this server's operator; use \"obey\" or leave it out.");
                }
                yield FetchOptions.Robots.IGNORE;
            }
            default -> throw choice(pointer, value, "\"obey\" or \"ignore\"");
        };
    }

    /** @param base what holds without the fields given; null when there is no receiver to build upon */
    DeliverOptions deliver(JsonParser p, @Nullable DeliverOptions base) {
        JsonIn.object(p, "/deliver");
        DeliverOptions from = base == null ? DeliverOptions.to("") : base;
        String to = from.to();
        DeliverOptions.Mode mode = from.mode();
        List<Header> headers = from.headers();
        String secret = from.secret();
        Duration timeout = from.timeout();
        int maxAttempts = from.maxAttempts();
        DeliverOptions.Spool spool = from.spool();
        int seen = 0;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            seen = see(seen, DELIVER_FIELDS, name, "/deliver");
            p.nextToken();
            switch (name) {
                case "to" -> to = urls.read(p, "/deliver/to");
                case "mode" -> mode = mode(p);
                case "headers" -> headers = JsonIn.headers(p, "/deliver/headers", HeaderRules.DELIVER);
                case "secret" -> secret = JsonIn.isNull(p) ? null : secret(p);
                case "timeout" -> timeout = JsonIn.duration(p, "/deliver/timeout", TIMEOUT_MIN, DELIVER_TIMEOUT_MAX);
                case "max_attempts" -> maxAttempts = (int) JsonIn.integer(p, "/deliver/max_attempts", 1, ATTEMPTS_MAX);
                case "spool" -> spool = spool(p);
                default -> throw new AssertionError(name);
            }
        }
        if (to.isEmpty()) {
            throw new Refusal(
                    ApiError.MISSING_FIELD,
                    "/deliver/to",
                    "There is no receiver and the server has none of its own; give a URL, or \"deliver\":null to keep the page.");
        }
        return new DeliverOptions(to, mode, headers, secret, timeout, maxAttempts, spool);
    }

    private static DeliverOptions.Mode mode(JsonParser p) {
        String pointer = "/deliver/mode";
        String value = JsonIn.string(p, pointer);
        return switch (value) {
            case "envelope" -> DeliverOptions.Mode.ENVELOPE;
            case "raw" -> DeliverOptions.Mode.RAW;
            case "notify" -> DeliverOptions.Mode.NOTIFY;
            case "processed" -> DeliverOptions.Mode.PROCESSED;
            default -> throw choice(pointer, value, "\"envelope\", \"raw\", \"notify\" or \"processed\"");
        };
    }

    private static DeliverOptions.Spool spool(JsonParser p) {
        String value = JsonIn.string(p, "/deliver/spool");
        return switch (value) {
            case "when_needed" -> DeliverOptions.Spool.WHEN_NEEDED;
            case "always" -> DeliverOptions.Spool.ALWAYS;
            default -> throw choice("/deliver/spool", value, "\"when_needed\" or \"always\"");
        };
    }

    private static String secret(JsonParser p) {
        String pointer = "/deliver/secret";
        String value = JsonIn.string(p, pointer);
        int bytes = -1;
        if (value.startsWith(SECRET_PREFIX) && value.length() <= 2 * SECRET_BYTES_MAX) {
            try {
                bytes = Base64.getDecoder().decode(value.substring(SECRET_PREFIX.length())).length;
            } catch (IllegalArgumentException e) {
                bytes = -1; // told below
            }
        }
        if (bytes < SECRET_BYTES_MIN || bytes > SECRET_BYTES_MAX) {
            throw new Refusal(
                    ApiError.INVALID_SECRET,
                    pointer,
                    "The secret is not a Standard Webhooks secret; write whsec_ and the base64 of " + SECRET_BYTES_MIN + " to "
                            + SECRET_BYTES_MAX + " random bytes.");
        }
        return value;
    }

    /** Marks {@code name} as seen; refuses it when it is not known or was seen before. */
    static int see(int seen, List<String> known, String name, String pointer) {
        int index = known.indexOf(name);
        if (index < 0) {
            throw JsonIn.unknown(pointer, name, known);
        }
        if ((seen & 1 << index) != 0) {
            throw JsonIn.twice(pointer + "/" + name);
        }
        return seen | 1 << index;
    }

    private static Refusal choice(String pointer, String value, String allowed) {
        return new Refusal(ApiError.INVALID_VALUE, pointer, Names.quote(value) + " is not allowed; use " + allowed + ".");
    }
}
