package dev.fetchback.deliver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Checks that bytes are UTF-8 as RFC 3629 §4 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
final class Utf8 {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH = 0x8080808080808080L;

    private Utf8() {}

    static boolean valid(byte[] source) {
        return validUpTo(source, 0, source.length) == source.length;
    }

    /**
     * Checks every character that begins from {@code from} (the start of a character) to before {@code to}.
     *
     * @return where the last one ends, up to 3 bytes after {@code to}; -1 when one is not valid
     */
    static int validUpTo(byte[] source, int from, int to) {
        int at = from;
        while (at < to) {
            int lead = source[at];
            if (lead >= 0) {
                at++;
                while (at + Long.BYTES <= to && ((long) LONG.get(source, at) & HIGH) == 0) {
                    at += Long.BYTES;
                }
                continue;
            }
            int size = size(lead);
            if (size == 0 || source.length - at < size || !follows(source, at, lead, size)) {
                return -1;
            }
            at += size;
        }
        return at;
    }

    private static int size(int lead) {
        return lead < (byte) 0xc2 ? 0 : lead < (byte) 0xe0 ? 2 : lead < (byte) 0xf0 ? 3 : lead <= (byte) 0xf4 ? 4 : 0;
    }

    private static boolean follows(byte[] source, int at, int lead, int size) {
        int second = source[at + 1];
        // A continuation byte is 80..BF, as a signed byte less than -64; some leads allow only a part of that for the second
        // byte.
        if (second >= (byte) 0xc0) {
            return false;
        }
        return switch (size) {
            case 2 -> true;
            case 3 ->
                source[at + 2] < (byte) 0xc0
                        && (lead != (byte) 0xe0 || second >= (byte) 0xa0)
                        && (lead != (byte) 0xed || second < (byte) 0xa0);
            default ->
                source[at + 2] < (byte) 0xc0
                        && source[at + 3] < (byte) 0xc0
                        && (lead != (byte) 0xf0 || second >= (byte) 0x90)
                        && (lead != (byte) 0xf4 || second < (byte) 0x90);
        };
    }
}
