package dev.fetchback.store;

import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A part of a stored body, read piece by piece: nothing is held between two reads, and no more than one piece is in memory. */
public final class PieceStream extends InputStream {
    private final Pieces pieces;
    private final TaskId id;
    private final long end;
    private long position;
    private byte @Nullable [] piece; // the one with the position; null before it is read
    private boolean closed;

    /** The pieces of one body, each but the last of {@link Store#PIECE_BYTES}. */
    @FunctionalInterface
    public interface Pieces {
        /** The piece of this number; null when it is not there any more. */
        byte @Nullable [] read(int number);
    }

    /**
     * @param id for messages
     * @param end after the last byte, within the body
     */
    public PieceStream(Pieces pieces, TaskId id, long offset, long end) {
        this.pieces = pieces;
        this.id = id;
        this.position = offset;
        this.end = end;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, to.length);
        if (closed) {
            throw new IOException("the body of task " + id + " is closed");
        }
        if (count == 0) {
            return 0;
        }
        if (position >= end) {
            return -1;
        }
        byte[] from = piece == null ? load() : piece;
        piece = from;
        int at = (int) (position % Store.PIECE_BYTES);
        int some = (int) Math.min(Math.min(count, from.length - at), end - position);
        if (some <= 0) {
            throw gone();
        }
        System.arraycopy(from, at, to, offset, some);
        position += some;
        if (at + some == Store.PIECE_BYTES) {
            piece = null;
        }
        return some;
    }

    @Override
    public long skip(long count) {
        long target = Math.clamp(position + Math.max(0, count), position, end);
        long skipped = target - position;
        if (target / Store.PIECE_BYTES != position / Store.PIECE_BYTES) {
            piece = null;
        }
        position = target;
        return skipped;
    }

    @Override
    public int available() {
        return piece == null ? 0 : (int) Math.min(piece.length - position % Store.PIECE_BYTES, end - position);
    }

    @Override
    public void close() {
        closed = true;
        piece = null;
    }

    private byte[] load() throws IOException {
        byte[] data = pieces.read(Math.toIntExact(position / Store.PIECE_BYTES));
        if (data == null) {
            throw gone();
        }
        return data;
    }

    private IOException gone() {
        return new IOException("the body of task " + id + " was dropped while it was read, after " + position + " bytes");
    }
}
