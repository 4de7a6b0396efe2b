package dev.fetchback.outbound;

import java.io.IOException;
import java.io.InputStream;
import org.apache.hc.core5.http.MalformedChunkCodingException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.TruncatedChunkException;
import org.jspecify.annotations.Nullable;

/** Reads one body: framing, content coding, limits, sink. */
final class BodyReader {
    /** Reading this much more to save a connection costs less than a new one. */
    private static final int DRAIN_MAX = 4096;

    private static final int BUFFER_MIN = 512;
    private static final int BUFFER_USUAL = 8 * 1024;
    private static final int BUFFER_MAX = 16 * 1024;
    /**
     * Decoders make much of little without waiting for anything, and virtual threads are not time-sliced: this much costs some
     * 0.1 ms, then it is somebody else's turn.
     */
    private static final int PAUSE_EVERY = 64 * 1024;
    /**
     * On the wire a body may be twice what comes of it. This much more is for what a decoder must have before it gives anything (128 KB
     * with zstd, RFC 8878 §3.1.1.2.4) and for first and last lines. So tiny chunks, empty blocks and skipped frames end soon: they cost a
     * server nothing and this machine some 100 ns each.
     */
    private static final long WASTE_MAX = 256 * 1024;

    private final Connection connection;
    private final ResponseHead head;
    private final Request.Limits limits;
    private final LargeDecoders decoders;
    private final ResponseHead.Framing framing;
    private final long length;
    private final WireBody body;

    /** @param method of the request: the answer to HEAD has no body */
    BodyReader(Connection connection, ResponseHead head, String method, Request.Limits limits, LargeDecoders decoders)
            throws ExchangeException {
        this.connection = connection;
        this.head = head;
        this.limits = limits;
        this.decoders = decoders;
        this.framing = head.framing(method);
        this.length = framing == ResponseHead.Framing.LENGTH ? head.length() : -1;
        this.body = new WireBody(connection, framing, length);
        connection.enter(Connection.Phase.BODY);
        connection.budget(WASTE_MAX, Kind.TOO_LARGE);
    }

    /** Gives the body to the sink; true when it was not read to its end. */
    boolean receive(BodySink sink) throws ExchangeException, InterruptedException {
        String coding = framing == ResponseHead.Framing.NONE ? null : Decoders.coding(head.all("content-encoding"));
        boolean wanted;
        try {
            wanted = sink.begin(head.status(), head.fields(), decodedLength(coding));
        } catch (IOException e) {
            throw sinkFailed(e);
        }
        if (!wanted) {
            return !body.ended();
        }
        if (coding == null && length > limits.maxBytes()) {
            throw tooLarge();
        }
        boolean large = Decoders.large(coding);
        if (large && !decoders.enter()) {
            throw new ExchangeException(Kind.SINK_FAILED, "too many bodies are being decoded from " + coding
                    + "; the next attempt asks for another coding");
        }
        InputStream decoded = null;
        try {
            decoded = Decoders.decode(body, coding);
            boolean cut = copy(decoded, sink);
            // A decoder knows its own end and may stop before the body's, or swallow what it met there.
            if (!cut && coding != null && body.failure() == null) {
                body.endsWithin(DRAIN_MAX);
            }
            IOException failure = body.failure();
            if (!cut && failure != null) {
                throw broken(failure);
            }
            return cut;
        } catch (IOException e) {
            throw broken(e);
        } finally {
            close(decoded);
            if (large) {
                decoders.leave();
            }
        }
    }

    /** Whether the body is at its end (a short rest is read for that), and the connection fit for the next exchange. */
    boolean whole() {
        if (framing == ResponseHead.Framing.CLOSE) {
            return false;
        }
        try {
            return body.endsWithin(DRAIN_MAX) && !connection.buffer().hasBufferedData();
        } catch (IOException e) {
            return false; // The answer is complete, only the connection is not worth keeping.
        }
    }

    private long decodedLength(@Nullable String coding) {
        if (framing == ResponseHead.Framing.NONE) {
            return 0;
        }
        return coding == null ? length : -1;
    }

    private boolean copy(InputStream decoded, BodySink sink) throws IOException, ExchangeException {
        byte[] buffer = new byte[length < 0 ? BUFFER_USUAL : Math.clamp(length, BUFFER_MIN, BUFFER_MAX)];
        long total = 0;
        int unpaused = 0;
        while (true) {
            int count = read(decoded, buffer);
            if (count < 0) {
                return false;
            }
            connection.allow(2L * count);
            unpaused += count;
            if (decoded != body && unpaused >= PAUSE_EVERY) {
                unpaused = 0;
                connection.pause();
            }
            int wanted = (int) Math.min(count, limits.readAtMost() - total);
            total += count;
            if (total > limits.maxBytes()) {
                throw tooLarge();
            }
            try {
                sink.write(buffer, 0, wanted);
            } catch (IOException e) {
                throw sinkFailed(e);
            }
            if (wanted < count || total == limits.readAtMost()) {
                return !body.ended();
            }
        }
    }

    /** The decoders are other people's code, fed by strangers: whatever they throw means a broken body. */
    private static int read(InputStream decoded, byte[] buffer) throws IOException {
        try {
            return decoded.read(buffer, 0, buffer.length);
        } catch (RuntimeException e) {
            throw new IOException("the decoder failed", e);
        }
    }

    private ExchangeException broken(IOException thrown) throws InterruptedException {
        if (body.failure() == null) {
            return Failures.of(
                    connection, thrown, Kind.BAD_ENCODING, "the body is not what its Content-Encoding says, or is cut off");
        }
        return switch (thrown) {
            case MessageConstraintException _ ->
                new ExchangeException(
                        Kind.HEADERS_TOO_LARGE, "the lines between the chunks of the body are too long or too many");
            case TruncatedChunkException e -> truncated(e);
            // Cut within a line, which only looks malformed.
            case MalformedChunkCodingException e when connection.ended() -> truncated(e);
            case MalformedChunkCodingException e -> Failures.of(
                    connection, e, Kind.BAD_HTTP, "the server's answer is not valid HTTP/1.1: its body is not in valid chunks");
            default -> truncated(thrown);
        };
    }

    private ExchangeException truncated(IOException thrown) throws InterruptedException {
        return Failures.of(connection, thrown, Kind.TRUNCATED, "the connection ended before the body did");
    }

    private ExchangeException tooLarge() {
        return new ExchangeException(Kind.TOO_LARGE, "the body is larger than the " + limits.maxBytes() + " bytes allowed");
    }

    private static ExchangeException sinkFailed(IOException thrown) {
        // The message may name a path of this machine, which is for the log of whoever owns the sink.
        return new ExchangeException(
                Kind.SINK_FAILED, "the body could not be stored (" + thrown.getClass().getSimpleName() + ")");
    }

    private void close(@Nullable InputStream decoded) {
        if (decoded != null && decoded != body) {
            try {
                decoded.close();
            } catch (IOException e) {
                // Only the decoder's memory was to be given back.
            }
        }
    }
}
