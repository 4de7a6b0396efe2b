package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/** Reads the JSON that pages hold in scripts, as values that a result may hold. */
final class JsonLd {
    /** A result may be 64 deep, and this stands in one. */
    private static final int DEPTH_MAX = 32;
    /** Of one script; the longest of real pages are a tenth of it. */
    private static final int CHARS_MAX = 1_000_000;
    private static final int DIGITS_MAX = 100;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS) // line ends in strings are common
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX).maxStringLength(CHARS_MAX).maxNumberLength(DIGITS_MAX).build())
            .build();

    private JsonLd() {}

    /** The value; null when it is no JSON, null itself, or over a limit. */
    static @Nullable Object read(String json) {
        if (json.length() > CHARS_MAX) {
            return null;
        }
        try (JsonParser in = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            in.nextToken();
            Object value = value(in);
            return in.nextToken() == null ? value : null;
        } catch (JacksonException | IllegalStateException notJson) {
            return null;
        }
    }

    private static @Nullable Object value(JsonParser in) {
        return switch (in.currentToken()) {
            case START_OBJECT -> object(in);
            case START_ARRAY -> list(in);
            case VALUE_STRING -> in.getString();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(in);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case null, default -> throw new IllegalStateException("no value");
        };
    }

    private static Map<String, @Nullable Object> object(JsonParser in) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        while (in.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = in.currentName();
            in.nextToken();
            object.put(name, value(in));
        }
        return object;
    }

    private static List<@Nullable Object> list(JsonParser in) {
        List<@Nullable Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            list.add(value(in));
        }
        return list;
    }

    /** As it stands where neither a long nor a double holds it. */
    private static Object number(JsonParser in) {
        String digits = in.getString();
        try {
            if (in.currentToken() == JsonToken.VALUE_NUMBER_INT) {
                return Long.parseLong(digits);
            }
            double number = Double.parseDouble(digits);
            return Double.isFinite(number) ? number : digits;
        } catch (NumberFormatException tooLong) {
            return digits;
        }
    }
}
