package dev.fetchback.task;

import java.util.Arrays;

/** Crockford's base32 of a 128-bit number: 26 characters, most significant first, upper case, sorts as the number does. */
final class Crockford {
    static final int LENGTH = 26;
    private static final char[] DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray();
    private static final byte[] VALUES = values();

    private Crockford() {}

    static String encode(String prefix, long high, long low) {
        int start = prefix.length();
        char[] text = new char[start + LENGTH];
        prefix.getChars(0, start, text, 0);
        for (int i = text.length - 1; i >= start; i--) {
            text[i] = DIGITS[(int) (low & 31)];
            low = low >>> 5 | high << 59;
            high >>>= 5;
        }
        return new String(text);
    }

    /** Returns {high, low}, or an empty array when {@code text} is not {@code prefix} and 26 digits of at most 128 bits. */
    static long[] decode(String prefix, String text) {
        int start = prefix.length();
        if (text.length() != start + LENGTH || !text.startsWith(prefix) || text.charAt(start) > '7') {
            return new long[0];
        }
        long high = 0;
        long low = 0;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            int value = c < VALUES.length ? VALUES[c] : -1;
            if (value < 0) {
                return new long[0];
            }
            high = high << 5 | low >>> 59;
            low = low << 5 | value;
        }
        return new long[] {high, low};
    }

    private static byte[] values() {
        byte[] values = new byte[128];
        Arrays.fill(values, (byte) -1);
        for (byte i = 0; i < DIGITS.length; i++) {
            values[DIGITS[i]] = i;
        }
        return values;
    }
}
