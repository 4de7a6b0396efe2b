package dev.fetchback.task;

import org.jspecify.annotations.Nullable;

/** What a content type says beside the type. */
public final class ContentType {
    private static final int PARAMETERS_MAX = 16; // far more than any server sends

    private ContentType() {}

    /** The charset among the parameters (RFC 9110 §8.3.1), without its quotes and as it came; null when there is none. */
    public static @Nullable String charset(String parameters) {
        for (String parameter : parameters.split(";", PARAMETERS_MAX)) {
            int equals = parameter.indexOf('=');
            if (equals > 0 && parameter.substring(0, equals).strip().equalsIgnoreCase("charset")) {
                String value = parameter.substring(equals + 1).strip();
                return value.length() > 1 && value.startsWith("\"") && value.endsWith("\"")
                        ? value.substring(1, value.length() - 1)
                        : value;
            }
        }
        return null;
    }
}
