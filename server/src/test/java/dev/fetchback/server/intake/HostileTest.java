package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that break rules, dawdle or vanish: each is answered or cut in bounded time, and the next one is served. */
@Tag("alone")
class HostileTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";
    static final ApiLimits QUICK = new ApiLimits(
            new ApiLimits.Crowd(16, 64, 8, 2),
            new ApiLimits.Bodies(1 << 20, 1 << 20),
            new ApiLimits.Patience(1024, Duration.ofSeconds(1), Duration.ofMillis(300), Duration.ofMillis(1500)));

    static Api quick() throws IOException {
        return Api.open(Tokens.none(), s -> Api.with(s, QUICK));
    }

    static String head(Api api, String line, String... headers) {
        StringBuilder head = new StringBuilder(line + " HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        return head.append("\r\n").toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/tasks HTTP/1.1\r\n\r\n",
                "GET /v1/tasks HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET /v1/tasks HTTP/3.0\r\nHost: localhost\r\n\r\n",
                "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nX\u0000: a\r\n\r\n",
                "GET /v1/../etc/passwd HTTP/1.1\r\n\r\n",
                "GET /v1/%2e%2e/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "\u0016\u0003\u0001\u0002\r\n\r\n",
            })
    void whatIsNotHttpIsRefusedAsAProblem(String request) throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            String answer = client.send(request).answer();
            assertThat(answer).contains("application/problem+json").contains("\"status\":4");
            assertThat(answer).doesNotContain("Jetty").doesNotContain("\tat ");
        }
    }

    @Test
    void whatFollowsATaskOnItsConnectionIsAnsweredToo() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            String json = "Content-Type: application/json";
            String task = head(api, "POST /v1/tasks", json, "Content-Length: " + URL.length()) + URL;
            String bad = head(api, "POST /v1/tasks", json, "Content-Length: 4") + "{bad";
            client.send(task + bad + head(api, "GET /nowhere") + task + bad);
            List<String> statuses = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                statuses.add(client.answer().substring(9, 12));
            }
            assertThat(statuses).containsExactly("202", "400", "404", "202", "400");
        }
    }

    @Test
    void aBadQueryEscapeIsRefused() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            assertThat(client.send(head(api, "GET /v1/tasks?label=%zz")).answer()).startsWith("HTTP/1.1 400");
        }
    }

    @Test
    void headersThatDribbleAreCut() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            client.send("GET /v1/tasks HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\nX-A: ");
            CountDownLatch stop = new CountDownLatch(1);
            Thread dribble = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (!stop.await(200, TimeUnit.MILLISECONDS)) { // far below the idle timeout
                        client.send("a");
                    }
                } catch (IOException | InterruptedException e) {
                    return; // cut, as it should be
                }
            });
            long began = System.nanoTime();
            assertThat(client.untilClosed()).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
            stop.countDown();
            dribble.join();
            assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aSilentConnectionIsClosed() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            assertThat(client.untilClosed()).isEmpty();
        }
    }

    @Test
    void aBodyThatStopsIsAnsweredInTime() throws Exception {
        try (Api api = quick()) {
            for (String path : new String[] {"/v1/tasks", "/v1/dead/redrive"}) {
                try (RawClient client = api.raw()) {
                    client.send(head(api, "POST " + path, "Content-Length: 100") + "{");
                    assertThat(client.answer()).startsWith("HTTP/1.1 408").contains("request_timeout");
                    client.untilClosed();
                }
            }
        }
    }

    @Test
    void aBatchThatStopsIsAnsweredWithWhatIsStored() throws Exception {
        AtomicLong offset = new AtomicLong();
        try (Api api = Api.open(Tokens.none(), s -> s, () -> System.nanoTime() + offset.get());
                RawClient client = api.raw()) {
            CountDownLatch stored = new CountDownLatch(1);
            api.tasks.beforeSubmit = submissions -> stored.countDown();
            client.send(head(api, "POST /v1/batches", "Content-Type: application/x-ndjson", "Content-Length: 100000")
                    + (URL + "\n").repeat(BatchRun.CHUNK_TASKS));
            assertThat(stored.await(10, TimeUnit.SECONDS)).isTrue();
            String answer = client.answerTo(() -> {
                offset.addAndGet(TimeUnit.HOURS.toNanos(1));
                client.send(" ");
            });
            assertThat(answer).startsWith("HTTP/1.1 408").contains("\"accepted\":" + BatchRun.CHUNK_TASKS);
        }
    }

    @Test
    void aWaitOutlastsTheIdleTimeout() throws Exception {
        try (Api api = quick()) {
            TaskId id = api.submit(URL);
            CompletableFuture<HttpResponse<String>> poll = api.later("GET", "/v1/tasks/" + id + "?wait=3s", null);
            CompletableFuture<HttpResponse<String>> wait = api.later("POST", "/v1/tasks", URL, "Prefer", "wait=3");
            assertThat(poll.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            assertThat(wait.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
        }
    }

    @Test
    void whoDoesNotReadIsCut() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            TaskId id = api.submit(URL);
            api.tasks.succeed(id, new byte[50 << 20], "text/html", "ab");
            client.send(head(api, "GET /v1/tasks/" + id + "/result"));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!api.get("/metrics").body().contains("fetchback_http_requests_in_flight 1.0")) {
                assertThat(System.nanoTime()).as("the answer was never given up").isLessThan(end);
            }
            assertThat(client.untilClosed().length()).isLessThan(50 << 20);
        }
    }

    @Test
    void whoReadsTooSlowlyIsCut() throws Exception {
        AtomicLong offset = new AtomicLong();
        try (Api api = Api.open(Tokens.none(), s -> s, () -> System.nanoTime() + offset.get());
                RawClient client = api.raw()) {
            TaskId id = api.submit(URL);
            api.tasks.succeed(id, new byte[50 << 20], "text/html", "ab");
            client.send(head(api, "GET /v1/tasks/" + id + "/result"));
            int read = 0;
            try {
                while (true) { // an hour for each megabyte, by the server's clock
                    byte[] piece = client.in().readNBytes(1 << 20);
                    read += piece.length;
                    if (piece.length < 1 << 20) {
                        break;
                    }
                    offset.addAndGet(TimeUnit.HOURS.toNanos(1));
                }
            } catch (IOException e) {
                assertThat(e).as("reset").hasMessageNotContaining("timed out");
            }
            assertThat(read).isBetween(1, 40 << 20);
        }
    }

    @Test
    void whoVanishesLeavesNothingBehind() throws Exception {
        try (Api api = quick()) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            api.tasks.beforeSubmit = submissions -> {
                inside.countDown();
                try {
                    assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            };
            try (RawClient client = api.raw()) {
                client.send(head(api, "POST /v1/tasks", "Content-Length: " + URL.length()) + URL);
                assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
            }
            go.countDown();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!api.get("/metrics").body().contains("fetchback_http_requests_in_flight 1.0")) {
                assertThat(System.nanoTime()).isLessThan(end);
            }
            assertThat(api.tasks.size()).isEqualTo(1);
        }
    }

    @Test
    void requestsInOnePieceAreAnsweredInOrder() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            String post = head(api, "POST /v1/tasks", "Content-Length: " + URL.length()) + URL;
            client.send(post + head(api, "GET /v2") + post);
            assertThat(client.answer()).startsWith("HTTP/1.1 202");
            assertThat(client.answer()).startsWith("HTTP/1.1 404");
            assertThat(client.answer()).startsWith("HTTP/1.1 202");
        }
    }

    @Test
    void aRefusedBodyDoesNotBreakTheNextRequest() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            String body = "x".repeat(5000);
            client.send(head(api, "POST /v1/tasks", "Content-Type: text/plain", "Content-Length: 5000") + body);
            assertThat(client.answer()).startsWith("HTTP/1.1 415");
            client.send(head(api, "POST /v1/tasks", "Content-Length: " + URL.length()) + URL);
            assertThat(client.answer()).startsWith("HTTP/1.1 202");
        }
    }

    @Test
    void whoeverSendsTooMuchSeesWhy() throws Exception {
        try (Api api = quick()) {
            String large = "x".repeat(2_500_000);
            for (int i = 0; i < 20; i++) { // a reset would be a matter of luck
                assertThat(api.post("/v1/tasks", large).statusCode()).isEqualTo(413);
                assertThat(api.post("/v1/batches", large).statusCode()).isEqualTo(413);
                String smaller = large.substring(0, 1_500_000);
                assertThat(api.post("/v1/tasks", smaller, "Content-Type", "text/plain").statusCode()).isEqualTo(415);
                assertThat(api.post("/v1/tasks/x", smaller).statusCode()).isEqualTo(405);
            }
        }
    }

    @Test
    void whoeverAsksFirstIsNotMadeToSend() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            client.send(head(api, "POST /v1/tasks", "Content-Length: 50000000", "Expect: 100-continue"));
            assertThat(client.answer()).startsWith("HTTP/1.1 413");
        }
        try (Api api = quick();
                RawClient client = api.raw()) {
            client.send(head(api, "POST /v1/tasks", "Content-Length: " + URL.length(), "Expect: 100-continue"));
            assertThat(client.answer()).startsWith("HTTP/1.1 100");
            client.send(URL);
            assertThat(client.answer()).startsWith("HTTP/1.1 202");
        }
    }

    @Test
    void theOpsPortAnswersWhateverTheApiIsUsedUpBy() throws Exception {
        List<RawClient> slow = new ArrayList<>();
        try (Api api = Api.open(Tokens.none(), s -> Api.opsPort(Api.with(s, QUICK)))) {
            for (int i = 0; i < QUICK.crowd().connections(); i++) {
                slow.add(api.raw().send("POST /v1/tasks HTTP/1.1\r\n")); // and no more
            }
            RawClient probe = new RawClient(api.server.opsPort());
            slow.add(probe);
            String host = " HTTP/1.1\r\nHost: localhost:" + api.server.opsPort() + "\r\n\r\n";
            for (String path : List.of("/health/live", "/health/ready", "/metrics")) {
                assertThat(probe.send("GET " + path + host).answer()).startsWith("HTTP/1.1 200");
            }
            for (String path : List.of("/v1/tasks", "/v1/receivers", "/")) {
                assertThat(probe.send("GET " + path + host).answer()).startsWith("HTTP/1.1 404");
            }
        } finally {
            for (RawClient client : slow) {
                client.close();
            }
        }
    }

    @Test
    void moreConnectionsThanAllowedWaitForRoom() throws Exception {
        try (Api api = quick()) {
            RawClient[] many = new RawClient[QUICK.crowd().connections()];
            for (int i = 0; i < many.length; i++) {
                many[i] = api.raw();
                assertThat(many[i].send(head(api, "GET /health/live")).answer()).startsWith("HTTP/1.1 200");
            }
            try (RawClient late = api.raw()) {
                late.send(head(api, "GET /health/live"));
                many[0].close();
                assertThat(late.answer()).startsWith("HTTP/1.1 200");
            }
            for (RawClient client : many) {
                client.close();
            }
        }
    }
}
