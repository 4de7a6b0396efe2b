package dev.fetchback.processors;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a page's first bytes say of its encoding, as WHATWG HTML's "prescan a byte stream to determine its encoding" reads them. */
final class Prescan {
    private static final int BYTES = 1024;

    private static final Pattern XML = Pattern.compile("<\\?xml\\b[^>]*?encoding\\s*=\\s*([\"'])([^\"'>]*)\\1");
    private static final Pattern IN_CONTENT = Pattern.compile("charset\\s*=\\s*(?:\"([^\"]*)\"|'([^']*)'|([^\\s;\"']+))");

    private final String start;
    private int at;

    private Prescan(String start) {
        this.start = start;
    }

    /** The first encoding that is named and known. */
    static Optional<Encoding> of(byte[] bytes) {
        int length = Math.min(bytes.length, BYTES);
        String start = new String(bytes, 0, length, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        Matcher xml = XML.matcher(start);
        if (xml.lookingAt()) {
            Optional<Encoding> said = Encoding.inside(xml.group(2));
            if (said.isPresent()) {
                return said;
            }
        }
        return new Prescan(start).meta();
    }

    private Optional<Encoding> meta() {
        while ((at = start.indexOf('<', at)) >= 0) {
            if (start.startsWith("<!--", at)) {
                int end = start.indexOf("-->", at + 2);
                at = end < 0 ? start.length() : end + 3;
            } else if (isMeta()) {
                at += "<meta".length();
                Optional<Encoding> said = said(attributes());
                if (said.isPresent()) {
                    return said;
                }
            } else if (isTag()) {
                at = endOfName();
                attributes();
            } else if (start.startsWith("<!", at) || start.startsWith("</", at) || start.startsWith("<?", at)) {
                int end = start.indexOf('>', at);
                at = end < 0 ? start.length() : end + 1;
            } else {
                at++;
            }
        }
        return Optional.empty();
    }

    private boolean isMeta() {
        return start.startsWith("<meta", at) && at + 5 < start.length() && (isSpace(start.charAt(at + 5)) || start.charAt(at + 5) == '/');
    }

    private boolean isTag() {
        int name = start.startsWith("</", at) ? at + 2 : at + 1;
        return name < start.length() && start.charAt(name) >= 'a' && start.charAt(name) <= 'z';
    }

    private int endOfName() {
        int end = at;
        while (end < start.length() && !isSpace(start.charAt(end)) && start.charAt(end) != '>') {
            end++;
        }
        return end;
    }

    private static Optional<Encoding> said(Map<String, String> attributes) {
        String charset = attributes.get("charset");
        if (charset != null) {
            return Encoding.inside(charset);
        }
        String content = attributes.get("content");
        if (content == null || !"content-type".equals(attributes.get("http-equiv"))) {
            return Optional.empty();
        }
        Matcher named = IN_CONTENT.matcher(content);
        if (!named.find()) {
            return Optional.empty();
        }
        String label = named.group(1) != null ? named.group(1) : named.group(2) != null ? named.group(2) : named.group(3);
        return Encoding.inside(label);
    }

    /** The attributes of the tag whose name has just been read; the first of a name counts. */
    private Map<String, String> attributes() {
        Map<String, String> attributes = new HashMap<>();
        while (true) {
            skip(true);
            if (at >= start.length() || start.charAt(at) == '>') {
                return attributes;
            }
            int from = at;
            while (at < start.length() && !isSpace(start.charAt(at)) && "=/>".indexOf(start.charAt(at)) < 0 || at == from) {
                at++;
            }
            String name = start.substring(from, at);
            skip(false);
            String value = "";
            if (at < start.length() && start.charAt(at) == '=') {
                at++;
                skip(false);
                String read = value();
                if (read == null) {
                    return Map.of(); // cut off in the middle: it says nothing
                }
                value = read;
            }
            attributes.putIfAbsent(name, value);
        }
    }

    private @Nullable String value() {
        if (at >= start.length()) {
            return null;
        }
        char quote = start.charAt(at);
        if (quote == '"' || quote == '\'') {
            int end = start.indexOf(quote, at + 1);
            String value = end < 0 ? null : start.substring(at + 1, end);
            at = end < 0 ? start.length() : end + 1;
            return value;
        }
        int from = at;
        while (at < start.length() && !isSpace(start.charAt(at)) && start.charAt(at) != '>') {
            at++;
        }
        return start.substring(from, at);
    }

    private void skip(boolean slashes) {
        while (at < start.length() && (isSpace(start.charAt(at)) || slashes && start.charAt(at) == '/')) {
            at++;
        }
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
    }
}
