package dev.fetchback.processors;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a page is, by its content type; by its first bytes where it has none. */
enum Kind {
    HTML("HTML"),
    XML("XML"),
    /** Text without markup that we know. */
    TEXT("plain text"),
    PDF("a PDF"),
    /** Anything else. */
    BINARY("no text");

    /** Enough to tell; as many as WHATWG MIME Sniffing reads are not needed for these few kinds. */
    private static final int SNIFFED_BYTES = 1024;

    /** Content types that say no more than that somebody did not know. */
    private static final Set<String> VAGUE = Set.of("", "application/octet-stream", "application/unknown", "unknown/unknown", "*/*");

    private static final Set<String> TEXTS = Set.of("application/json", "application/javascript", "application/ecmascript",
            "application/x-javascript", "application/x-ndjson", "application/yaml", "application/toml");

    private final String label;

    Kind(String label) {
        this.label = label;
    }

    /** As messages name it. */
    String label() {
        return label;
    }

    /** What the page is. */
    static Kind of(@Nullable String contentType, byte[] bytes) {
        String type = contentType == null ? "" : contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        if (VAGUE.contains(type)) {
            return sniffed(bytes);
        }
        if (type.equals("text/html") || type.equals("application/xhtml+xml")) {
            return HTML;
        }
        if (type.equals("text/xml") || type.equals("application/xml") || type.endsWith("+xml")) {
            return isHtml(bytes) ? HTML : XML;
        }
        if (type.equals("application/pdf") || type.equals("application/x-pdf")) {
            return PDF;
        }
        return type.startsWith("text/") || type.endsWith("+json") || TEXTS.contains(type) ? TEXT : BINARY;
    }

    private static Kind sniffed(byte[] bytes) {
        String start = start(bytes);
        if (start.startsWith("%PDF-")) {
            return PDF;
        }
        boolean wide = start.startsWith("\u00fe\u00ff") || start.startsWith("\u00ff\u00fe"); // UTF-16 holds NUL
        if (!wide && start.indexOf('\0') >= 0) {
            return BINARY;
        }
        return start.stripLeading().startsWith("<?xml") && !isHtml(bytes) ? XML : HTML;
    }

    private static boolean isHtml(byte[] bytes) {
        String start = start(bytes).toLowerCase(Locale.ROOT);
        return start.contains("<html") || start.contains("<!doctype html");
    }

    private static String start(byte[] bytes) {
        return new String(bytes, 0, Math.min(bytes.length, SNIFFED_BYTES), StandardCharsets.ISO_8859_1);
    }
}
