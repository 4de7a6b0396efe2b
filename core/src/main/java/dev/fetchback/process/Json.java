package dev.fetchback.process;

import dev.fetchback.work.JsonValues;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/** Options in and results out, as JSON. */
final class Json {
    /** How deep options and results may be nested: far more than anybody means. */
    static final int DEPTH_MAX = 64;

    private static final int USUAL_BYTES = 1024;
    private static final int ASCII_END = 0x7f;
    private static final char REPLACEMENT = '\uFFFD';
    private static final JsonFactory JSON = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.newConcurrentDequePool())
            .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    // How much is read was bounded before.
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private Json() {}

    /** JSON that a command printed: taken as it is where a value is written, once it was seen to be one. */
    record Printed(byte[] json) {}

    /**
     * Reads options.
     *
     * @throws BadOption when {@code text} is not one JSON object
     */
    static Map<String, @Nullable Object> object(String text) throws BadOption {
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new BadOption("", "the options are not a JSON object");
            }
            Map<String, @Nullable Object> read = JsonValues.object(json);
            if (json.nextToken() != null) {
                throw new BadOption("", "the options are more than one JSON object");
            }
            return read;
        } catch (JacksonException e) {
            throw new BadOption("", "the options are not JSON of at most " + DEPTH_MAX + " levels: " + e.getOriginalMessage());
        }
    }

    /**
     * Writes what a processor returned.
     *
     * @param max bytes
     * @throws BadResult when it is no JSON, nested too deep or too large
     */
    static byte[] bytes(@Nullable Object value, int max) throws BadResult {
        Room room = new Room(max);
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), room, JsonEncoding.UTF8)) {
            write(json, value, 0, room);
        } catch (JacksonException e) {
            throw new BadResult(false, "what it returned cannot be written as JSON: " + e.getOriginalMessage());
        }
        room.check();
        return room.toByteArray();
    }

    /** Whether {@code text} is one JSON value that is not nested too deep. */
    static boolean isJson(byte[] text) {
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), text)) {
            if (json.nextToken() == null) {
                return false;
            }
            json.skipChildren();
            return json.nextToken() == null;
        } catch (JacksonException e) {
            return false;
        }
    }

    private static void write(JsonGenerator json, @Nullable Object value, int depth, Room room) throws BadResult {
        room.check();
        if (depth > DEPTH_MAX) {
            throw new BadResult(true, "what it returned is nested more than " + DEPTH_MAX + " levels deep");
        }
        switch (value) {
            case null -> json.writeNull();
            case String text -> json.writeString(wellFormed(text));
            case Boolean b -> json.writeBoolean(b);
            case Number number -> number(json, number);
            case Printed printed -> printed(json, printed.json());
            case Iterable<?> values -> {
                json.writeStartArray();
                for (Object one : values) {
                    write(json, one, depth + 1, room);
                }
                json.writeEndArray();
            }
            case Map<?, ?> fields -> {
                json.writeStartObject();
                for (Map.Entry<?, ?> field : fields.entrySet()) {
                    if (!(field.getKey() instanceof String name)) {
                        throw new BadResult(false, "it returned a map with a key that is not a string");
                    }
                    json.writeName(wellFormed(name));
                    write(json, field.getValue(), depth + 1, room);
                }
                json.writeEndObject();
            }
            default -> throw new BadResult(false, "it returned a " + value.getClass().getName()
                    + "; allowed are strings, numbers, booleans, null, lists and maps of such");
        }
    }

    private static void number(JsonGenerator json, Number number) throws BadResult {
        switch (number) {
            case Integer i -> json.writeNumber(i);
            case Long l -> json.writeNumber(l);
            case Short s -> json.writeNumber(s);
            case Byte b -> json.writeNumber(b.shortValue());
            case java.math.BigInteger big -> json.writeNumber(big);
            case java.math.BigDecimal big -> json.writeNumber(big);
            default -> {
                double value = number.doubleValue();
                if (!Double.isFinite(value)) {
                    throw new BadResult(false, "it returned " + value + ", which is no number in JSON");
                }
                if (number instanceof Float f) {
                    json.writeNumber(f);
                } else {
                    json.writeNumber(value);
                }
            }
        }
    }

    private static void printed(JsonGenerator json, byte[] text) {
        try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), text)) {
            in.nextToken();
            json.copyCurrentStructureExact(in);
        }
    }

    /** Pages can hold halves of surrogate pairs, as escapes in scripts; UTF-8 cannot. */
    private static String wellFormed(String text) {
        int length = text.length();
        for (int i = 0; i < length; i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return text.codePoints()
                        .map(c -> Character.getType(c) == Character.SURROGATE ? REPLACEMENT : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
            }
        }
        return text;
    }

    /** The same JSON in ASCII. */
    static String ascii(String json) {
        StringBuilder ascii = new StringBuilder(json.length());
        json.chars().forEach(c -> {
            if (c < ASCII_END) {
                ascii.append((char) c);
            } else {
                ascii.append(String.format("\\u%04x", c)); // can only be in a string
            }
        });
        return ascii.toString();
    }

    /** The results of the uses that have one, under their names. */
    static byte[] named(List<String> names, List<byte[]> values) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(USUAL_BYTES + values.stream().mapToInt(v -> v.length).sum());
        out.write('{');
        for (int i = 0; i < names.size(); i++) {
            if (i > 0) {
                out.write(',');
            }
            try {
                out.writeBytes(bytes(names.get(i), Integer.MAX_VALUE));
            } catch (BadResult e) {
                throw new AssertionError("a name is a string", e);
            }
            out.write(':');
            out.writeBytes(values.get(i));
        }
        out.write('}');
        return out.toByteArray();
    }

    /** An array that grows to a bound; what does not fit is left out and remembered. */
    private static final class Room extends OutputStream {
        private final int max;
        private byte[] bytes = new byte[USUAL_BYTES];
        private int length;
        private boolean over;

        Room(int max) {
            this.max = max;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int count) {
            if (over || count > max - length) {
                over = true;
                return;
            }
            if (count > bytes.length - length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(max, Math.max(2L * bytes.length, (long) length + count)));
            }
            System.arraycopy(from, offset, bytes, length, count);
            length += count;
        }

        void check() throws BadResult {
            if (over) {
                throw new BadResult(true, "what it returned takes more than " + max + " bytes as JSON");
            }
        }

        byte[] toByteArray() {
            return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
        }
    }
}
