package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.Tasks;
import dev.fetchback.store.StoreException;
import dev.fetchback.task.TaskId;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Makes the server answer with each of its errors once; the switch has no default, so a new error needs a way to get it. */
class ApiErrorsTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";
    private static final String UNKNOWN_TASK = "/v1/tasks/tsk_00000000000000000000000000";
    private static final String TOKENS = "ann:0123456789abcdef\nboss:fedcba9876543210:admin";

    private Api api;

    @BeforeEach
    void open() throws Exception {
        api = Api.open();
    }

    @AfterEach
    void close() {
        api.close();
    }

    @ParameterizedTest
    @EnumSource
    void everyErrorCanBeHad(ApiError error) throws Exception {
        Answer answer = trigger(error);
        assertThat(answer.body).as("body").contains("\"code\":\"" + error.code() + "\"");
        assertThat(answer.status).isEqualTo(error.status());
        assertThat(Json.text(answer.body, "/title")).isEqualTo(error.title());
        assertThat(Json.text(answer.body, "/status")).isEqualTo(Integer.toString(error.status()));
        assertThat(Json.text(answer.body, "/type")).endsWith(error.code());
        assertThat(Json.text(answer.body, "/detail")).matches(".*[.?]");
        assertThat(answer.contentType).isEqualTo("application/problem+json");
    }

    private Answer trigger(ApiError error) throws Exception {
        return switch (error) {
            case MALFORMED_JSON -> task("{\"url\":");
            case DUPLICATE_KEY -> task("{\"url\":\"http://a/\",\"url\":\"http://b/\"}");
            case TRAILING_TEXT -> task(URL + "{}");
            case UNKNOWN_FIELD -> task("{\"uri\":\"http://a/\"}");
            case MISSING_FIELD -> task("{}");
            case WRONG_TYPE -> task("{\"url\":1}");
            case OUT_OF_RANGE -> with("\"priority\":10");
            case UNKNOWN_PROCESSOR -> with("\"process\":[{\"use\":\"txt\"}]");
            case INVALID_VALUE -> with("\"method\":\"get\"");
            case INVALID_DURATION -> with("\"delay\":\"soon\"");
            case INVALID_TIME -> with("\"not_before\":\"tomorrow\"");
            case INVALID_URL -> task("{\"url\":\"ftp://a/\"}");
            case INVALID_HEADER -> with("\"headers\":{\"Host\":\"a\"}");
            case INVALID_SECRET -> with("\"deliver\":{\"to\":\"http://a/\",\"secret\":\"hush\"}");
            case CONFLICTING_FIELDS -> with("\"delay\":\"1s\",\"not_before\":\"2027-01-01T00:00:00Z\"");
            case INVALID_CURSOR -> get("/v1/tasks?cursor=abc");
            case INVALID_PARAMETER -> get("/v1/tasks?stat=dead");
            case INVALID_IDEMPOTENCY_KEY -> post("/v1/tasks", URL, "Idempotency-Key", "k".repeat(300));
            case BATCH_REJECTED -> post("/v1/batches", "{\"items\":[]}");
            case BAD_REQUEST -> raw("NOT HTTP\r\n\r\n");
            case UNAUTHORIZED -> tokens("GET", "/v1/tasks", "Basic abc");
            case ADMIN_REQUIRED -> tokens("GET", "/v1/receivers", "Bearer 0123456789abcdef");
            case CROSS_SITE -> post("/v1/tasks", URL, "Sec-Fetch-Site", "cross-site");
            case INVALID_LINK -> get(UNKNOWN_TASK + "/result?expires=1&signature=bad");
            case NOT_FOUND -> get("/v2");
            case TASK_NOT_FOUND -> get(UNKNOWN_TASK);
            case BATCH_NOT_FOUND -> get("/v1/batches/bat_00000000000000000000000000");
            case RECEIVER_NOT_FOUND -> post("/v1/receivers/rcv_1/resume", null);
            case NO_RESULT -> get("/v1/tasks/" + api.submit(URL) + "/result");
            case METHOD_NOT_ALLOWED -> of(api.send("PUT", "/v1/tasks", URL));
            case REQUEST_TIMEOUT -> tooSlow();
            case IDEMPOTENCY_CONFLICT -> {
                api.submit(URL, "Idempotency-Key", "k1");
                yield post("/v1/tasks", "{\"url\":\"https://example.com/2\"}", "Idempotency-Key", "k1");
            }
            case TASK_FINISHED -> post("/v1/tasks/" + finished() + "/cancel", null);
            case TASK_NOT_FINISHED -> post("/v1/tasks/" + api.submit(URL) + "/retry", null);
            case TASK_NOT_DEAD -> post("/v1/tasks/" + finished() + "/redrive", null);
            case LINK_EXPIRED -> {
                api.clock.set(Api.PAGE_LINK_SECONDS * 1000L);
                yield get(UNKNOWN_TASK + "/result?expires=" + Api.PAGE_LINK_SECONDS + "&signature=" + Api.PAGE_LINK_SIGNATURE);
            }
            case BODY_TOO_LARGE -> task("{\"url\":\"http://a/\",\"body\":\"" + "x".repeat(ApiLimits.TASK_BYTES) + "\"}");
            case URI_TOO_LONG -> raw("GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            case UNSUPPORTED_MEDIA_TYPE -> post("/v1/tasks", "a=b", "Content-Type", "application/x-www-form-urlencoded");
            case RANGE_NOT_SATISFIABLE -> of(api.get("/v1/tasks/" + finished() + "/result", "Range", "bytes=10-"));
            case HOST_NOT_ALLOWED -> raw("GET /v1/tasks HTTP/1.1\r\nHost: evil.example\r\n\r\n");
            case HEADERS_TOO_LARGE -> raw("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + "a".repeat(20_000) + "\r\n\r\n");
            case INTERNAL -> failing(new IllegalStateException("a fault with a password in it"));
            case NOT_SUPPORTED -> with("\"order_key\":\"a\"");
            case OVERLOADED -> failing(new Tasks.Overloaded("the queue is full"));
            case DRAINING -> draining();
            case STORE_UNAVAILABLE -> failing(new StoreException(StoreException.Kind.UNUSABLE, "read-only", null));
            case STORAGE_FULL -> failing(new StoreException(StoreException.Kind.FULL, "disk full", null));
        };
    }

    private Answer failing(RuntimeException fault) throws Exception {
        api.tasks.beforeSubmit = submissions -> {
            throw fault;
        };
        HttpResponse<String> response = api.post("/v1/tasks", URL);
        assertThat(response.body()).doesNotContain(fault.getMessage());
        assertThat(response.headers().firstValue("Retry-After").isPresent()).isEqualTo(response.statusCode() != 500);
        return of(response);
    }

    private TaskId finished() throws Exception {
        TaskId id = api.submit(URL);
        api.tasks.succeed(id, new byte[10], "text/html", "00");
        return id;
    }

    /** By this server's clock minutes pass between two bytes. */
    private Answer tooSlow() throws Exception {
        AtomicLong offset = new AtomicLong();
        try (Api slow = Api.open(Tokens.none(), s -> s, () -> System.nanoTime() + offset.get());
                RawClient client = slow.raw()) {
            client.send("POST /v1/tasks HTTP/1.1\r\nHost: localhost:" + slow.port() + "\r\nContent-Length: 100\r\n\r\n{");
            awaitInside(slow, 1);
            return of(client.answerTo(() -> {
                offset.addAndGet(TimeUnit.MINUTES.toNanos(5));
                client.send("\"");
            }));
        }
    }

    private static void awaitInside(Api api, int count) throws Exception {
        String metric = "fetchback_http_requests_in_flight ";
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!api.get("/metrics").body().contains(metric + (count + 1) + ".0")) { // the asking one is inside too
            if (System.nanoTime() > end) {
                throw new AssertionError("never were " + count + " requests inside");
            }
            Thread.onSpinWait();
        }
    }

    private Answer draining() throws Exception {
        CountDownLatch submitting = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        api.tasks.beforeSubmit = submissions -> {
            submitting.countDown();
            await(go);
        };
        try (RawClient kept = api.raw()) {
            kept.send("GET /v1/tasks HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\n"); // but for its end
            CompletableFuture<HttpResponse<String>> inside = api.later("POST", "/v1/tasks", URL);
            await(submitting);
            int port = api.port();
            Thread closing = Thread.ofPlatform().start(api.server::close);
            while (RawClient.connects(port)) {
                Thread.onSpinWait();
            }
            Answer answer = of(kept.send("\r\n").answer());
            go.countDown();
            assertThat(inside.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
            closing.join(Duration.ofSeconds(10));
            return answer;
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Answer tokens(String method, String path, String authorization) throws Exception {
        try (Api api = Api.open(Tokens.parse(TOKENS, "test"), s -> s)) {
            return of(api.send(method, path, null, "Authorization", authorization));
        }
    }

    private Answer with(String fields) throws Exception {
        return task("{\"url\":\"https://example.com/\"," + fields + "}");
    }

    private Answer task(String json) throws Exception {
        return post("/v1/tasks", json);
    }

    private Answer post(String path, @Nullable String json, String... headers) throws Exception {
        return of(api.post(path, json, headers));
    }

    private Answer get(String path) throws Exception {
        return of(api.get(path));
    }

    private Answer raw(String text) throws Exception {
        try (RawClient client = api.raw()) {
            return of(client.send(text).answer());
        }
    }

    private static Answer of(HttpResponse<String> response) {
        return new Answer(
                response.statusCode(), response.headers().firstValue("Content-Type").orElse(""), response.body());
    }

    private static Answer of(String raw) {
        int body = raw.indexOf("\r\n\r\n") + 4;
        String head = raw.substring(0, body);
        int type = head.indexOf("Content-Type: ") + 14;
        return new Answer(
                Integer.parseInt(raw.substring(9, 12)), head.substring(type, head.indexOf('\r', type)), raw.substring(body));
    }

    private record Answer(int status, String contentType, String body) {}
}
