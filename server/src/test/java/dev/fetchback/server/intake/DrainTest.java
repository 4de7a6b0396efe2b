package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DrainTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";

    @Test
    void whoeverWaitsIsAnsweredAsThingsStand() throws Exception {
        try (Api api = Api.open()) {
            TaskId id = api.submit(URL);
            CompletableFuture<HttpResponse<String>> poll = api.later("GET", "/v1/tasks/" + id + "?wait=60s", null);
            CompletableFuture<HttpResponse<String>> wait = api.later("POST", "/v1/tasks", URL, "Prefer", "wait=60");
            api.tasks.awaitWaiting(2);
            long began = System.nanoTime();
            api.server.close();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
            assertThat(poll.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            assertThat(wait.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
        }
    }

    @Test
    void aDrainingServerIsAliveButNotReady() throws Exception {
        try (Api api = Api.open();
                RawClient live = api.raw();
                RawClient ready = api.raw()) {
            String host = " HTTP/1.1\r\nHost: localhost\r\n";
            live.send("GET /health/live" + host);
            ready.send("GET /health/ready" + host);
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
            CompletableFuture<HttpResponse<String>> last = api.later("POST", "/v1/tasks", URL);
            assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
            int port = api.port();
            Thread closing = Thread.ofPlatform().start(api.server::close);
            while (RawClient.connects(port)) {
                Thread.onSpinWait();
            }
            assertThat(live.send("\r\n").answer()).startsWith("HTTP/1.1 200");
            assertThat(ready.send("\r\n").answer()).startsWith("HTTP/1.1 503");
            go.countDown();
            assertThat(last.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
            closing.join();
        }
    }

    @Test
    void whatTakesTooLongIsCut() throws Exception {
        try (Api api = Api.open(Tokens.none(), s -> Api.drain(s, Duration.ofMillis(100)))) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch never = new CountDownLatch(1);
            api.tasks.beforeSubmit = submissions -> {
                inside.countDown();
                try {
                    never.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("interrupted", e);
                }
            };
            CompletableFuture<HttpResponse<String>> stuck = api.later("POST", "/v1/tasks", URL);
            assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
            api.server.close();
            api.server.close(); // any number of times
            int status = stuck.handle((response, cut) -> cut == null ? response.statusCode() : 503).get(10, TimeUnit.SECONDS);
            assertThat(status).isEqualTo(503);
        }
    }

    @Test
    void aServerThatNeverStartedCanBeClosedAndATakenPortIsTold() throws Exception {
        try (Api api = Api.open()) {
            assertThatThrownBy(() -> Api.open(
                            Tokens.none(),
                            s -> new ApiSettings(new ApiSettings.Address("127.0.0.1", api.port(), -1, null, Set.of()), s.intake(), s.limits(),
                                    s.drain())))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + api.port());
            assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
        }
    }
}
