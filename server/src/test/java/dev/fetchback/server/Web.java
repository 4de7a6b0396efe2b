package dev.fetchback.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A web server on loopback, for pages and for receivers; every request is kept to be looked at. */
final class Web implements AutoCloseable {
    /** A request as it came. */
    record Seen(String method, String path, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    /** What to answer; a status of 0 never answers. */
    record Answer(int status, Map<String, String> headers, byte[] body) {
        static Answer of(int status, String body) {
            return new Answer(status, Map.of("content-type", "text/html; charset=utf-8"), body.getBytes(StandardCharsets.UTF_8));
        }

        static Answer of(int status) {
            return new Answer(status, Map.of(), new byte[0]);
        }
    }

    /** A permit for each request that came, answered or not. */
    final Semaphore arrived = new Semaphore(0);
    final BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();
    /** Requests for robots.txt, which are not among those seen. */
    final AtomicInteger robots = new AtomicInteger();
    private final HttpServer server;

    /** Without a robots.txt. */
    Web(Function<Seen, Answer> handler) throws IOException {
        this(handler, Answer.of(404));
    }

    Web(Function<Seen, Answer> handler, Answer robotsTxt) throws IOException {
        this(InetAddress.getLoopbackAddress(), handler, robotsTxt);
    }

    Web(InetAddress address, Function<Seen, Answer> handler, Answer robotsTxt) throws IOException {
        server = HttpServer.create(new InetSocketAddress(address, 0), 1_000);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> answer(exchange, handler));
        server.createContext("/robots.txt", exchange -> {
            robots.incrementAndGet();
            send(exchange, robotsTxt);
        });
        server.start();
    }

    private void answer(HttpExchange exchange, Function<Seen, Answer> handler) throws IOException {
        Map<String, String> headers = new java.util.TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
        Seen request = new Seen(exchange.getRequestMethod(), exchange.getRequestURI().toString(), headers,
                exchange.getRequestBody().readAllBytes());
        arrived.release();
        Answer answer = handler.apply(request);
        seen.add(request);
        if (answer.status() != 0) {
            send(exchange, answer);
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        try (exchange) {
            answer.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
            exchange.sendResponseHeaders(answer.status(), answer.body().length == 0 ? -1 : answer.body().length);
            if (answer.body().length > 0) {
                exchange.getResponseBody().write(answer.body());
            }
        }
    }

    /** Its address and port. */
    String host() {
        return server.getAddress().getAddress().getHostAddress() + ":" + server.getAddress().getPort();
    }

    String url(String path) {
        return "http://" + host() + path;
    }

    /** The next request, or a failure after ten seconds. */
    Seen next() throws InterruptedException {
        Seen request = seen.poll(10, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("no request came within 10 s");
        }
        return request;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
