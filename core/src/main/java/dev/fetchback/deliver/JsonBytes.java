package dev.fetchback.deliver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;

/**
 * JSON written straight into one growing array. A page's bytes are scanned, checked to be UTF-8 and escaped in one pass, 64 at a time:
 * a bitmap of the bytes that need an escape is computed eight bytes at once, the runs between them are copied as words, so that the
 * cost hardly depends on how the text looks. Not for many threads.
 */
final class JsonBytes {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int BLOCK = 64;
    private static final int WORDS_READ_AHEAD = 16; // a run is copied as two words whatever its length, so it may read past the block
    private static final int ESCAPE_MAX = 6; // backslash, u and four digits
    private static final int SLACK = 32; // a run's two words and an escape's word may be written past the end

    private static final long LOW_7 = 0x7f7f7f7f7f7f7f7fL;
    private static final long HIGH = 0x8080808080808080L;
    private static final long TO_SPACE = 0x6060606060606060L; // 0x80 - 0x20
    private static final long QUOTES = 0x2222222222222222L;
    private static final long BACKSLASHES = 0x5c5c5c5c5c5c5c5cL;
    private static final long GATHER = 0x0102040810204080L; // moves the lowest bit of each byte into the top byte

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

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
    JsonBytes ascii(String text) {
        int chars = text.length();
        reserve(chars);
        for (int i = 0; i < chars; i++) {
            bytes[length + i] = (byte) text.charAt(i);
        }
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
        reserve(chars + 2);
        put('"');
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                escaped(c, chars - i);
            } else {
                int point = Character.isSurrogate(c) ? text.codePointAt(i) : c;
                i += Character.charCount(point) - 1;
                utf8(point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE ? 0xfffd : point, chars - i);
            }
        }
        return put('"');
    }

    /** A string with its quotes, in ASCII only. */
    JsonBytes asciiString(String text) {
        int chars = text.length();
        reserve(chars + 2);
        put('"');
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                escaped(c, chars - i);
            } else {
                reserve(ESCAPE_MAX + chars - i);
                put('\\').put('u').put(HEX[c >> 12]).put(HEX[c >> 8 & 15]).put(HEX[c >> 4 & 15]).put(HEX[c & 15]);
            }
        }
        return put('"');
    }

    private void escaped(char c, int toCome) {
        long escape = ESCAPES[c];
        if (escape == 0) {
            put(c);
        } else {
            reserve(ESCAPE_MAX + toCome);
            LONG.set(bytes, length, escape);
            length += (int) (escape >>> 56);
        }
    }

    private void utf8(int point, int toCome) {
        reserve(4 + toCome);
        if (point < 0x800) {
            put(0xc0 | point >> 6);
        } else if (point < 0x10000) {
            put(0xe0 | point >> 12).put(0x80 | point >> 6 & 0x3f);
        } else {
            put(0xf0 | point >> 18).put(0x80 | point >> 12 & 0x3f).put(0x80 | point >> 6 & 0x3f);
        }
        put(0x80 | point & 0x3f);
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
        for (int last = source.length - BLOCK - WORDS_READ_AHEAD; at <= last && valid >= 0; at += BLOCK) {
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
            block(source, at, escapes);
        }
        if (valid >= 0) {
            valid = Utf8.validUpTo(source, Math.max(valid, at), source.length);
        }
        if (valid < 0) {
            length = mark;
            return false;
        }
        rest(source, at);
        return true;
    }

    /** Bit n is set when byte n must be escaped. Exact for each byte: no carry or borrow passes from one to the next. */
    private static long toEscape(long word) {
        long low = word & LOW_7;
        long plain = low + TO_SPACE & (low ^ QUOTES) + LOW_7 & (low ^ BACKSLASHES) + LOW_7 | word;
        return ((~plain & HIGH) >>> 7) * GATHER >>> 56;
    }

    private void block(byte[] source, int at, long escapes) {
        reserve(BLOCK * ESCAPE_MAX);
        byte[] out = bytes;
        int to = length;
        int from = at;
        for (long left = escapes; left != 0; left &= left - 1) {
            int special = at + Long.numberOfTrailingZeros(left);
            LONG.set(out, to, (long) LONG.get(source, from));
            LONG.set(out, to + 8, (long) LONG.get(source, from + 8));
            for (int i = 16; i < special - from; i += 8) {
                LONG.set(out, to + i, (long) LONG.get(source, from + i));
            }
            to += special - from;
            long escape = ESCAPES[source[special]];
            LONG.set(out, to, escape);
            to += (int) (escape >>> 56);
            from = special + 1;
        }
        int run = at + BLOCK - from;
        for (int i = 0; i < run; i += 8) {
            LONG.set(out, to + i, (long) LONG.get(source, from + i));
        }
        length = to + run;
    }

    private void rest(byte[] source, int at) {
        reserve((source.length - at) * ESCAPE_MAX);
        for (int i = at; i < source.length; i++) {
            byte b = source[i];
            if (b < 0) {
                put(b);
            } else {
                escaped((char) b, 0);
            }
        }
    }

    private static long[] escapes() {
        long[] escapes = new long[128];
        for (int c = 0; c < 0x20; c++) {
            escapes[c] = escape("\\u00" + (char) HEX[c >> 4] + (char) HEX[c & 15]);
        }
        String shorts = "\"\"\\\\b\bf\fn\nr\rt\t";
        for (int i = 0; i < shorts.length(); i += 2) {
            escapes[shorts.charAt(i + 1)] = escape("\\" + shorts.charAt(i));
        }
        return escapes;
    }

    private static long escape(String text) {
        long packed = (long) text.length() << 56;
        for (int i = 0; i < text.length(); i++) {
            packed |= (long) text.charAt(i) << 8 * i;
        }
        return packed;
    }
}
