package dev.fetchback.outbound;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.io.SessionInputBuffer;
import org.apache.hc.core5.util.CharArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Status line and fields of an answer (RFC 9112 §4, §5), read strictly: what is no HTTP is refused, never skipped.
 *
 * @param minor of HTTP/1.minor
 * @param status 200 to 999
 * @param fields in order
 */
record ResponseHead(int minor, int status, List<Field> fields) {
    /** All lines, interim answers included. */
    static final int BYTES_MAX = 32 * 1024;

    static final int FIELDS_MAX = 200;
    static final int INTERIM_MAX = 8;

    private static final int LINE_USUAL = 128;
    private static final int FIELDS_USUAL = 12;
    private static final String VERSION = "HTTP/1.";
    private static final int SWITCHING_PROTOCOLS = 101;
    private static final int STATUS_AT = VERSION.length() + 2;
    private static final int STATUS_END = STATUS_AT + 3;
    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;
    private static final int LENGTH_DIGITS_MAX = 18; // fits a long

    /** How the end of a body is known (RFC 9112 §6). */
    enum Framing {
        NONE,
        LENGTH,
        CHUNKED,
        CLOSE
    }

    /** Reads the head of the final answer. */
    static ResponseHead read(SessionInputBuffer buffer, InputStream in) throws IOException, ExchangeException {
        Reader reader = new Reader(buffer, in);
        for (int interim = 0; interim <= INTERIM_MAX; interim++) {
            ResponseHead head = reader.head();
            if (head.status >= 200) {
                return head;
            }
            if (head.status == SWITCHING_PROTOCOLS) {
                throw bad("it switches protocols, which nobody asked for");
            }
        }
        throw new ExchangeException(Kind.HEADERS_TOO_LARGE, "more than " + INTERIM_MAX + " interim answers came");
    }

    /** The framing of the answer to a request of this method. */
    Framing framing(String method) throws ExchangeException {
        if (method.equals("HEAD") || status == NO_CONTENT || status == NOT_MODIFIED) {
            return Framing.NONE;
        }
        String coding = all("transfer-encoding");
        if (coding != null) {
            if (!coding.equalsIgnoreCase("chunked")) {
                throw bad("its transfer coding is '" + UrlParser.clip(coding) + "'; only chunked is known");
            }
            return Framing.CHUNKED;
        }
        return length() >= 0 ? Framing.LENGTH : Framing.CLOSE;
    }

    /** Content-Length; -1 without one. Equal values said twice are one (RFC 9112 §6.3). */
    long length() throws ExchangeException {
        String value = all("content-length");
        if (value == null) {
            return -1;
        }
        long length = -1;
        for (String part : value.indexOf(',') < 0 ? new String[] {value} : value.split(",", -1)) {
            String digits = part.strip();
            if (!number(digits) || length >= 0 && length != Long.parseLong(digits)) {
                throw bad("its Content-Length is '" + UrlParser.clip(value) + "'");
            }
            length = Long.parseLong(digits);
        }
        return length;
    }

    private static boolean number(String digits) {
        for (int i = 0; i < digits.length(); i++) {
            if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
                return false;
            }
        }
        return !digits.isEmpty() && digits.length() <= LENGTH_DIGITS_MAX;
    }

    /** Whether the server keeps the connection after an answer that is framed unambiguously (RFC 9112 §9.3). */
    boolean keepsConnection() {
        if (first("transfer-encoding") != null && (minor == 0 || first("content-length") != null)) {
            return false;
        }
        String connection = all("connection");
        if (connection == null) {
            return minor > 0;
        }
        String tokens = connection.toLowerCase(Locale.ROOT);
        return minor > 0 ? !tokens.contains("close") : tokens.contains("keep-alive");
    }

    /** Seconds for which the server says it keeps an idle connection; -1 when it says nothing. */
    int keepAliveSeconds() {
        String value = first("keep-alive");
        int at = value == null ? -1 : value.toLowerCase(Locale.ROOT).indexOf("timeout=");
        if (value == null || at < 0) {
            return -1;
        }
        int seconds = 0;
        for (int i = at + "timeout=".length(); i < value.length() && seconds < 10_000; i++) {
            char c = value.charAt(i);
            if (c < '0' || c > '9') {
                break;
            }
            seconds = seconds * 10 + c - '0';
        }
        return seconds;
    }

    @Nullable String first(String name) {
        return Exchange.Answer.first(fields, name);
    }

    /** All values of a field, joined by commas; null when there is none. */
    @Nullable String all(String name) {
        String joined = null;
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase(name)) {
                joined = joined == null ? field.value() : joined + ", " + field.value();
            }
        }
        return joined;
    }

    static ExchangeException bad(String why) {
        return new ExchangeException(Kind.BAD_HTTP, "the server's answer is not valid HTTP/1.1: " + why);
    }

    private static final class Reader {
        private final SessionInputBuffer buffer;
        private final InputStream in;
        private final CharArrayBuffer line = new CharArrayBuffer(LINE_USUAL);
        private int bytes;

        Reader(SessionInputBuffer buffer, InputStream in) {
            this.buffer = buffer;
            this.in = in;
        }

        ResponseHead head() throws IOException, ExchangeException {
            boolean first = bytes == 0;
            if (!next()) {
                if (first) {
                    throw new HeadMissing();
                }
                throw new ExchangeException(Kind.CONNECTION_LOST, "the server closed the connection after an interim answer");
            }
            int status = status();
            int minor = Math.min(line.charAt(VERSION.length()) - '0', 1);
            List<Field> fields = new ArrayList<>(FIELDS_USUAL);
            while (true) {
                if (!next()) {
                    throw new ExchangeException(
                            Kind.CONNECTION_LOST, "the server closed the connection within the head of its answer");
                }
                if (line.isEmpty()) {
                    return new ResponseHead(minor, status, List.copyOf(fields));
                }
                if (fields.size() == FIELDS_MAX) {
                    throw new ExchangeException(
                            Kind.HEADERS_TOO_LARGE, "the answer has more than " + FIELDS_MAX + " header fields");
                }
                addField(fields);
            }
        }

        private boolean next() throws IOException, ExchangeException {
            line.clear();
            int count;
            try {
                count = buffer.readLine(line, in);
            } catch (MessageConstraintException e) {
                throw new ExchangeException(Kind.HEADERS_TOO_LARGE, "a line in the head of the answer is too long");
            }
            bytes += line.length() + 2;
            if (bytes > BYTES_MAX) {
                throw new ExchangeException(Kind.HEADERS_TOO_LARGE, Verdicts.detail(Kind.HEADERS_TOO_LARGE));
            }
            return count >= 0;
        }

        private int status() throws ExchangeException {
            boolean shaped = line.length() >= STATUS_END
                    && line.substring(0, VERSION.length()).equals(VERSION)
                    && digit(VERSION.length()) >= 0
                    && line.charAt(STATUS_AT - 1) == ' '
                    && (line.length() == STATUS_END || line.charAt(STATUS_END) == ' ');
            int status = -1;
            if (shaped && digit(STATUS_AT) > 0 && digit(STATUS_AT + 1) >= 0 && digit(STATUS_AT + 2) >= 0) {
                status = digit(STATUS_AT) * 100 + digit(STATUS_AT + 1) * 10 + digit(STATUS_AT + 2);
            }
            if (status < 0) {
                throw bad("it does not start with a status line");
            }
            return status;
        }

        private int digit(int at) {
            char c = line.charAt(at);
            return c >= '0' && c <= '9' ? c - '0' : -1;
        }

        private void addField(List<Field> fields) throws ExchangeException {
            char start = line.charAt(0);
            if (start == ' ' || start == '\t') {
                // A folded line (RFC 9112 §5.2): part of the field before.
                if (fields.isEmpty()) {
                    throw bad("it has white space before the first header field");
                }
                Field folded = fields.removeLast();
                fields.add(new Field(folded.name(), (folded.value() + " " + value(0)).strip()));
                return;
            }
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon);
            if (!Request.token(name)) {
                throw bad("a header field has no valid name");
            }
            fields.add(new Field(name, value(colon + 1)));
        }

        /** The rest of the line without white space around it; stray control characters become spaces (RFC 9110 §5.5). */
        private String value(int from) throws ExchangeException {
            for (int i = from; i < line.length(); i++) {
                char c = line.charAt(i);
                if (c == 0 || c == '\r') {
                    throw bad("a header field has a NUL or a lone CR");
                }
                if (c < ' ' || c == 0x7f) {
                    line.array()[i] = ' ';
                }
            }
            return line.substringTrimmed(from, line.length());
        }
    }

    /** The connection ended before a byte of the answer came. */
    static final class HeadMissing extends IOException {
        private static final long serialVersionUID = 1L;

        HeadMissing() {
            super("no answer");
        }
    }
}
