package dev.fetchback.deliver;

import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * All that an envelope says of a page, as headers of a request whose body is the page itself; what does not fit is left out.
 */
final class RawHeaders {
    private static final int METADATA_MAX = 4 << 10;
    private static final int LONG_ONES_MAX = 6 << 10; // many servers refuse a request with 8 KiB of headers
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private final List<Header> headers = new ArrayList<>();
    private int left = LONG_ONES_MAX;

    private RawHeaders() {}

    static List<Header> of(TaskSpec spec, Outcome.Fetched fetched) {
        RawHeaders raw = new RawHeaders();
        Page page = fetched.page();
        raw.add("fetchback-type", Envelope.type(fetched));
        raw.add("fetchback-status", Integer.toString(page.status()));
        raw.add("fetchback-fetched-at", new JsonBytes(32).time(page.fetchedAt()).toString());
        raw.add("fetchback-sha256", page.sha256());
        raw.add("fetchback-bytes", Long.toString(page.bytes()));
        raw.addIfFits("fetchback-url", percentEncoded(spec.url()), LONG_ONES_MAX);
        raw.addIfFits("fetchback-final-url", percentEncoded(page.finalUrl()), LONG_ONES_MAX);
        if (!spec.tags().metadata().isEmpty()) {
            raw.addIfFits("fetchback-metadata", json(spec.tags().metadata()), METADATA_MAX);
        }
        if (!spec.tags().labels().isEmpty()) {
            raw.addIfFits("fetchback-labels", json(spec.tags().labels()), LONG_ONES_MAX);
        }
        raw.addIfFits("fetchback-headers", jsonPairs(page.headers()), LONG_ONES_MAX);
        return raw.headers;
    }

    private void add(String name, String value) {
        headers.add(new Header(name, value));
    }

    private void addIfFits(String name, String value, int max) {
        if (value.length() <= Math.min(max, left)) {
            add(name, value);
            left -= value.length();
        }
    }

    /** A URL with everything encoded that is not visible ASCII. */
    private static String percentEncoded(String url) {
        if (url.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            return url;
        }
        StringBuilder encoded = new StringBuilder(url.length() + 16);
        for (byte b : url.getBytes(StandardCharsets.UTF_8)) {
            if (b > 0x20 && b < 0x7f) {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(HEX.toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    private static String json(Map<String, String> map) {
        JsonBytes out = new JsonBytes(256);
        String separator = "{";
        for (Map.Entry<String, String> entry : map.entrySet()) {
            out.ascii(separator).asciiString(entry.getKey()).ascii(":").asciiString(entry.getValue());
            separator = ",";
        }
        return out.ascii("}").toString();
    }

    private static String json(List<String> list) {
        JsonBytes out = new JsonBytes(256);
        String separator = "[";
        for (String one : list) {
            out.ascii(separator).asciiString(one);
            separator = ",";
        }
        return out.ascii("]").toString();
    }

    private static String jsonPairs(List<Header> pairs) {
        JsonBytes out = new JsonBytes(1024).ascii("[");
        String separator = "[";
        for (Header pair : pairs) {
            out.ascii(separator).asciiString(pair.name()).ascii(",").asciiString(pair.value()).ascii("]");
            separator = ",[";
        }
        return out.ascii("]").toString();
    }
}
