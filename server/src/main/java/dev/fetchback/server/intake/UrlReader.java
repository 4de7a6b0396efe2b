package dev.fetchback.server.intake;

import dev.fetchback.outbound.Target;
import tools.jackson.core.JsonParser;

/** Reads URLs of pages and receivers. */
final class UrlReader {
    private final UrlCheck check;

    UrlReader(UrlCheck check) {
        this.check = check;
    }

    String read(JsonParser p, String pointer) {
        String url = JsonIn.string(p, pointer);
        if (url.length() > Target.LENGTH_MAX) {
            throw new Refusal(
                    ApiError.OUT_OF_RANGE,
                    pointer,
                    "The URL has " + url.length() + " characters; at most " + Target.LENGTH_MAX + " are allowed.");
        }
        for (int i = 0; i < url.length(); i++) {
            char c = url.charAt(i);
            if (c <= ' ' || c == 0x7f) {
                throw refuse(url, pointer, "holds a space or a control character at index " + i);
            }
        }
        String reason = Utf8.clean(url) ? check.refuse(url) : "holds half a surrogate pair";
        if (reason != null) {
            throw refuse(url, pointer, reason);
        }
        return url;
    }

    private static Refusal refuse(String url, String pointer, String reason) {
        return new Refusal(
                ApiError.INVALID_URL,
                pointer,
                Names.quoteUrl(url) + " " + reason + "; give an http or https URL such as \"https://example.com/page\".");
    }
}
