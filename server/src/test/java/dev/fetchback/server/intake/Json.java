package dev.fetchback.server.intake;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads answers in tests: every scalar by its JSON pointer. */
final class Json {
    private Json() {}

    /** All scalars as text by pointer, in order; empty arrays and objects as "[]" and "{}". */
    static Map<String, @Nullable String> flat(String json) {
        Map<String, @Nullable String> values = new LinkedHashMap<>();
        try (JsonParser p = JsonIn.parser(Slice.of(json.getBytes(StandardCharsets.UTF_8)))) {
            p.nextToken();
            value(p, "", values);
            if (p.nextToken() != null) {
                throw new AssertionError("text after the value: " + json);
            }
        }
        return values;
    }

    static String text(String json, String pointer) {
        Map<String, @Nullable String> values = flat(json);
        if (!values.containsKey(pointer)) {
            throw new AssertionError("no " + pointer + " in " + json);
        }
        return String.valueOf(values.get(pointer));
    }

    private static void value(JsonParser p, String at, Map<String, @Nullable String> values) {
        int before = values.size();
        if (p.currentToken() == JsonToken.START_OBJECT) {
            for (String name = p.nextName(); name != null; name = p.nextName()) {
                p.nextToken();
                value(p, at + "/" + name, values);
            }
            if (values.size() == before) {
                values.put(at, "{}");
            }
        } else if (p.currentToken() == JsonToken.START_ARRAY) {
            for (int i = 0; p.nextToken() != JsonToken.END_ARRAY; i++) {
                value(p, at + "/" + i, values);
            }
            if (values.size() == before) {
                values.put(at, "[]");
            }
        } else {
            if (values.containsKey(at)) {
                throw new AssertionError(at + " is written twice");
            }
            values.put(at, p.currentToken() == JsonToken.VALUE_NULL ? null : p.getString());
        }
    }
}
