package dev.fetchback.server.config;

import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with the configuration.
 *
 * @param source where: {@code --port}, {@code FETCHBACK_PORT}, {@code fetchback.yaml:4 port}
 * @param value as given, shortened; null when the value is a secret or not the point
 * @param message what is wrong, what is allowed and what to do
 */
public record Fault(String source, @Nullable String value, String message) {
    private static final int VALUE_MAX = 80; // a value longer than that is not read by anyone

    public Fault {
        value = value == null ? null : shown(value);
    }

    @Override
    public String toString() {
        return source + (value == null ? ": " : " = \"" + value + "\": ") + message;
    }

    private static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().limit(VALUE_MAX).forEach(c -> shown.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return text.codePointCount(0, text.length()) > VALUE_MAX ? shown + "…" : shown.toString();
    }
}
