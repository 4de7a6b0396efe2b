package dev.fetchback.server.intake;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** One connection, byte by byte. */
final class RawClient implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    private static final int NUDGE_MILLIS = 200;

    private final Socket socket = new Socket();

    RawClient(int port) throws IOException {
        socket.setReceiveBufferSize(16 << 10); // so that a client that does not read is noticed soon
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress("127.0.0.1", port), PATIENCE_MILLIS);
    }

    /** Whether anybody listens on {@code port}. */
    static boolean connects(int port) {
        try {
            new RawClient(port).close();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    RawClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    void sendsNoMore() throws IOException {
        socket.shutdownOutput();
    }

    InputStream in() throws IOException {
        return socket.getInputStream();
    }

    /** One whole answer with a Content-Length. */
    String answer() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in().read();
            if (b < 0) {
                throw new IOException("closed after: " + head.toString(StandardCharsets.ISO_8859_1));
            }
            head.write(b);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        int at = text.toLowerCase(Locale.ROOT).indexOf("content-length: ");
        int length = at < 0 ? 0 : Integer.parseInt(text.substring(at + 16, text.indexOf('\r', at)));
        return text + new String(in().readNBytes(length), StandardCharsets.UTF_8);
    }

    /** Does {@code nudge} again and again until an answer comes, and returns that. */
    String answerTo(Nudge nudge) throws IOException {
        for (int i = 0; i < PATIENCE_MILLIS / NUDGE_MILLIS; i++) {
            nudge.run();
            socket.setSoTimeout(NUDGE_MILLIS);
            try {
                int first = in().read();
                socket.setSoTimeout(PATIENCE_MILLIS);
                return (char) first + answer();
            } catch (SocketTimeoutException e) {
                continue; // not yet
            }
        }
        throw new IOException("no answer came");
    }

    /** Something that may throw. */
    @FunctionalInterface
    interface Nudge {
        void run() throws IOException;
    }

    /** Waits until the server closes; returns what came before. */
    String untilClosed() throws IOException {
        try {
            return new String(in().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketException e) {
            return ""; // reset: closed all the same
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
