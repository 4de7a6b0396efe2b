package dev.fetchback.server.intake;

import org.jspecify.annotations.Nullable;

/**
 * A range of bytes (RFC 9110 §14).
 *
 * @param from the first byte
 * @param to the last one, included
 */
record ByteRange(long from, long to) {
    /** Lies outside of what there is. */
    static final ByteRange NONE = new ByteRange(-1, -1);

    private static final String UNIT = "bytes=";
    private static final int DIGITS_MAX = 18; // fits a long

    long length() {
        return to - from + 1;
    }

    /**
     * Reads a {@code Range} header for {@code length} bytes.
     *
     * @return null when there is none, or one that may be passed over (another unit, several ranges, not well-formed: §14.2);
     *     {@link #NONE} when it cannot be satisfied
     */
    static @Nullable ByteRange of(@Nullable String header, long length) {
        if (header == null || !header.regionMatches(true, 0, UNIT, 0, UNIT.length())) {
            return null;
        }
        String spec = header.substring(UNIT.length()).strip();
        int dash = spec.indexOf('-');
        if (dash < 0) {
            return null;
        }
        String first = spec.substring(0, dash);
        String last = spec.substring(dash + 1);
        if (!digits(first) || !digits(last) || first.isEmpty() && last.isEmpty()) {
            return null;
        }
        if (first.isEmpty()) {
            long suffix = Math.min(Long.parseLong(last), length);
            return suffix == 0 ? NONE : new ByteRange(length - suffix, length - 1);
        }
        long from = Long.parseLong(first);
        long to = last.isEmpty() ? length - 1 : Math.min(Long.parseLong(last), length - 1);
        if (!last.isEmpty() && Long.parseLong(last) < from) {
            return null;
        }
        return from >= length ? NONE : new ByteRange(from, to);
    }

    private static boolean digits(String text) {
        return text.length() <= DIGITS_MAX && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
