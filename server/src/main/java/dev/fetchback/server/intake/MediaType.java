package dev.fetchback.server.intake;

import java.util.Locale;
import org.eclipse.jetty.http.HttpHeader;

/** The {@code Content-Type} of request bodies. */
final class MediaType {
    private static final String JSON = "application/json";

    private MediaType() {}

    /** Refuses a body that says it is something else than JSON, or compressed. */
    static void requireJson(Call call) {
        requirePlain(call);
        String type = of(call);
        if (!type.isEmpty() && !type.equals(JSON) && !type.endsWith("+json")) {
            throw refuse(type, JSON);
        }
    }

    /** Refuses a body that says it is compressed: what it costs to read is bounded by the bytes that come. */
    static void requirePlain(Call call) {
        String coding = call.request().getHeaders().get(HttpHeader.CONTENT_ENCODING);
        if (coding != null && !coding.equalsIgnoreCase("identity")) {
            throw new Refusal(
                    ApiError.UNSUPPORTED_MEDIA_TYPE,
                    "The body is said to be compressed with " + Names.quote(coding) + "; send it as it is, without Content-Encoding.");
        }
    }

    static Refusal refuse(String type, String allowed) {
        return new Refusal(
                ApiError.UNSUPPORTED_MEDIA_TYPE,
                "The body is said to be " + Names.quote(type) + "; send " + allowed
                        + " and say so with Content-Type (curl: --json).");
    }

    /** Lower case, without parameters; empty when there is none. */
    static String of(Call call) {
        String type = call.request().getHeaders().get(HttpHeader.CONTENT_TYPE);
        if (type == null || type.equals(JSON)) {
            return type == null ? "" : JSON;
        }
        int semicolon = type.indexOf(';');
        return (semicolon < 0 ? type : type.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
    }
}
