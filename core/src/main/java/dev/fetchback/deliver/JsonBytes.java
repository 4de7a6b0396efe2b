package dev.fetchback.deliver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;

/**
 * JSON written straight into one growing array. A page's bytes are scanned, checked to be UTF-8 and escaped in one pass, 64
 * at a time: a bitmap of the bytes that need an escape is computed eight bytes at once, and the runs between them are copied
 * as words. Not for many threads.
 */
final class JsonBytes {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int BLOCK = 64;
    private static final int RUN = 16; // a run is copied in steps of two words
    private static final int READ_AHEAD = RUN; // so it may be read past the block
    private static final int ESCAPE_MAX = 6; // backslash, u and four digits
    private static final int SLACK = RUN + 8; // and written past its end

    private static final long LOW_7 = 0x7f7f7f7f7f7f7f7fL;
    private static final long HIGH = 0x8080808080808080L;
    private static final long TO_SPACE = 0x6060606060606060L; // 0x80 - 0x20
    private static final long QUOTES = 0x2222222222222222L;
    private static final long BACKSLASHES = 0x5c5c5c5c5c5c5c5cL;
    private static final long GATHER = 0x0102040810204080L; // moves the lowest bit of each byte into the top byte

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private static final int REPLACEMENT = 0xfffd;
    private static final int LENGTH_SHIFT = 56;

    /** What stands for a byte inside a string: up to six bytes, the first lowest, and how many they are in the top byte. */
    private static final long[] ESCAPES = escapes();

    private byte[] bytes;
    private int length;

    /** @param capacity bytes to begin with, at least 0 */
    JsonBytes(int capacity) {
        bytes = new byte[capacity + SLACK];
    }

    /** What was written, from 0 to {@link #length()}; no longer valid once more is written. */
    byte[] array() {
        return bytes;
    }

    int length() {
        return length;
    }

    int capacity() {
        return bytes.length;
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    /** Drops what was written after {@code mark}, a length from before. */
    JsonBytes truncate(int mark) {
        length = mark;
        return this;
    }

    /** Makes room for {@code more} bytes, so that what follows seldom grows the array. */
    void reserve(int more) {
        int needed = Math.addExact(Math.addExact(length, more), SLACK);
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, (int) Math.min(bytes.length * 3L / 2, Integer.MAX_VALUE - SLACK)));
        }
    }

    JsonBytes raw(byte[] source) {
        reserve(source.length);
        System.arraycopy(source, 0, bytes, length, source.length);
        length += source.length;
        return this;
    }

    /** Text of ASCII that needs no escapes: punctuation, names, base64. */
    @SuppressWarnings("deprecation") // it drops the upper half of each char: there is none in ASCII, and nothing is faster
    JsonBytes ascii(String text) {
        int chars = text.length();
        reserve(chars);
        text.getBytes(0, chars, bytes, length);
        length += chars;
        return this;
    }

    JsonBytes number(long value) {
        if (value < 0) {
            return ascii(Long.toString(value));
        }
        reserve(20);
        int digits = 1;
        for (long rest = value; rest >= 10; rest /= 10) {
            digits++;
        }
        decimals(value, digits);
        return this;
    }

    /** A time as RFC 3339 in UTC with milliseconds, without quotes. */
    JsonBytes time(long unixMillis) {
        LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(unixMillis, 86_400_000L));
        int millis = (int) Math.floorMod(unixMillis, 86_400_000L);
        reserve(40);
        decimals(date.getYear(), 4).put('-').decimals(date.getMonthValue(), 2).put('-').decimals(date.getDayOfMonth(), 2);
        put('T').decimals(millis / 3_600_000, 2).put(':').decimals(millis / 60_000 % 60, 2);
        put(':').decimals(millis / 1000 % 60, 2).put('.').decimals(millis % 1000, 3);
        return put('Z');
    }

    /** A string with its quotes. A lone surrogate becomes U+FFFD, as UTF-8 cannot hold it. */
    JsonBytes string(String text) {
        int chars = text.length();
        reserve(chars * ESCAPE_MAX + 2);
        byte[] out = bytes;
        int to = length;
        out[to++] = '"';
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                long escape = ESCAPES[c];
                LONG.set(out, to, escape);
                to += (int) (escape >>> LENGTH_SHIFT);
            } else if (!Character.isSurrogate(c)) {
                to = utf8(out, to, c);
            } else {
                int point = text.codePointAt(i);
                boolean alone = point <= Character.MAX_VALUE;
                to = utf8(out, to, alone ? REPLACEMENT : point);
                i += alone ? 0 : 1;
            }
        }
        out[to++] = '"';
        length = to;
        return this;
    }

    /** A string with its quotes, in ASCII only. */
    JsonBytes asciiString(String text) {
        int chars = text.length();
        reserve(chars * ESCAPE_MAX + 2);
        put('"');
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                escaped((byte) c);
            } else {
                put('\\').put('u').put(HEX[c >> 12]).put(HEX[c >> 8 & 15]).put(HEX[c >> 4 & 15]).put(HEX[c & 15]);
            }
        }
        return put('"');
    }

    private void escaped(byte ascii) {
        long escape = ESCAPES[ascii];
        LONG.set(bytes, length, escape);
        length += (int) (escape >>> LENGTH_SHIFT);
    }

    private static int utf8(byte[] out, int to, int point) {
        int at = to;
        if (point < 0x800) {
            out[at++] = (byte) (0xc0 | point >> 6);
        } else if (point < 0x10000) {
            out[at++] = (byte) (0xe0 | point >> 12);
            out[at++] = (byte) (0x80 | point >> 6 & 0x3f);
        } else {
            out[at++] = (byte) (0xf0 | point >> 18);
            out[at++] = (byte) (0x80 | point >> 12 & 0x3f);
            out[at++] = (byte) (0x80 | point >> 6 & 0x3f);
        }
        out[at++] = (byte) (0x80 | point & 0x3f);
        return at;
    }

    private JsonBytes put(int value) {
        bytes[length++] = (byte) value;
        return this;
    }

    private JsonBytes decimals(long value, int digits) {
        for (int i = digits - 1; i >= 0; i--) {
            bytes[length + i] = (byte) ('0' + value % 10);
            value /= 10;
        }
        length += digits;
        return this;
    }

    /**
     * The inside of a string from UTF-8 text, without quotes.
     *
     * @return false, with nothing written, when {@code source} is not valid UTF-8 (RFC 3629) from {@code from}
     */
    boolean text(byte[] source, int from) {
        int mark = length;
        reserve(source.length - from);
        int at = from;
        int valid = from; // up to here it is known to be UTF-8
        int run = from; // from here on nothing is written yet, and nothing before `at` needs an escape
        for (int last = source.length - BLOCK - READ_AHEAD; at <= last && valid >= 0; at += BLOCK) {
            long seen = 0;
            long escapes = 0;
            for (int i = 0; i < BLOCK; i += Long.BYTES) {
                long word = (long) LONG.get(source, at + i);
                seen |= word;
                escapes |= toEscape(word) << i;
            }
            if ((seen & HIGH) != 0) {
                valid = Utf8.validUpTo(source, Math.max(valid, at), at + BLOCK);
            }
            if (escapes != 0) {
                run = escape(source, run, at, escapes);
            }
        }
        if (valid >= 0) {
            valid = Utf8.validUpTo(source, Math.max(valid, at), source.length);
        }
        if (valid < 0) {
            length = mark;
            return false;
        }
        rest(source, run, at);
        return true;
    }

    /** Bit n is set when byte n must be escaped. Exact for each byte: no carry or borrow passes from one to the next. */
    private static long toEscape(long word) {
        long low = word & LOW_7;
        long plain = low + TO_SPACE & (low ^ QUOTES) + LOW_7 & (low ^ BACKSLASHES) + LOW_7 | word;
        return ((~plain & HIGH) >>> 7) * GATHER >>> 56;
    }

    /** Writes everything from {@code run} to the last escape of the block, and returns where the next run begins. */
    private int escape(byte[] source, int run, int block, long escapes) {
        reserve(block - run + BLOCK * ESCAPE_MAX);
        byte[] out = bytes;
        int to = length;
        int from = run;
        for (long left = escapes; left != 0; left &= left - 1) {
            int special = block + Long.numberOfTrailingZeros(left);
            int count = special - from;
            int i = 0;
            do {
                LONG.set(out, to + i, (long) LONG.get(source, from + i));
                LONG.set(out, to + i + 8, (long) LONG.get(source, from + i + 8));
                i += RUN;
            } while (i < count);
            to += count;
            long escape = ESCAPES[source[special]];
            LONG.set(out, to, escape);
            to += (int) (escape >>> LENGTH_SHIFT);
            from = special + 1;
        }
        length = to;
        return from;
    }

    private void rest(byte[] source, int run, int at) {
        reserve(at - run + (source.length - at) * ESCAPE_MAX);
        System.arraycopy(source, run, bytes, length, at - run);
        length += at - run;
        for (int i = at; i < source.length; i++) {
            byte b = source[i];
            if (b < 0) {
                put(b);
            } else {
                escaped(b);
            }
        }
    }

    private static long[] escapes() {
        long[] escapes = new long[128];
        for (int c = 0; c < escapes.length; c++) {
            escapes[c] = c >= 0x20 ? escape(String.valueOf((char) c)) : escape("\\u00" + (char) HEX[c >> 4] + (char) HEX[c & 15]);
        }
        String shorts = "\"\"\\\\b\bf\fn\nr\rt\t";
        for (int i = 0; i < shorts.length(); i += 2) {
            escapes[shorts.charAt(i + 1)] = escape("\\" + shorts.charAt(i));
        }
        return escapes;
    }

    private static long escape(String text) {
        long packed = (long) text.length() << LENGTH_SHIFT;
        for (int i = 0; i < text.length(); i++) {
            packed |= (long) text.charAt(i) << 8 * i;
        }
        return packed;
    }
}
