package dev.fetchback.deliver;

import dev.fetchback.task.ContentType;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a page is text, and in which charset: a byte order mark counts first, then the content type, then what the
 * page says of itself, as the WHATWG Encoding and HTML standards have it.
 *
 * @param text whether the content type is one of text, or there is none
 * @param html whether bytes that are not UTF-8 are most likely windows-1252
 * @param charset what the content type names; null when it names none
 */
record PageText(boolean text, boolean html, @Nullable String charset) {
    /** Where a page may name its own charset (WHATWG HTML, "prescan a byte stream"). */
    private static final int PRESCAN_BYTES = 1024;

    private static final Pattern NAMED_INSIDE = Pattern.compile(
            "(?:<meta\\b[^>]{0,200}?charset\\s*=|<\\?xml\\b[^>]{0,200}?encoding\\s*=)\\s*[\"']?([A-Za-z0-9._:+-]{1,40})",
            Pattern.CASE_INSENSITIVE);

    private static final Set<String> TEXT_APPLICATIONS = Set.of(
            "application/json",
            "application/xml",
            "application/javascript",
            "application/x-javascript",
            "application/ecmascript",
            "application/x-ndjson",
            "application/x-www-form-urlencoded");

    private static final PageText NO_TYPE = new PageText(true, false, null);
    private static final PageText BINARY = new PageText(false, false, null);

    /** What a content type says. */
    static PageText of(@Nullable String contentType) {
        if (contentType == null || contentType.isBlank()) {
            return NO_TYPE;
        }
        int semicolon = contentType.indexOf(';');
        String type = (semicolon < 0 ? contentType : contentType.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
        boolean any = type.startsWith("text/");
        boolean xml = type.endsWith("+xml");
        if (!any && !xml && !type.endsWith("+json") && !TEXT_APPLICATIONS.contains(type)) {
            return BINARY;
        }
        return new PageText(true, any, semicolon < 0 ? null : ContentType.charset(contentType.substring(semicolon + 1)));
    }

    /**
     * Writes the page as the inside of a JSON string.
     *
     * @return false, with nothing written, when it is not text or not what its charset allows
     */
    boolean write(byte[] body, JsonBytes out) {
        if (!text) {
            return false;
        }
        Mark mark = Mark.of(body);
        if (mark != Mark.NONE) {
            return mark.charset == StandardCharsets.UTF_8
                    ? out.text(body, mark.size)
                    : decode(body, mark.size, mark.charset, out);
        }
        if (charset != null) {
            Charset named = charset(charset).orElse(StandardCharsets.UTF_8);
            return named == StandardCharsets.UTF_8 ? out.text(body, 0) : decode(body, 0, named, out);
        }
        if (this == NO_TYPE && holdsNul(body)) {
            return false;
        }
        if (out.text(body, 0)) {
            return true;
        }
        Optional<Charset> guess = namedInside(body).or(() -> html ? charset("windows-1252") : Optional.empty());
        return guess.isPresent() && decode(body, 0, guess.get(), out);
    }

    private static boolean holdsNul(byte[] body) {
        for (byte b : body) {
            if (b == 0) {
                return true;
            }
        }
        return false;
    }

    private static Optional<Charset> namedInside(byte[] body) {
        String start = new String(body, 0, Math.min(body.length, PRESCAN_BYTES), StandardCharsets.ISO_8859_1);
        Matcher matcher = NAMED_INSIDE.matcher(start);
        return matcher.find() ? charset(matcher.group(1)) : Optional.empty();
    }

    private static boolean decode(byte[] body, int from, Charset charset, JsonBytes out) {
        try {
            String decoded = charset.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(body, from, body.length - from))
                    .toString();
            return out.text(decoded.getBytes(StandardCharsets.UTF_8), 0);
        } catch (CharacterCodingException notThatCharset) {
            return false;
        }
    }

    /**
     * The charset that browsers take for a label: some labels stand for a superset of what they name (WHATWG Encoding §4.2).
     */
    private static Optional<Charset> charset(String label) {
        String known = switch (label.toLowerCase(Locale.ROOT)) {
            case "utf8", "utf-8", "us-ascii", "ascii" -> "UTF-8";
            case "iso-8859-1", "iso8859-1", "latin1", "latin-1", "l1", "cp1252" -> "windows-1252";
            case "iso-8859-9", "latin5" -> "windows-1254";
            case "shift_jis", "shift-jis", "sjis", "x-sjis" -> "windows-31j";
            case "gb2312", "gbk", "x-gbk" -> "GB18030";
            case "euc-kr", "ks_c_5601-1987", "ksc5601" -> "x-windows-949";
            case "big5" -> "Big5-HKSCS";
            case "utf-16" -> "UTF-16LE";
            default -> label;
        };
        try {
            Charset charset = Charset.forName(known);
            return charset.equals(StandardCharsets.UTF_8) ? Optional.of(StandardCharsets.UTF_8) : Optional.of(charset);
        } catch (IllegalCharsetNameException | UnsupportedCharsetException unknown) {
            return Optional.empty();
        }
    }

    /** A byte order mark, which is no part of the text. */
    private enum Mark {
        NONE(0, StandardCharsets.UTF_8),
        UTF_8(3, StandardCharsets.UTF_8),
        UTF_16BE(2, StandardCharsets.UTF_16BE),
        UTF_16LE(2, StandardCharsets.UTF_16LE);

        private final int size;
        private final Charset charset;

        Mark(int size, Charset charset) {
            this.size = size;
            this.charset = charset;
        }

        static Mark of(byte[] body) {
            if (body.length >= 3 && body[0] == (byte) 0xef && body[1] == (byte) 0xbb && body[2] == (byte) 0xbf) {
                return UTF_8;
            }
            if (body.length >= 2 && body[0] == (byte) 0xfe && body[1] == (byte) 0xff) {
                return UTF_16BE;
            }
            return body.length >= 2 && body[0] == (byte) 0xff && body[1] == (byte) 0xfe ? UTF_16LE : NONE;
        }
    }
}
