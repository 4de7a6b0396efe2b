package dev.fetchback.server.config;

import java.util.regex.Pattern;
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

    /** Up to the last @, as a password may hold anything. */
    private static final Pattern USER_INFO = Pattern.compile("://[^\\s]*@");

    private static final Pattern PASSWORD = Pattern.compile("password=[^&\\s]*");

    public Fault {
        value = value == null ? null : shown(PASSWORD.matcher(USER_INFO.matcher(value).replaceAll("://…@")).replaceAll("password=…"));
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
