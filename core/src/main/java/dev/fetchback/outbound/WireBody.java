package dev.fetchback.outbound;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.io.ChunkedInputStream;
import org.apache.hc.core5.http.impl.io.ContentLengthInputStream;
import org.apache.hc.core5.http.impl.io.IdentityInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A body as framed on the wire, before its content coding is undone. Closing does nothing: the streams beneath would read an
 * endless body to its end. Remembers whether the network failed, so that a broken coding is told apart.
 */
final class WireBody extends InputStream {
    /** Limits of chunk lines and trailers; their bytes count towards the exchange's budget besides. */
    private static final Http1Config CHUNKS = Http1Config.custom()
            .setMaxLineLength(4096)
            .setMaxHeaderCount(ResponseHead.FIELDS_MAX)
            .build();

    private static final int SCRAP = 1024;

    private final Connection connection;
    private final boolean chunked;
    private final InputStream framed;
    private boolean ended;
    private @Nullable IOException failure;
    private int pushedBack = -1;

    WireBody(Connection connection, ResponseHead.Framing framing, long length) {
        this.connection = connection;
        this.chunked = framing == ResponseHead.Framing.CHUNKED;
        this.framed = switch (framing) {
            case NONE -> InputStream.nullInputStream();
            case LENGTH -> new ContentLengthInputStream(connection.buffer(), connection.in(), length);
            case CHUNKED -> new ChunkedInputStream(connection.buffer(), connection.in(), CHUNKS);
            case CLOSE -> new IdentityInputStream(connection.buffer(), connection.in());
        };
        this.ended = framing == ResponseHead.Framing.NONE;
    }

    /** Whether the end of the body was seen. */
    boolean ended() {
        return ended;
    }

    /** Why the network failed; null when it did not. */
    @Nullable IOException failure() {
        return failure;
    }

    /** The next byte without taking it; -1 at the end. */
    int peek() throws IOException {
        if (pushedBack < 0) {
            pushedBack = read();
        }
        return pushedBack;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (pushedBack >= 0 && length > 0) {
            bytes[offset] = (byte) pushedBack;
            pushedBack = -1;
            return 1;
        }
        if (ended) {
            return -1;
        }
        try {
            int count = framed.read(bytes, offset, length);
            if (count < 0 && chunked && connection.ended()) {
                // A size such as 000a that was cut after a zero looks like the last chunk; no end counts but a whole one.
                throw new EOFException("the connection ended within the last chunk");
            }
            ended = count < 0;
            return count;
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    @Override
    public int available() {
        // Never asks the network; GZIPInputStream looks for another member only when it is told that there may be more.
        return ended ? 0 : 1;
    }

    /** Whether the body ends within the next {@code max} bytes, which are thrown away. */
    boolean endsWithin(int max) throws IOException {
        if (ended) {
            return true;
        }
        byte[] scrap = new byte[Math.min(max, SCRAP)];
        int left = max;
        while (!ended && left >= 0) {
            left -= Math.max(read(scrap, 0, scrap.length), 0);
        }
        return ended;
    }
}
