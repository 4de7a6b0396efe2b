package dev.fetchback.server.intake;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Writes JSON as UTF-8 straight into one array, which is sent as it is. Sets the commas itself. Used by one thread. */
final class JsonBytes {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes;
    private int length;

    JsonBytes(int capacity) {
        bytes = new byte[capacity];
    }

    JsonBytes object() {
        comma();
        return put('{');
    }

    JsonBytes endObject() {
        return put('}');
    }

    JsonBytes array() {
        comma();
        return put('[');
    }

    JsonBytes endArray() {
        return put(']');
    }

    /** The name of the next value. */
    JsonBytes name(String name) {
        comma();
        quoted(name);
        return put(':');
    }

    JsonBytes value(@Nullable String text) {
        comma();
        if (text == null) {
            return raw("null");
        }
        quoted(text);
        return this;
    }

    JsonBytes value(long number) {
        comma();
        return raw(Long.toString(number));
    }

    JsonBytes value(boolean value) {
        comma();
        return raw(value ? "true" : "false");
    }

    /** A point in time, RFC 3339; null for 0. */
    JsonBytes time(long unixMillis) {
        return value(unixMillis == 0 ? null : Instant.ofEpochMilli(unixMillis).toString());
    }

    JsonBytes field(String name, @Nullable String text) {
        return name(name).value(text);
    }

    JsonBytes field(String name, long number) {
        return name(name).value(number);
    }

    JsonBytes field(String name, boolean value) {
        return name(name).value(value);
    }

    /** The text so far, to be sent; nothing may be written afterwards. */
    ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes, 0, length);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private void comma() {
        if (length > 0) {
            byte last = bytes[length - 1];
            if (last != '{' && last != '[' && last != ':') {
                put(',');
            }
        }
    }

    private JsonBytes put(char ascii) {
        room(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    @SuppressWarnings("deprecation") // copies ASCII without an encoder
    private JsonBytes raw(String ascii) {
        room(ascii.length() + 1); // and the quote that may follow
        ascii.getBytes(0, ascii.length(), bytes, length);
        length += ascii.length();
        return this;
    }

    private void quoted(String text) {
        if (plain(text)) { // nearly always: ids, states, names
            room(text.length() + 2);
            bytes[length++] = '"';
            raw(text);
            bytes[length++] = '"';
        } else {
            escaped(text);
        }
    }

    private static boolean plain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    private void escaped(String text) {
        int chars = text.length();
        room(chars * 6 + 2); // the longest form of a character is an escape of six
        bytes[length++] = '"';
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                ascii(c);
            } else if (c < 0x800) {
                bytes[length++] = (byte) (0xc0 | c >> 6);
                bytes[length++] = (byte) (0x80 | c & 0x3f);
            } else if (Character.isHighSurrogate(c) && i + 1 < chars && Character.isLowSurrogate(text.charAt(i + 1))) {
                int point = Character.toCodePoint(c, text.charAt(++i));
                bytes[length++] = (byte) (0xf0 | point >> 18);
                bytes[length++] = (byte) (0x80 | point >> 12 & 0x3f);
                bytes[length++] = (byte) (0x80 | point >> 6 & 0x3f);
                bytes[length++] = (byte) (0x80 | point & 0x3f);
            } else {
                char shown = Character.isSurrogate(c) ? '\ufffd' : c;
                bytes[length++] = (byte) (0xe0 | shown >> 12);
                bytes[length++] = (byte) (0x80 | shown >> 6 & 0x3f);
                bytes[length++] = (byte) (0x80 | shown & 0x3f);
            }
        }
        bytes[length++] = '"';
    }

    private void ascii(char c) {
        if (c >= ' ' && c != '"' && c != '\\') {
            bytes[length++] = (byte) c;
            return;
        }
        bytes[length++] = '\\';
        switch (c) {
            case '"', '\\' -> bytes[length++] = (byte) c;
            case '\n' -> bytes[length++] = 'n';
            case '\t' -> bytes[length++] = 't';
            case '\r' -> bytes[length++] = 'r';
            default -> {
                bytes[length++] = 'u';
                bytes[length++] = '0';
                bytes[length++] = '0';
                bytes[length++] = HEX[c >> 4];
                bytes[length++] = HEX[c & 15];
            }
        }
    }

    private void room(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + more, bytes.length * 2));
        }
    }
}
