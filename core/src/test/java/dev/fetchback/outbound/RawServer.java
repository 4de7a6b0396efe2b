package dev.fetchback.outbound;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;

/** A server on loopback that sends whatever bytes a test wants, when it wants. */
final class RawServer implements AutoCloseable {
    /** Answers one request; when it returns normally the next request on the connection is read. */
    @FunctionalInterface
    interface Script {
        void answer(Call call) throws Exception;
    }

    /** One request as it came. */
    record Call(Socket socket, String head, byte[] body, int number) {
        void send(String text) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        /** An answer with a length. */
        void ok(String body) throws IOException {
            send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
        }

        String path() {
            return head.split(" ")[1];
        }

        String method() {
            return head.split(" ")[0];
        }

        /** Waits until the other side closes, and reads nothing else. */
        void untilClosed() throws IOException {
            while (socket.getInputStream().read() >= 0) {
                // bytes nobody asked for
            }
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    /** What a script's bytes go over. */
    enum Transport {
        PLAIN,
        TLS,
        TLS_EXPIRED,
        TLS_WITHOUT_INTERMEDIATE,
        /** No request is read: the script begins when the connection is there. */
        BYTES
    }

    private final ServerSocket server;
    private final Script script;
    private final Transport transport;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Queue<String> heads = new ConcurrentLinkedQueue<>();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();

    RawServer(Script script) throws IOException {
        this(script, Transport.PLAIN);
    }

    RawServer(Script script, Transport transport) throws IOException {
        this(script, transport, InetAddress.ofLiteral("127.0.0.1"));
    }

    RawServer(Script script, Transport transport, InetAddress on) throws IOException {
        this.script = script;
        this.transport = transport;
        ServerSocketFactory sockets = switch (transport) {
            case PLAIN, BYTES -> ServerSocketFactory.getDefault();
            case TLS -> TestKeys.valid().getServerSocketFactory();
            case TLS_EXPIRED -> TestKeys.expired().getServerSocketFactory();
            case TLS_WITHOUT_INTERMEDIATE -> TestKeys.withoutIntermediate().getServerSocketFactory();
        };
        this.server = sockets.createServerSocket(0, 2_000, on);
        Thread.ofPlatform().daemon().start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    Target url(String path) throws BadUrl {
        return Target.parse((transport == Transport.PLAIN ? "http" : "https") + "://127.0.0.1:" + port() + path);
    }

    /** Connections that were made to it. */
    int accepted() {
        return accepted.get();
    }

    /** The heads of all requests, in order of arrival. */
    List<String> heads() {
        return List.copyOf(heads);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                accepted.incrementAndGet();
                sockets.add(socket);
                // None of the virtual threads: a script that floods would hold a carrier, and be taken for what it attacks.
                Thread.ofPlatform().daemon().start(() -> serve(socket));
            } catch (IOException e) {
                // closed
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = socket.getInputStream();
            if (transport == Transport.BYTES) {
                script.answer(new Call(socket, "", new byte[0], calls.incrementAndGet()));
                return;
            }
            while (true) {
                String head = head(in);
                if (head == null) {
                    return;
                }
                heads.add(head);
                byte[] body = in.readNBytes(length(head));
                script.answer(new Call(socket, head, body, calls.incrementAndGet()));
            }
        } catch (Exception e) {
            // The other side closed, as most tests want it to.
        } finally {
            sockets.remove(socket);
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.append((char) b);
        }
        return head.toString();
    }

    private static int length(String head) {
        for (String line : head.split("\r\n")) {
            if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
                return Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return 0;
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
