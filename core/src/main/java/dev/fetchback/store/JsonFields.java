package dev.fetchback.store;

import dev.fetchback.task.Header;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Writes fields that differ from their default, and reads lists. */
final class JsonFields {
    private JsonFields() {}

    static void text(JsonGenerator json, String name, @Nullable String value) {
        if (value != null) {
            json.writeStringProperty(name, value);
        }
    }

    static void number(JsonGenerator json, String name, long value, long usual) {
        if (value != usual) {
            json.writeNumberProperty(name, value);
        }
    }

    static void flag(JsonGenerator json, String name, boolean value) {
        if (value) {
            json.writeBooleanProperty(name, true);
        }
    }

    static void millis(JsonGenerator json, String name, Duration value, Duration usual) {
        if (!value.equals(usual)) {
            json.writeNumberProperty(name, value.toMillis());
        }
    }

    static void choice(JsonGenerator json, String name, Enum<?> value, Enum<?> usual) {
        if (value != usual) {
            json.writeStringProperty(name, value.name());
        }
    }

    static void texts(JsonGenerator json, String name, List<String> values) {
        if (!values.isEmpty()) {
            json.writeArrayPropertyStart(name);
            for (String value : values) {
                json.writeString(value);
            }
            json.writeEndArray();
        }
    }

    /** Names and values by turns. */
    static void headers(JsonGenerator json, String name, List<Header> headers) {
        if (!headers.isEmpty()) {
            json.writeArrayPropertyStart(name);
            for (Header header : headers) {
                json.writeString(header.name());
                json.writeString(header.value());
            }
            json.writeEndArray();
        }
    }

    static List<String> texts(JsonParser json) {
        List<String> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            values.add(json.getString());
        }
        return values;
    }

    static List<Header> headers(JsonParser json) {
        List<Header> headers = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            String name = json.getString();
            json.nextToken();
            headers.add(new Header(name, json.getString()));
        }
        return headers;
    }

    static Duration millis(JsonParser json) {
        return Duration.ofMillis(json.getLongValue());
    }

    /** Moves to the value of the next field and returns the field's name; null at the end of the object. */
    static @Nullable String next(JsonParser json) {
        String name = json.nextName();
        if (name != null) {
            json.nextToken();
        }
        return name;
    }
}
