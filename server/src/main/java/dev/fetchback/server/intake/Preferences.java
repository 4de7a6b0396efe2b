package dev.fetchback.server.intake;

import org.jspecify.annotations.Nullable;

/** The {@code Prefer} header (RFC 7240). What is not understood is passed over, as §2 asks. */
final class Preferences {
    /** Longest wait: proxies cut what stays silent longer. */
    static final int WAIT_SECONDS_MAX = 60;

    private Preferences() {}

    /** The seconds of {@code wait}, at most {@link #WAIT_SECONDS_MAX}; 0 without. */
    static int waitSeconds(@Nullable String prefer) {
        if (prefer == null) {
            return 0;
        }
        for (String preference : prefer.split(",")) {
            String[] nameAndValue = preference.split(";", 2)[0].split("=", 2);
            if (nameAndValue.length == 2 && nameAndValue[0].strip().equalsIgnoreCase("wait")) {
                return seconds(nameAndValue[1].strip());
            }
        }
        return 0;
    }

    private static int seconds(String text) {
        String digits = text.length() > 1 && text.startsWith("\"") && text.endsWith("\"")
                ? text.substring(1, text.length() - 1)
                : text;
        try {
            return Math.clamp(Long.parseLong(digits), 0, WAIT_SECONDS_MAX);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
