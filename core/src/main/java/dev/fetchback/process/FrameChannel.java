package dev.fetchback.process;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One end of the connection between the server and a worker, over a Unix-domain socket: frames of length (32 bits, without
 * itself), type (8 bits) and payload. A page goes from its array to the socket and from there into one array. One thread reads;
 * many may send.
 */
final class FrameChannel implements AutoCloseable {
    /** From the worker, first: the token that it was given. */
    static final int HELLO = 1;
    /** To the worker: a chain, see {@link Wire}; the page makes up the rest of the frame. */
    static final int JOB = 2;
    /** The next use begins. */
    static final int BEGINS = 3;
    /** It returned this JSON. */
    static final int VALUE = 4;
    /** It failed: code, detail. */
    static final int FAILED = 5;
    /** The worker is alive, and takes so many bytes of memory. */
    static final int BEAT = 6;
    /** The chain ended: bytes of memory, and whether the worker is to be replaced. */
    static final int DONE = 7;

    private static final int BUFFER = 64 << 10; // a usual page takes two turns, and fits the socket's own buffer
    private static final int PREFIX = Integer.BYTES + 1;

    private final SocketChannel socket;
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER).flip();
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER);
    private int left;

    FrameChannel(SocketChannel socket) {
        this.socket = socket;
    }

    /** Sends a frame whose payload is {@code head} and then {@code tail}. */
    synchronized void send(int type, byte[] head, byte[] tail) throws IOException {
        out.clear();
        out.putInt(1 + head.length + tail.length).put((byte) type);
        put(head);
        put(tail);
        flush();
    }

    void send(int type, byte[] payload) throws IOException {
        send(type, payload, Wire.NOTHING);
    }

    private void put(byte[] bytes) throws IOException {
        int at = 0;
        while (at < bytes.length) {
            if (!out.hasRemaining()) {
                flush();
            }
            int part = Math.min(out.remaining(), bytes.length - at);
            out.put(bytes, at, part);
            at += part;
        }
    }

    private void flush() throws IOException {
        out.flip();
        while (out.hasRemaining()) {
            socket.write(out);
        }
        out.clear();
    }

    /**
     * Waits for the next frame and returns its type; its payload is then to be taken whole.
     *
     * @param max bytes of the payload
     * @throws EOFException when the other end is gone
     * @throws IOException when the frame is longer than that, too
     */
    int next(int max) throws IOException {
        if (left != 0) {
            throw new IOException("a frame has " + left + " bytes more than it should");
        }
        fill(PREFIX);
        int length = in.getInt();
        if (length < 1 || length - 1 > max) {
            throw new IOException("a frame of " + length + " bytes, where at most " + max + " are allowed");
        }
        left = length - 1;
        return in.get();
    }

    /** Bytes of the frame that were not taken yet. */
    int left() {
        return left;
    }

    byte[] take(int count) throws IOException {
        if (count < 0 || count > left) {
            throw new IOException("a part of " + count + " bytes in a frame that has " + left);
        }
        left -= count;
        byte[] bytes = new byte[count];
        int at = 0;
        while (at < count) {
            if (!in.hasRemaining()) {
                fill(1);
            }
            int part = Math.min(in.remaining(), count - at);
            in.get(bytes, at, part);
            at += part;
        }
        return bytes;
    }

    private void fill(int wanted) throws IOException {
        while (in.remaining() < wanted) {
            in.compact();
            int read = socket.read(in);
            in.flip();
            if (read < 0) {
                throw new EOFException("the other end is gone");
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** What is written of one frame. */
    interface Content {
        void to(Payload out) throws IOException;
    }

    /** Numbers and texts, one after the other. */
    static final class Payload {
        private final DataOutputStream out;

        private Payload(ByteArrayOutputStream bytes) {
            this.out = new DataOutputStream(bytes);
        }

        static byte[] of(Content content) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try {
                content.to(new Payload(bytes));
            } catch (IOException e) {
                throw new UncheckedIOException("an array does not fail", e);
            }
            return bytes.toByteArray();
        }

        Payload number(long value) throws IOException {
            out.writeLong(value);
            return this;
        }

        Payload text(@Nullable String text) throws IOException {
            if (text == null) {
                out.writeInt(-1);
            } else {
                byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                out.writeInt(utf8.length);
                out.write(utf8);
            }
            return this;
        }
    }

    long takeNumber() throws IOException {
        return ByteBuffer.wrap(take(Long.BYTES)).getLong();
    }

    @Nullable String takeText() throws IOException {
        int length = ByteBuffer.wrap(take(Integer.BYTES)).getInt();
        return length < 0 ? null : new String(take(length), StandardCharsets.UTF_8);
    }
}
