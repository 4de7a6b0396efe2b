package dev.fetchback.outbound;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One request with its limits.
 *
 * @param target where it goes
 * @param method an HTTP method
 * @param fields what the caller wants sent; Host, Content-Length, Accept-Encoding and the hop-by-hop fields are ours and left out
 * @param body null for none; must not be changed
 * @param limits bounds of the whole
 * @param condition fields that only one hop of the way gets; null for none
 */
public record Request(
        Target target,
        String method,
        List<Field> fields,
        byte @Nullable [] body,
        Limits limits,
        @Nullable Condition condition) {
    /** Framing and connection are ours alone (RFC 9110 §7.6.1), and so is the choice of codings that we can undo. */
    private static final Set<String> OURS = Set.of(
            "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer",
            "upgrade", "expect", "accept-encoding");

    /** @throws IllegalArgumentException when the method or a field could not be sent as it is */
    public Request {
        if (!token(method)) {
            throw new IllegalArgumentException("the method '" + method + "' is not a token (RFC 9110 §5.6.2)");
        }
        fields.forEach(Request::check);
        fields = List.copyOf(fields);
    }

    /** A request without a condition. */
    public Request(Target target, String method, List<Field> fields, byte @Nullable [] body, Limits limits) {
        this(target, method, fields, body, limits, null);
    }

    /** The same with another condition; null takes it away. */
    public Request withCondition(@Nullable Condition other) {
        return new Request(target, method, fields, body, limits, other);
    }

    /** The same within other limits. */
    public Request withLimits(Limits other) {
        return new Request(target, method, fields, body, other, condition);
    }

    private static void check(Field field) {
        if (!token(field.name())) {
            throw new IllegalArgumentException("the field name '" + field.name() + "' is not a token (RFC 9110 §5.6.2)");
        }
        if (!clean(field.value())) {
            // The value may be a secret, so it is not shown.
            throw new IllegalArgumentException(
                    "the value of field '" + field.name() + "' has a control character, which cannot be sent");
        }
    }

    /**
     * Fields that go to one target and to no other that the way leads to: validators mean something only to the resource that
     * gave them (RFC 9110 §8.8).
     *
     * @param target where they go, whether first or after redirects
     * @param fields such as If-None-Match
     */
    public record Condition(Target target, List<Field> fields) {
        /** @throws IllegalArgumentException when a field could not be sent as it is */
        public Condition {
            fields.forEach(Request::check);
            fields = List.copyOf(fields);
        }
    }

    /** Whether the caller may not set this field. */
    static boolean ours(String name) {
        return OURS.contains(name.toLowerCase(Locale.ROOT));
    }

    static boolean token(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "!#$%&'*+-.^_`|~".indexOf(c) >= 0)) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static boolean clean(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                return false;
            }
        }
        return true;
    }

    /**
     * Bounds of a request.
     *
     * @param total over all hops, waits and the body
     * @param maxBytes decoded bytes of the body; more is a failure
     * @param readAtMost decoded bytes after which reading stops without a failure
     * @param maxRedirects how many are followed; {@link #NOT_FOLLOWED} gives a redirect back as the answer
     * @param patient whether the head of the answer may take the whole time, not only what {@link OutboundSettings} allows
     * @param repeatable whether the request may be sent once more when a kept connection was dead, although the server may have
     *     acted on it; one with an idempotent method (RFC 9110 §9.2.2) always may
     */
    public record Limits(
            Duration total, long maxBytes, long readAtMost, int maxRedirects, boolean patient, boolean repeatable) {
        /** A redirect is an answer like any other. */
        public static final int NOT_FOLLOWED = -1;

        /** For pages: a body over {@code maxBytes} is a failure. */
        public static Limits page(Duration total, long maxBytes, int maxRedirects) {
            return new Limits(total, maxBytes, Long.MAX_VALUE, maxRedirects, false, false);
        }

        /**
         * For receivers: no redirects, only the first {@code readAtMost} bytes of the answer are looked at, and {@code total} is
         * the only limit of time. Deliveries come at least once and carry an id, so they may be repeated.
         */
        public static Limits call(Duration total, long readAtMost) {
            return new Limits(total, Long.MAX_VALUE, readAtMost, NOT_FOLLOWED, true, true);
        }

        /** The same in another time. */
        public Limits withTotal(Duration other) {
            return new Limits(other, maxBytes, readAtMost, maxRedirects, patient, repeatable);
        }

        /** The same for an answer that may take all the time to begin. */
        public Limits withPatience() {
            return new Limits(total, maxBytes, readAtMost, maxRedirects, true, repeatable);
        }

        /** The same for a request that does no harm when it is sent twice. */
        public Limits withRepeats() {
            return new Limits(total, maxBytes, readAtMost, maxRedirects, patient, true);
        }
    }
}
