package dev.fetchback.server.intake;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Cuts bytes into lines as they come. Holds at most one unfinished line and what came with it. Used by one thread. */
final class LineBuffer {
    private static final int FIRST_ROOM = 32 << 10;

    private final int lineMax;
    private byte[] bytes = new byte[FIRST_ROOM];
    private int start;
    private int end;
    private int scanned;
    private int lineStart;
    private int lineEnd;
    private boolean skipping;

    /** @param lineMax longest line in bytes, without its end */
    LineBuffer(int lineMax) {
        this.lineMax = lineMax;
    }

    /** Adds what came; all lines before must have been taken. */
    void append(ByteBuffer more) {
        int size = more.remaining();
        if (end + size > bytes.length) {
            int kept = end - start;
            byte[] room = kept + size > bytes.length ? new byte[Math.max(kept + size, bytes.length * 2)] : bytes;
            System.arraycopy(bytes, start, room, 0, kept);
            scanned -= start;
            bytes = room;
            start = 0;
            end = kept;
        }
        more.get(bytes, end, size);
        end += size;
    }

    /** Moves to the next line, if one is complete. */
    Line next() {
        for (int i = scanned; i < end; i++) {
            if (bytes[i] == '\n') {
                return line(i);
            }
        }
        scanned = end;
        if (skipping) {
            start = end; // of a line that was told of already
            return Line.NONE;
        }
        if (end - start > lineMax) {
            skipping = true;
            start = end;
            return Line.TOO_LONG;
        }
        return Line.NONE;
    }

    /** The rest, when no more bytes will come. */
    Line last() {
        if (start == end || skipping) {
            return Line.NONE;
        }
        return line(end);
    }

    private Line line(int newline) {
        int from = start;
        lineStart = from;
        lineEnd = newline;
        start = Math.min(newline + 1, end);
        scanned = start;
        if (skipping) {
            skipping = false;
            return next();
        }
        if (newline - from > lineMax) {
            return Line.TOO_LONG;
        }
        return blank(from, newline) ? Line.BLANK : Line.WHOLE;
    }

    private boolean blank(int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    /** The line that {@link #next} or {@link #last} found; valid until bytes are added. */
    Slice slice() {
        return new Slice(bytes, lineStart, lineEnd - lineStart);
    }

    /** Gives back the room that one long line took. */
    void shrink() {
        if (bytes.length > 4 * FIRST_ROOM && end - start < FIRST_ROOM) {
            bytes = Arrays.copyOfRange(bytes, start, start + FIRST_ROOM);
            end -= start;
            scanned -= start;
            start = 0;
        }
    }

    /** What was found. */
    enum Line {
        /** No whole line. */
        NONE,
        /** White space only. */
        BLANK,
        /** A line to be read with {@link #slice}. */
        WHOLE,
        /** A line that is too long; it is passed over. */
        TOO_LONG
    }
}
