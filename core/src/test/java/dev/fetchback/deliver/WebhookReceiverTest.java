package dev.fetchback.deliver;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.outbound.Resolved;
import dev.fetchback.task.Problem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** An endpoint that is posted to, over real sockets. */
final class WebhookReceiverTest extends ReceiverContract {
    private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    private final Outbound outbound = new Outbound(OutboundSettings.DEFAULT, AddressPolicy.parse("127.0.0.0/8"),
            (host, wait) -> Resolved.of(InetAddress.getByName(host)));
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(calls);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void close() {
        outbound.close();
        server.stop(0);
        calls.shutdownNow();
    }

    private void answer(HttpExchange call) throws IOException {
        try (call) {
            Map<String, Object> envelope = Json.object(call.getRequestBody().readAllBytes());
            Map<?, ?> data = (Map<?, ?>) envelope.get("data");
            Object told = data.containsKey("error") ? ((Map<?, ?>) data.get("error")).get("code") : data.get("body");
            String attempt = call.getRequestHeaders().getFirst("fetchback-attempt");
            Does now = does;
            got.add(new Got(call.getRequestHeaders().getFirst("webhook-id"), (String) data.get("id"), Integer.parseInt(attempt),
                    (String) envelope.get("type"), (String) told));
            int status = switch (now) {
                case TAKE -> 204;
                case FAIL -> 500;
                case RETRY_LATER -> 503;
                case GONE -> 410;
                case HANG -> {
                    gate.acquire();
                    yield 204;
                }
            };
            if (now == Does.RETRY_LATER) {
                call.getResponseHeaders().add("Retry-After", Long.toString(LATER.toSeconds()));
            }
            call.sendResponseHeaders(status, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    String to() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/hook";
    }

    @Override
    Post post() {
        return new OutboundPost(outbound);
    }

    @Override
    InProcess functions() {
        return Pages.NONE_IN_PROCESS;
    }

    @Override
    String failureCode() {
        return Problem.HTTP_STATUS;
    }
}
