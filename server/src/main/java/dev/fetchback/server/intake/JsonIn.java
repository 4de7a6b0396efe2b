package dev.fetchback.server.intake;

import dev.fetchback.task.Header;
import java.io.StringWriter;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/** Reads typed values off a JSON parser; every refusal names the pointer, the value and what is allowed. */
final class JsonIn {
    /** Header fields of one request: more than any honest API asks for. */
    static final int HEADERS_MAX = 64;
    /** Bytes of all header fields of one request; common servers take 8 to 16 KiB. */
    static final int HEADER_BYTES_MAX = 16 << 10;

    /** Deepest nesting: the documented format needs 4. */
    private static final int DEPTH_MAX = 64;

    /**
     * Names are few and short, so they are looked up once for all parsers; hostile names are no fault of the server, so a full
     * table of names is no error. Buffers are kept per thread, as the threads that parse are few and live long.
     */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.threadLocalPool())
            .disable(TokenStreamFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
            .build();

    private JsonIn() {}

    /** A parser of {@code json}; to be closed. */
    static JsonParser parser(Slice json) {
        return FACTORY.createParser(ObjectReadContext.empty(), json.bytes(), json.offset(), json.length());
    }

    /** Writes JSON again that was read. */
    static JsonGenerator generator(StringWriter to) {
        return FACTORY.createGenerator(ObjectWriteContext.empty(), to);
    }

    /** The refusal of text that is not JSON. */
    static Refusal malformed(JacksonException e) {
        TokenStreamLocation at = e.getLocation();
        String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
        String what = e.getOriginalMessage() == null ? "" : ": " + firstLine(e.getOriginalMessage());
        return new Refusal(ApiError.MALFORMED_JSON, "", "Not valid JSON" + where + what + ". Send one object as UTF-8.");
    }

    private static String firstLine(String message) {
        String line = message.lines().findFirst().orElse("");
        String shown = Names.quote(line);
        return shown.substring(1, shown.length() - 1);
    }

    /** The value at the parser as a string. */
    static String string(JsonParser p, String pointer) {
        if (p.currentToken() != JsonToken.VALUE_STRING) {
            throw wrongType(p, pointer, "a string");
        }
        return p.getString();
    }

    /** A string that can be written as UTF-8 again and holds none of the characters that are refused. */
    static String text(JsonParser p, String pointer, boolean controlsAllowed) {
        String text = string(p, pointer);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' && (c == 0 || !controlsAllowed) || c == 0x7f && !controlsAllowed) {
                throw new Refusal(
                        ApiError.INVALID_VALUE,
                        pointer,
                        Names.quote(text) + " holds a control character at index " + i + "; take it out.");
            }
            if (Character.isSurrogate(c)) {
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    throw new Refusal(
                            ApiError.INVALID_VALUE,
                            pointer,
                            Names.quote(text) + " holds half a surrogate pair at index " + i + "; send whole characters.");
                }
                i++;
            }
        }
        return text;
    }

    static boolean isNull(JsonParser p) {
        return p.currentToken() == JsonToken.VALUE_NULL;
    }

    static boolean bool(JsonParser p, String pointer) {
        return switch (p.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case null, default -> throw wrongType(p, pointer, "true or false");
        };
    }

    static long integer(JsonParser p, String pointer, long min, long max) {
        if (p.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw wrongType(p, pointer, "a whole number from " + min + " to " + max);
        }
        // A number of more than 18 digits is out of every range here; asking for its value would throw.
        long value = p.getStringLength() > 18 ? Long.MAX_VALUE : p.getLongValue();
        if (value < min || value > max) {
            throw new Refusal(
                    ApiError.OUT_OF_RANGE,
                    pointer,
                    "The value is " + Names.quote(p.getString()).replace("\"", "") + "; it must be " + min + " to " + max + ".");
        }
        return value;
    }

    /** A time span such as "30s". */
    static Duration duration(JsonParser p, String pointer, Duration min, Duration max) {
        if (p.currentToken() != JsonToken.VALUE_STRING) {
            throw wrongType(p, pointer, "a time span such as \"30s\"");
        }
        String text = p.getString();
        long millis = TimeSpan.millis(text);
        if (millis < 0) {
            throw new Refusal(
                    ApiError.INVALID_DURATION,
                    pointer,
                    Names.quote(text)
                            + " is not a time span; write a whole number and ms, s, m, h or d, such as \"500ms\" or \"24h\".");
        }
        if (millis < min.toMillis() || millis > max.toMillis()) {
            throw new Refusal(
                    ApiError.OUT_OF_RANGE,
                    pointer,
                    Names.quote(text) + " is out of range; it must be " + TimeSpan.text(min) + " to " + TimeSpan.text(max) + ".");
        }
        return Duration.ofMillis(millis);
    }

    /** A point in time, RFC 3339, as Unix milliseconds. */
    static long time(JsonParser p, String pointer) {
        if (p.currentToken() != JsonToken.VALUE_STRING) {
            throw wrongType(p, pointer, "a point in time such as \"2027-01-31T08:00:00Z\"");
        }
        String text = p.getString();
        try {
            long millis = OffsetDateTime.parse(text).toInstant().toEpochMilli();
            if (millis > 0) {
                return millis;
            }
        } catch (DateTimeException | ArithmeticException e) {
            // Told below, as a point in time before 1970 is.
        }
        throw new Refusal(
                ApiError.INVALID_TIME,
                pointer,
                Names.quote(text)
                        + " is not a point in time after 1970; write it as in RFC 3339, such as \"2027-01-31T08:00:00Z\".");
    }

    /** Header fields as an object of strings; {@code reserved} adds to what is never allowed. */
    static List<Header> headers(JsonParser p, String pointer, HeaderRules reserved) {
        object(p, pointer);
        List<Header> headers = new ArrayList<>();
        int bytes = 0;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            p.nextToken();
            String at = pointer + "/" + Names.segment(name);
            if (p.currentToken() != JsonToken.VALUE_STRING) {
                throw wrongType(p, at, "a string");
            }
            Header header = new Header(name, p.getString().strip());
            reserved.check(header, at);
            for (Header other : headers) {
                if (other.name().equalsIgnoreCase(name)) {
                    throw new Refusal(
                            ApiError.DUPLICATE_KEY, at, "The header " + Names.quote(name) + " is given twice; give it once.");
                }
            }
            headers.add(header);
            bytes += name.length() + header.value().length();
            if (headers.size() > HEADERS_MAX || bytes > HEADER_BYTES_MAX) {
                throw new Refusal(
                        ApiError.OUT_OF_RANGE,
                        pointer,
                        "There are too many headers; at most " + HEADERS_MAX + " fields of " + HEADER_BYTES_MAX
                                + " bytes together are allowed.");
            }
        }
        return headers;
    }

    /** Makes sure that an object begins at the parser. */
    static void object(JsonParser p, String pointer) {
        if (p.currentToken() != JsonToken.START_OBJECT) {
            throw wrongType(p, pointer, "an object");
        }
    }

    /** Makes sure that an array begins at the parser. */
    static void array(JsonParser p, String pointer) {
        if (p.currentToken() != JsonToken.START_ARRAY) {
            throw wrongType(p, pointer, "an array");
        }
    }

    static Refusal wrongType(JsonParser p, String pointer, String wanted) {
        String found = switch (p.currentToken()) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT -> "a number";
            case VALUE_NUMBER_FLOAT -> "a number with a fraction or an exponent";
            case VALUE_TRUE, VALUE_FALSE -> "true or false";
            case VALUE_NULL -> "null";
            case null, default -> "nothing";
        };
        return new Refusal(ApiError.WRONG_TYPE, pointer, "The value is " + found + "; it must be " + wanted + ".");
    }

    static Refusal twice(String pointer) {
        return new Refusal(ApiError.DUPLICATE_KEY, pointer, "This key is given twice in one object; give it once.");
    }

    static Refusal unknown(String pointer, String name, List<String> known) {
        return new Refusal(
                ApiError.UNKNOWN_FIELD,
                pointer + "/" + Names.segment(name),
                Names.quote(name) + " is not a known field; " + Names.suggest(name, known));
    }

    static Refusal notSupported(String pointer, String what) {
        return new Refusal(ApiError.NOT_SUPPORTED, pointer, what + " is not supported yet; leave it out.");
    }
}
