package dev.fetchback.server.intake;

import dev.fetchback.task.Header;
import java.util.Locale;
import java.util.Set;

/** Which header fields a caller may have sent. */
enum HeaderRules {
    /** To the page's server. */
    FETCH,
    /** To the receiver: what Fetchback itself says there cannot be overwritten. */
    DELIVER;

    /** Longest field name: longer ones are no names that anybody uses. */
    private static final int NAME_MAX = 128;
    /** Longest value: what common servers take for a whole header section. */
    private static final int VALUE_MAX = 8 << 10;
    /** Hop-by-hop fields (RFC 9110 §7.6.1), framing, and those that the connection itself decides. */
    private static final Set<String> NEVER = Set.of(
            "connection",
            "content-length",
            "expect",
            "host",
            "http2-settings",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");
    private static final Set<String> OURS = Set.of("content-type", "content-encoding", "traceparent", "tracestate");

    /** RFC 9110 §13.1. */
    private static final Set<String> CONDITIONAL =
            Set.of("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range");

    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~"; // RFC 9110 §5.6.2

    /** Refuses {@code header} unless it may be sent. Never names the value, which may be a secret. */
    void check(Header header, String pointer) {
        String name = header.name();
        if (!isToken(name)) {
            throw new Refusal(
                    ApiError.INVALID_HEADER,
                    pointer,
                    Names.quote(name) + " is not a header name; use up to " + NAME_MAX + " letters, digits and -.");
        }
        String lower = name.toLowerCase(Locale.ROOT);
        if (NEVER.contains(lower)) {
            throw new Refusal(
                    ApiError.INVALID_HEADER, pointer, "The header " + name + " is set by the connection itself; leave it out.");
        }
        if (this == DELIVER && (OURS.contains(lower) || lower.startsWith("webhook-") || lower.startsWith("fetchback-"))) {
            throw new Refusal(
                    ApiError.INVALID_HEADER, pointer, "The header " + name + " is set by Fetchback itself; leave it out.");
        }
        String value = header.value();
        if (value.length() > VALUE_MAX) {
            throw new Refusal(
                    ApiError.OUT_OF_RANGE,
                    pointer,
                    "The value of " + name + " has " + value.length() + " characters; at most " + VALUE_MAX + " are allowed.");
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c > '~') {
                throw new Refusal(
                        ApiError.INVALID_HEADER,
                        pointer,
                        "The value of " + name + " holds a character at index " + i
                                + " that headers cannot carry; use visible ASCII.");
            }
        }
    }

    /** Whether a field makes the request a conditional one. */
    static boolean conditional(String name) {
        return CONDITIONAL.contains(name.toLowerCase(Locale.ROOT));
    }

    private static boolean isToken(String name) {
        if (name.isEmpty() || name.length() > NAME_MAX) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letterOrDigit = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!letterOrDigit && TOKEN_MARKS.indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }
}
