package dev.fetchback.server.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A small web server on a free loopback port, as a page's server or a receiver for {@code demo} and {@code verify-durability}.
 */
final class Loopback implements AutoCloseable {
    private static final int BACKLOG = 1024; // connections that may wait when a restarted server opens many at once

    static {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // answers would wait 40 ms for an acknowledgement otherwise
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /** What is done with a request; the answer's status and body. */
    interface Handler {
        /** @param body of the request, whole */
        Answer answer(HttpExchange request, byte[] body) throws IOException;
    }

    /**
     * An answer.
     *
     * @param status of HTTP
     * @param contentType of the body
     * @param body may be empty
     */
    record Answer(int status, String contentType, byte[] body) {
        /** Neither content nor a type. */
        static final Answer NO_CONTENT = new Answer(204, "", new byte[0]);
        /** Nothing there. */
        static final Answer NOT_FOUND = new Answer(404, "text/plain",
                "not found\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    Loopback(Handler handler) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), BACKLOG);
        server.setExecutor(threads);
        server.createContext("/", exchange -> serve(exchange, handler));
        server.start();
    }

    private static void serve(HttpExchange exchange, Handler handler) throws IOException {
        try (exchange) {
            byte[] request = exchange.getRequestBody().readAllBytes();
            Answer answer = handler.answer(exchange, request);
            if (!answer.contentType().isEmpty()) {
                exchange.getResponseHeaders().set("Content-Type", answer.contentType());
            }
            boolean empty = answer.body().length == 0;
            exchange.sendResponseHeaders(answer.status(), empty ? -1 : answer.body().length);
            if (!empty) {
                exchange.getResponseBody().write(answer.body());
            }
        }
    }

    /** {@code http://127.0.0.1:PORT}, without a slash at the end. */
    String origin() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
