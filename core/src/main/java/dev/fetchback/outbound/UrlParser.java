package dev.fetchback.outbound;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Reads URLs the WHATWG way (https://url.spec.whatwg.org), stricter where repairing would hide what is meant. */
final class UrlParser {
    /** Ports that browsers refuse because other protocols listen there (WHATWG Fetch, "bad port"). */
    private static final Set<Integer> BAD_PORTS = Set.of(
            0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
            103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
            513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
            1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
            6697, 10080);

    private static final int PORT_MAX = 65_535;
    private static final int PORT_DIGITS_MAX = 5;
    /** The path and query percent-encode sets of WHATWG URL §1.3, as far as the characters are not refused anyway. */
    private static final String PATH_ENCODED = "\"<>^`{}";

    private static final String QUERY_ENCODED = "\"<>'";
    private static final String HEX = "0123456789ABCDEF";

    private UrlParser() {}

    static Target parse(String url) throws BadUrl {
        checkLength(url);
        checkCharacters(url);
        return absolute(url);
    }

    /** A space inside is encoded here, since servers do send such locations; everything else is as strict as {@link #parse}. */
    static Target resolve(Target base, String location) throws BadUrl {
        checkLength(location);
        String reference = fromBytes(location.strip());
        checkCharacters(reference.replace(" ", "%20"));
        int fragment = reference.indexOf('#');
        if (fragment >= 0) {
            reference = reference.substring(0, fragment);
        }
        int colon = schemeEnd(reference);
        if (colon > 0) {
            return absolute(reference);
        }
        if (reference.startsWith("//")) {
            return absolute(base.scheme() + ":" + reference);
        }
        if (reference.isEmpty()) {
            return base;
        }
        String path = base.path();
        String target = switch (reference.charAt(0)) {
            case '/' -> reference;
            case '?' -> path + reference;
            default -> path.substring(0, path.lastIndexOf('/') + 1) + reference;
        };
        return absolute(base.origin() + target);
    }

    private static void checkLength(String url) throws BadUrl {
        if (url.length() > Target.LENGTH_MAX) {
            throw new BadUrl("the URL has " + url.length() + " characters; at most " + Target.LENGTH_MAX + " are allowed");
        }
    }

    private static void checkCharacters(String url) throws BadUrl {
        for (int i = 0; i < url.length(); i++) {
            char c = url.charAt(i);
            if (c <= ' ' || c == '\\' || c >= 0x7f && c <= 0x9f) {
                throw new BadUrl("the URL has " + name(c) + " at position " + i + "; percent-encode it");
            }
        }
    }

    private static String name(char c) {
        return switch (c) {
            case ' ' -> "a space";
            case '\\' -> "a backslash";
            default -> "the control character U+%04X".formatted((int) c);
        };
    }

    /**
     * Field values come as one character a byte; servers mean UTF-8 where it is valid, else the bytes are kept percent-encoded.
     */
    private static String fromBytes(String location) {
        if (location.chars().allMatch(c -> c < 0x80)) {
            return location;
        }
        if (location.chars().anyMatch(c -> c > 0xff)) {
            return location;
        }
        byte[] bytes = location.getBytes(StandardCharsets.ISO_8859_1);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            StringBuilder encoded = new StringBuilder();
            for (byte b : bytes) {
                if (b < 0) {
                    appendEncoded(encoded, b);
                } else {
                    encoded.append((char) b);
                }
            }
            return encoded.toString();
        }
    }

    private static Target absolute(String url) throws BadUrl {
        int colon = schemeEnd(url);
        String scheme = colon < 0 ? "" : url.substring(0, colon);
        boolean secure = scheme.equalsIgnoreCase("https");
        if (!secure && !scheme.equalsIgnoreCase("http")) {
            String found = colon < 0 ? "the URL has no scheme" : "the URL's scheme is '" + clip(scheme) + "'";
            throw new BadUrl(found + "; use http:// or https://");
        }
        if (!url.startsWith("//", colon + 1)) {
            throw new BadUrl("the URL lacks the two slashes after '" + scheme + ":'");
        }
        int start = colon + 3;
        int end = start;
        while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) {
            end++;
        }
        String authority = url.substring(start, end);
        if (authority.indexOf('@') >= 0) {
            // The value is left out on purpose: it holds a password.
            throw new BadUrl("the URL carries a user name or password before '@'; send credentials in a header instead");
        }
        int portColon = authority.startsWith("[") ? authority.indexOf(':', authority.indexOf(']') + 1) : authority.indexOf(':');
        String hostText = portColon < 0 ? authority : authority.substring(0, portColon);
        Target.Host host = HostParser.parse(hostText);
        int port = portColon < 0
                ? secure ? Target.HTTPS_PORT : Target.HTTP_PORT
                : port(authority.substring(portColon + 1), secure ? Target.HTTPS_PORT : Target.HTTP_PORT);
        Target target = new Target(secure, host, port, pathQuery(url.substring(end)));
        checkLength(target.toString());
        return target;
    }

    /** Where the scheme's colon is; -1 when the text does not start with a scheme (RFC 3986 §3.1). */
    private static int schemeEnd(String url) {
        for (int i = 0; i < url.length(); i++) {
            char c = url.charAt(i);
            if (c == ':') {
                return i == 0 ? -1 : i;
            }
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (!letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'))) {
                return -1;
            }
        }
        return -1;
    }

    /** A port that pages may be on, or {@code otherwise} for none. */
    static int port(String digits, int otherwise) throws BadUrl {
        if (digits.isEmpty()) {
            return otherwise;
        }
        int port = 0;
        String significant = HostParser.withoutLeadingZeros(digits);
        for (int i = 0; i < significant.length(); i++) {
            char c = significant.charAt(i);
            if (c < '0' || c > '9' || i >= PORT_DIGITS_MAX) {
                throw badPort(digits);
            }
            port = port * 10 + (c - '0');
        }
        if (port > PORT_MAX) {
            throw badPort(digits);
        }
        if (BAD_PORTS.contains(port)) {
            throw new BadUrl("port " + port
                    + " is one that browsers block because another protocol uses it; no web page is served there");
        }
        return port;
    }

    private static BadUrl badPort(String digits) {
        return new BadUrl("the port '" + clip(digits) + "' is not a number from 1 to 65535");
    }

    private static String pathQuery(String rest) throws BadUrl {
        int fragment = rest.indexOf('#');
        String text = fragment < 0 ? rest : rest.substring(0, fragment);
        int query = text.indexOf('?');
        String path = encode(query < 0 ? text : text.substring(0, query), PATH_ENCODED);
        path = path.isEmpty() ? "/" : withoutDots(path);
        return query < 0 ? path : path + encode(text.substring(query), QUERY_ENCODED);
    }

    private static String encode(String text, String encoded) throws BadUrl {
        int i = 0;
        while (i < text.length() && plain(text.charAt(i), encoded)) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, i);
        while (i < text.length()) {
            int point = text.codePointAt(i);
            if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                throw new BadUrl("the URL has half a surrogate pair, which has no encoding; percent-encode the bytes meant");
            }
            if (point < 0x80 && plain((char) point, encoded)) {
                out.append((char) point);
            } else {
                for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
                    appendEncoded(out, b);
                }
            }
            i += Character.charCount(point);
        }
        return out.toString();
    }

    private static boolean plain(char c, String encoded) {
        return c > ' ' && c < 0x7f && encoded.indexOf(c) < 0;
    }

    private static void appendEncoded(StringBuilder out, byte b) {
        out.append('%').append(HEX.charAt(b >> 4 & 15)).append(HEX.charAt(b & 15));
    }

    /** Removes {@code .} and {@code ..} segments, also when percent-encoded (WHATWG URL, path state). */
    private static String withoutDots(String path) {
        if (!path.contains("/.") && !path.contains("/%2")) {
            return path;
        }
        StringBuilder out = new StringBuilder(path.length());
        int at = 1;
        while (at <= path.length()) {
            int slash = path.indexOf('/', at);
            int end = slash < 0 ? path.length() : slash;
            String segment = path.substring(at, end);
            boolean last = slash < 0;
            switch (dots(segment)) {
                case 1 -> out.append(last ? "/" : "");
                case 2 -> {
                    out.setLength(Math.max(out.lastIndexOf("/"), 0));
                    out.append(last ? "/" : "");
                }
                default -> out.append('/').append(segment);
            }
            at = end + 1;
        }
        return out.toString();
    }

    /** 1 for a single-dot segment, 2 for a double-dot one, 0 for any other. */
    private static int dots(String segment) {
        int dots = 0;
        int i = 0;
        while (i < segment.length()) {
            if (segment.charAt(i) == '.') {
                i++;
            } else if (segment.regionMatches(true, i, "%2e", 0, 3)) {
                i += 3;
            } else {
                return 0;
            }
            dots++;
        }
        return dots <= 2 ? dots : 0;
    }

    static String clip(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
