package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.Tasks.Submission;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SubmitTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";

    private Api api;

    @BeforeEach
    void open() throws Exception {
        api = Api.open(Tokens.none(), s -> Api.deliverTo(s, Api.HOOK));
    }

    @AfterEach
    void close() {
        api.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/tasks", "/"})
    void aTaskIsAcceptedAndCanBeFound(String path) throws Exception {
        HttpResponse<String> response = api.post(path, URL);
        assertThat(response.statusCode()).isEqualTo(202);
        String id = Json.text(response.body(), "/id");
        assertThat(Json.flat(response.body())).hasSize(
                3).containsEntry("/state", "queued").containsEntry("/status_url", "/v1/tasks/" + id);
        assertThat(response.headers().firstValue("Location")).hasValue("/v1/tasks/" + id);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(response.headers().firstValue("Server")).isEmpty();
        assertThat(api.get("/v1/tasks/" + id).statusCode()).isEqualTo(200);
    }

    @Test
    void aDelayedTaskIsScheduled() throws Exception {
        HttpResponse<String> response = api.post("/v1/tasks", "{\"url\":\"https://example.com/\",\"delay\":\"5m\"}");
        assertThat(Json.text(response.body(), "/state")).isEqualTo("scheduled");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.task+json"})
    void kindsOfJsonAreTaken(String type) throws Exception {
        assertThat(api.post("/v1/tasks", URL, "Content-Type", type).statusCode()).isEqualTo(202);
    }

    @Test
    void aBodyOfUnknownLengthIsTaken() throws Exception {
        byte[] json = URL.getBytes();
        HttpRequest request = HttpRequest.newBuilder(api.uri("/v1/tasks"))
                .POST(BodyPublishers.ofByteArrays(List.of(json, " ".repeat(40_000).getBytes())))
                .build();
        assertThat(api.send(request).statusCode()).isEqualTo(202);
    }

    @Test
    void aLargeTaskIsTaken() throws Exception {
        String body = "x".repeat(900_000);
        String json = "{\"url\":\"https://example.com/\",\"method\":\"POST\",\"body\":\"" + body + "\"}";
        assertThat(api.post("/v1/tasks", json).statusCode()).isEqualTo(202);
        assertThat(api.tasks.newest().spec().request().body()).isEqualTo(body);
    }

    @Test
    void theSameKeyAndBodyAreTheSameTask() throws Exception {
        HttpResponse<String> first = api.post("/v1/tasks", URL, "Idempotency-Key", "k");
        HttpResponse<String> second = api.post("/v1/tasks", URL, "Idempotency-Key", "k");
        assertThat(first.statusCode()).isEqualTo(202);
        assertThat(second.statusCode()).isEqualTo(200);
        assertThat(Json.text(second.body(), "/id")).isEqualTo(Json.text(first.body(), "/id"));
        assertThat(Json.text(second.body(), "/deduplicated")).isEqualTo("true");
        assertThat(second.headers().firstValue("Location")).isEqualTo(first.headers().firstValue("Location"));
        HttpResponse<String> other = api.post("/v1/tasks", URL + " ", "Idempotency-Key", "k");
        assertThat(other.statusCode()).isEqualTo(409);
        assertThat(other.body()).contains(Json.text(first.body(), "/id"));
        assertThat(api.tasks.size()).isEqualTo(1);
    }

    @Test
    void aWaitEndsWithTheOutcome() throws Exception {
        CompletableFuture<HttpResponse<String>> waiting = api.later("POST", "/v1/tasks", URL, "Prefer", "wait=30");
        api.tasks.awaitWaiting(1);
        TaskId id = api.tasks.newest().task().id();
        api.tasks.succeed(id, new byte[3], "text/plain", "ab");
        HttpResponse<String> response = waiting.get(20, TimeUnit.SECONDS);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Preference-Applied")).hasValue("wait=30");
        assertThat(response.body()).isEqualTo("{\"id\":\"" + id + "\",\"url\":\"https://example.com/\"}");
    }

    @Test
    void aWaitThatIsTooShortIsAnsweredAsIfNobodyWaited() throws Exception {
        HttpResponse<String> response = api.post("/v1/tasks", URL, "Prefer", "wait=1");
        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(Json.text(response.body(), "/state")).isEqualTo("queued");
        assertThat(response.headers().firstValue("Preference-Applied")).isEmpty();
    }

    @Test
    void aRepeatedSubmitMayWaitToo() throws Exception {
        TaskId id = api.submit(URL, "Idempotency-Key", "k");
        api.tasks.succeed(id, new byte[3], "text/plain", "ab");
        HttpResponse<String> response = api.post("/v1/tasks", URL, "Idempotency-Key", "k", "Prefer", "wait=5");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(Json.text(response.body(), "/id")).isEqualTo(id.toString());
    }

    @Test
    void whoeverWaitsCanReadThePageAlthoughAReceiverGetsIt() throws Exception {
        api.post("/v1/tasks", URL, "Prefer", "wait=1");
        assertThat(api.tasks.newest().spec().schedule().keep()).isEqualTo(Duration.ofMinutes(5));
        api.submit(URL);
        assertThat(api.tasks.newest().spec().schedule()).isSameAs(TaskSpec.Schedule.NOW);
    }

    @Test
    void tooManyWaitsAreAnsweredAtOnce() throws Exception {
        ApiLimits d = ApiLimits.DEFAULT;
        ApiLimits one = new ApiLimits(
                new ApiLimits.Crowd(100, 100, 1, 1), new ApiLimits.Bodies(1 << 20, 1 << 20), d.patience());
        try (Api small = Api.open(Tokens.none(), s -> Api.with(s, one))) {
            CompletableFuture<HttpResponse<String>> first = small.later("POST", "/v1/tasks", URL, "Prefer", "wait=60");
            small.tasks.awaitWaiting(1);
            assertThat(small.post("/v1/tasks", URL, "Prefer", "wait=60").statusCode()).isEqualTo(202);
            assertThat(first).isNotDone();
        }
    }

    @Test
    void anOutcomeThatCannotBeRenderedIsTheServersFault() throws Exception {
        api.results = task -> {
            throw new IOException("the disk is gone");
        };
        TaskId id = api.submit(URL, "Idempotency-Key", "k");
        api.tasks.succeed(id, new byte[3], "text/plain", "ab");
        HttpResponse<String> response = api.post("/v1/tasks", URL, "Idempotency-Key", "k", "Prefer", "wait=5");
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).doesNotContain("disk");
    }

    @Test
    void oneBadTaskDoesNotFailItsNeighbours() throws Exception {
        CountDownLatch blocked = new CountDownLatch(3);
        CountDownLatch go = new CountDownLatch(1);
        List<Integer> groups = new CopyOnWriteArrayList<>();
        api.tasks.beforeSubmit = submissions -> {
            groups.add(submissions.size());
            blocked.countDown();
            await(go);
            for (Submission submission : submissions) {
                if (submission.spec().url().endsWith("/bad")) {
                    throw new IllegalArgumentException("no store can hold this");
                }
            }
        };
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 3; i++) { // every thread of the lane is busy with one
            answers.add(api.later("POST", "/v1/tasks", URL));
            int busy = 2 - i;
            while (blocked.getCount() > busy) {
                Thread.onSpinWait();
            }
        }
        for (int i = 0; i < 10; i++) {
            answers.add(api.later("POST", "/v1/tasks", i == 5 ? "{\"url\":\"https://example.com/bad\"}" : URL));
        }
        while (!api.get("/metrics").body().contains("fetchback_http_requests_in_flight 14.0")) {
            Thread.onSpinWait();
        }
        go.countDown();
        List<Integer> statuses = new ArrayList<>();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            statuses.add(answer.get(20, TimeUnit.SECONDS).statusCode());
        }
        assertThat(statuses).containsOnly(202, 500).containsOnlyOnce(500);
        assertThat(statuses.get(8)).isEqualTo(500);
        assertThat(groups).as("what waited was submitted together").anyMatch(size -> size > 1);
    }

    @Test
    void tooManyRequestsAreToldToComeAgain() throws Exception {
        ApiLimits d = ApiLimits.DEFAULT;
        ApiLimits two = new ApiLimits(
                new ApiLimits.Crowd(100, 2, 1, 1), new ApiLimits.Bodies(1 << 20, 1 << 20), d.patience());
        try (Api small = Api.open(Tokens.none(), s -> Api.with(s, two))) {
            CountDownLatch inside = new CountDownLatch(2);
            CountDownLatch go = new CountDownLatch(1);
            small.tasks.beforeSubmit = submissions -> {
                submissions.forEach(submission -> inside.countDown());
                await(go);
            };
            CompletableFuture<HttpResponse<String>> one = small.later("POST", "/v1/tasks", URL);
            CompletableFuture<HttpResponse<String>> other = small.later("POST", "/v1/tasks", URL);
            await(inside);
            HttpResponse<String> third = small.post("/v1/tasks", URL);
            assertThat(third.statusCode()).isEqualTo(503);
            assertThat(third.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(small.get("/health/live").statusCode()).isEqualTo(200);
            assertThat(small.get("/metrics").statusCode()).as("an operator must see why").isEqualTo(200);
            go.countDown();
            assertThat(one.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
            assertThat(other.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
            assertThat(small.post("/v1/tasks", URL).statusCode()).isEqualTo(202);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"/v1/tasks,application/json", "/v1/batches,application/json", "/v1/batches,application/x-ndjson"})
    void aCompressedBodyIsRefusedAsSuch(String path, String type) throws Exception {
        HttpResponse<String> answer = api.post(path, URL, "Content-Type", type, "Content-Encoding", "gzip");
        assertThat(answer.statusCode()).isEqualTo(415);
        assertThat(answer.body()).contains("\"unsupported_media_type\"", "gzip");
        assertThat(api.post("/v1/tasks", URL, "Content-Encoding", "identity").statusCode()).isEqualTo(202);
    }
}
