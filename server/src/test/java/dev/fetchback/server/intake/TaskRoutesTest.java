package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.TaskId;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaskRoutesTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";

    private Api api;

    @BeforeEach
    void open() throws Exception {
        api = Api.open();
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void theStatusTellsEverythingButSecrets() throws Exception {
        TaskId id = api.submit(
                """
                {"url":"https://example.com/p","method":"POST","body":"hush-body","labels":["nightly"],"metadata":{"order":"42"},
                 "headers":{"Authorization":"Bearer hush-1","X-Api-Key":"hush-2","Cookie":"hush-3","Accept":"text/html"},
                 "deliver":{"to":"https://r.example/in","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                            "headers":{"X-Auth-Token":"hush-4","X-Plain":"shown"}}}""");
        String body = api.get("/v1/tasks/" + id).body();
        assertThat(body).doesNotContain("hush").doesNotContain("whsec_").doesNotContain("MfKQ9r8");
        Map<String, String> status = Json.flat(body);
        assertThat(status)
                .containsEntry("/id", id.toString())
                .containsEntry("/state", "queued")
                .containsEntry("/outcome", null)
                .containsEntry("/delivery", "waiting")
                .containsEntry("/headers/Authorization", "[hidden]")
                .containsEntry("/headers/X-Api-Key", "[hidden]")
                .containsEntry("/headers/Cookie", "[hidden]")
                .containsEntry("/headers/Accept", "text/html")
                .containsEntry("/deliver/to", "https://r.example/in")
                .containsEntry("/deliver/headers/X-Auth-Token", "[hidden]")
                .containsEntry("/deliver/headers/X-Plain", "shown")
                .containsEntry("/attempts/fetch", "0")
                .containsEntry("/created_at", "2026-11-22T00:00:00Z")
                .containsEntry("/waiting_on/kind", "turn")
                .containsEntry("/waiting_on/host", "example.com")
                .containsEntry("/labels/0", "nightly")
                .containsEntry("/metadata/order", "42");
    }

    @Test
    void theStatusFollowsTheTask() throws Exception {
        TaskId delayed = api.submit("{\"url\":\"https://example.com/\",\"delay\":\"10s\"}");
        assertThat(status(delayed))
                .containsEntry("/state", "scheduled")
                .containsEntry("/next_attempt_at", "2026-11-22T00:00:10Z")
                .containsEntry("/waiting_on/kind", "delay")
                .containsEntry("/waiting_on/until", "2026-11-22T00:00:10Z");
        TaskId done = api.submit(URL);
        api.clock.addAndGet(1500);
        api.tasks.succeed(done, new byte[5], "text/html", "abcd");
        assertThat(status(done))
                .containsEntry("/state", "succeeded")
                .containsEntry("/outcome", "page")
                .containsEntry("/delivery", "kept")
                .containsEntry("/page/status", "200")
                .containsEntry("/page/bytes", "5")
                .containsEntry("/page/sha256", "abcd")
                .containsEntry("/timings/fetch_ms", "12")
                .containsEntry("/timings/total_ms", "1500")
                .containsEntry("/result_url", "/v1/tasks/" + done + "/result")
                .containsEntry("/result_until", "2026-11-22T00:01:01.500Z")
                .containsEntry("/waiting_on", null);
        TaskId waiting = api.submit("{\"url\":\"https://example.com/\",\"deliver\":{\"to\":\"https://r.example/\"}}");
        api.tasks.fail(waiting, Phase.DELIVER_WAITING, "http_status");
        assertThat(status(waiting))
                .containsEntry("/state", "delivering")
                .containsEntry("/outcome", "failure")
                .containsEntry("/error/code", "http_status")
                .containsEntry("/last_error/status", "503")
                .containsEntry("/waiting_on/kind", "retry")
                .containsEntry("/waiting_on/receiver", "rcv_0000000000000001")
                .containsEntry("/waiting_on/until", "2026-11-22T00:00:06.500Z")
                .containsEntry("/attempts/deliver", "2");
    }

    @Test
    void theStatusTellsOfProcessing() throws Exception {
        TaskId id = api.submit("{\"url\":\"https://example.com/\",\"process\":[{\"use\":\"text\"},{\"use\":\"links\",\"as\":\"l\"}]}");
        api.tasks.waitToBeProcessed(id);
        assertThat(status(id))
                .containsEntry("/state", "processing")
                .containsEntry("/outcome", null)
                .containsEntry("/attempts/process", "1")
                .containsEntry("/last_error/code", "process_crashed")
                .containsEntry("/waiting_on/kind", "retry")
                .containsEntry("/waiting_on/host", "example.com")
                .containsEntry("/page/status", "200")
                .containsEntry("/process/0/use", "text")
                .containsEntry("/process/0/as", "text")
                .containsEntry("/process/0/error", null)
                .containsEntry("/process/1/as", "l");
        assertThat(api.get("/v1/tasks?state=processing").body()).contains(id.toString());
        assertThat(api.get("/v1/tasks?state=fetching,delivering").body()).doesNotContain(id.toString());
        api.tasks.processed(id, new byte[5], new byte[2], Map.of("l", new Problem("process_timeout", "It took too long.", 0)));
        assertThat(status(id))
                .containsEntry("/outcome", "page")
                .containsEntry("/process/0/error", null)
                .containsEntry("/process/1/error/code", "process_timeout")
                .containsEntry("/processed_url", "/v1/tasks/" + id + "/processed");
    }

    @Test
    void theStatusTellsOfAnUnchangedPage() throws Exception {
        TaskId id = api.submit("{\"url\":\"https://example.com/\",\"fetch\":{\"if_changed\":true}}");
        api.tasks.unchanged(id, "abcd");
        assertThat(status(id))
                .containsEntry("/state", "succeeded")
                .containsEntry("/outcome", "unchanged")
                .containsEntry("/delivery", "none")
                .containsEntry("/page/status", "304")
                .containsEntry("/page/sha256", "abcd")
                .containsEntry("/timings/fetch_ms", "12")
                .doesNotContainKey("/result_url");
    }

    private Map<String, String> status(TaskId id) throws Exception {
        return Json.flat(api.get("/v1/tasks/" + id).body());
    }

    @Test
    void linksAreAbsoluteUnderAPublicUrl() throws Exception {
        try (Api named = Api.open(Tokens.none(), s -> Api.publicUrl(s, "https://fb.example"))) {
            HttpResponse<String> response = named.post("/v1/tasks", URL);
            assertThat(response.headers().firstValue("Location").orElseThrow()).startsWith("https://fb.example/v1/tasks/tsk_");
        }
    }

    @Test
    void aLongPollEndsWithTheTask() throws Exception {
        TaskId id = api.submit(URL);
        CompletableFuture<HttpResponse<String>> poll = api.later("GET", "/v1/tasks/" + id + "?wait=30s", null);
        api.tasks.awaitWaiting(1);
        api.tasks.succeed(id, new byte[1], "text/html", "ab");
        assertThat(Json.text(poll.get(20, TimeUnit.SECONDS).body(), "/state")).isEqualTo("succeeded");
        assertThat(Json.text(api.get("/v1/tasks/" + id + "?wait=60").body(), "/state")).isEqualTo("succeeded");
    }

    @Test
    void aLongPollThatIsTooShortShowsTheTaskAsItStands() throws Exception {
        TaskId id = api.submit(URL);
        assertThat(Json.text(api.get("/v1/tasks/" + id + "?wait=50ms").body(), "/state")).isEqualTo("queued");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/tasks/%s?wait=61s",
                "/v1/tasks/%s?wait=soon",
                "/v1/tasks/%s?wait=1s&wait=1s",
                "/v1/tasks/%s?x",
                "/v1/tasks?limit=0",
                "/v1/tasks?limit=1001",
                "/v1/tasks?limit=x",
                "/v1/tasks?state=done",
                "/v1/tasks?state=",
                "/v1/tasks?batch=bat_1",
                "/v1/tasks?created_after=yesterday",
                "/v1/dead?state=dead",
                "/v1/receivers?all=1",
                "/v1/tasks/%s/result?download=1",
            })
    void badParametersAreRefused(String path) throws Exception {
        HttpResponse<String> response = api.get(path.formatted(api.submit(URL)));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(Json.text(response.body(), "/code")).isEqualTo("invalid_parameter");
    }

    @Test
    void listsAreWalkedPageByPage() throws Exception {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            api.clock.incrementAndGet();
            expected.addFirst(api.submit(URL).toString());
        }
        List<String> seen = new ArrayList<>();
        String cursor = "";
        int pages = 0;
        while (cursor != null) {
            Map<String, String> page = Json.flat(api.get("/v1/tasks?limit=3" + cursor).body());
            page.forEach((pointer, value) -> {
                if (pointer.matches("/tasks/\\d+/id")) {
                    seen.add(value);
                }
            });
            cursor = page.get("/next_cursor") == null ? null : "&cursor=" + page.get("/next_cursor");
            pages++;
        }
        assertThat(seen).isEqualTo(expected);
        assertThat(pages).isEqualTo(3);
    }

    @Test
    void listsAreFiltered() throws Exception {
        TaskId plain = api.submit(URL);
        TaskId delayed = api.submit("{\"url\":\"https://other.example:81/\",\"delay\":\"1h\",\"labels\":[\"a b\"]}");
        api.clock.addAndGet(10_000);
        TaskId done = api.submit(URL);
        api.tasks.succeed(done, new byte[1], "text/html", "ab");
        assertThat(ids("state=queued")).containsExactly(plain.toString());
        assertThat(ids("state=scheduled")).containsExactly(delayed.toString());
        assertThat(ids("state=scheduled,succeeded")).containsExactly(done.toString(), delayed.toString());
        assertThat(ids("state=failed")).isEmpty();
        assertThat(ids("host=OTHER.example:81")).containsExactly(delayed.toString());
        assertThat(ids("host=other.example")).containsExactly(delayed.toString());
        assertThat(ids("label=a%20b")).containsExactly(delayed.toString());
        assertThat(ids("created_after=2026-11-22T00:00:05Z")).containsExactly(done.toString());
        assertThat(ids("created_after=2026-11-22T01:00:05+01:00")).containsExactly(done.toString());
        assertThat(ids("batch=bat_00000000000000000000000000")).isEmpty();
    }

    private List<String> ids(String query) throws Exception {
        HttpResponse<String> response = api.get("/v1/tasks?" + query);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Json.flat(response.body()).entrySet().stream()
                .filter(entry -> entry.getKey().matches("/tasks/\\d+/id"))
                .map(Map.Entry::getValue)
                .toList();
    }

    @Test
    void tasksAreCancelledRetriedRedrivenAndDeleted() throws Exception {
        TaskId id = api.submit(URL);
        HttpResponse<String> cancelled = api.post("/v1/tasks/" + id + "/cancel", null);
        assertThat(cancelled.statusCode()).isEqualTo(200);
        assertThat(Json.text(cancelled.body(), "/state")).isEqualTo("cancelled");
        HttpResponse<String> retried = api.post("/v1/tasks/" + id + "/retry", null);
        assertThat(retried.statusCode()).isEqualTo(202);
        assertThat(Json.text(retried.body(), "/state")).isEqualTo("queued");
        api.tasks.fail(id, Phase.DEAD, "http_status");
        HttpResponse<String> redriven = api.post("/v1/tasks/" + id + "/redrive", null);
        assertThat(redriven.statusCode()).isEqualTo(202);
        assertThat(Json.text(redriven.body(), "/state")).isEqualTo("delivering");
        assertThat(Json.text(api.send("DELETE", "/v1/tasks/" + id, null).body(), "/code")).isEqualTo("task_not_finished");
        api.tasks.fail(id, Phase.DEAD, "http_status");
        HttpResponse<String> deleted = api.send("DELETE", "/v1/tasks/" + id, null);
        assertThat(deleted.statusCode()).isEqualTo(204);
        assertThat(deleted.body()).isEmpty();
        for (String action : List.of("cancel", "retry", "redrive")) {
            assertThat(api.post("/v1/tasks/" + id + "/" + action, null).statusCode()).isEqualTo(404);
        }
        assertThat(api.get("/v1/tasks/nonsense").statusCode()).isEqualTo(404);
    }

    @Test
    void deadOutcomesAreListedCountedAndRedriven() throws Exception {
        for (int i = 0; i < 5; i++) {
            TaskId id = api.submit(i < 3 ? "{\"url\":\"https://example.com/\",\"labels\":[\"a\"]}" : URL);
            api.tasks.fail(id, Phase.DEAD, "http_status");
        }
        api.submit(URL);
        assertThat(Json.flat(api.get("/v1/dead?label=a").body()).keySet()).filteredOn(p -> p.endsWith("/id")).hasSize(3);
        assertThat(redrive("{\"dry_run\":true}"))
                .isEqualTo(Map.of("/dry_run", "true", "/matched", "5", "/redriven", "0", "/remaining", "5", "/complete", "true"));
        assertThat(redrive("{\"label\":\"a\",\"limit\":2}"))
                .isEqualTo(
                        Map.of("/dry_run", "false", "/matched", "3", "/redriven", "2", "/remaining", "1", "/complete", "true"));
        assertThat(redrive("")).containsEntry("/redriven", "3").containsEntry("/remaining", "0");
        assertThat(Json.flat(api.get("/v1/dead").body())).containsEntry("/tasks", "[]");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "[]",
            "{\"limit\":0}",
            "{\"dryrun\":true}",
            "{\"batch\":\"x\"}",
            "{\"dry_run\":1}",
            "{} x",
            "{\"limit\":1,\"limit\":1}"})
    void badRedrivesAreRefused(String json) throws Exception {
        assertThat(api.post("/v1/dead/redrive", json).statusCode()).isEqualTo(400);
    }

    private Map<String, String> redrive(String json) throws Exception {
        HttpResponse<String> response = api.post("/v1/dead/redrive", json);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Json.flat(response.body());
    }

    @Test
    void receiversAreListedPausedAndResumed() throws Exception {
        api.tasks.receiver(new ReceiverRecord(
                "rcv_1", "https://r.example/in", ReceiverRecord.Status.GONE, "It said 410.", 3, 0, Api.NOW));
        assertThat(Json.flat(api.get("/v1/receivers").body()))
                .containsEntry("/receivers/0/id", "rcv_1")
                .containsEntry("/receivers/0/status", "gone")
                .containsEntry("/receivers/0/reason", "It said 410.")
                .containsEntry("/receivers/0/updated_at", "2026-11-22T00:00:00Z");
        assertThat(Json.text(api.post("/v1/receivers/rcv_1/resume", null).body(), "/status")).isEqualTo("active");
        assertThat(Json.text(api.post("/v1/receivers/rcv_1/pause", null).body(), "/status")).isEqualTo("paused");
        assertThat(api.post("/v1/receivers/rcv_2/pause", null).statusCode()).isEqualTo(404);
    }

    @Test
    void nodesAreListed() throws Exception {
        assertThat(Json.flat(api.get("/v1/nodes").body()))
                .containsEntry("/nodes/0/name", "a").containsEntry("/nodes/0/self", "true").containsEntry("/nodes/0/since", "2027-01-15T08:00:00Z")
                .containsEntry("/nodes/0/program", "0.1.0").containsEntry("/nodes/0/shards", "33").containsEntry("/nodes/0/lease_ms", "9000")
                .containsEntry("/nodes/1/self", "false").containsEntry("/nodes/1/since", null).containsEntry("/nodes/1/program", null)
                .containsEntry("/nodes/1/lease_ms", "-20");
        assertThat(api.get("/v1/nodes?x=1").statusCode()).isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/tasks", "/v1/dead", "/v1/nodes", "/v1/receivers", "/health/live", "/health/ready", "/metrics"})
    void headIsGetWithoutABody(String path) throws Exception {
        HttpResponse<String> get = api.get(path);
        HttpResponse<String> head = api.send("HEAD", path, null);
        assertThat(head.statusCode()).isEqualTo(get.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValue("Content-Type")).isEqualTo(get.headers().firstValue("Content-Type"));
        assertThat(head.headers().firstValueAsLong("Content-Length").orElse(-1)).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "GET /", "GET /v1/schedules", "POST /v1/schedules/a", "GET /v1/events", "GET /openapi.json"})
    void whatIsStillToComeSaysSo(String line) throws Exception {
        String[] parts = line.split(" ");
        HttpResponse<String> response = api.send(parts[0], parts[1], null);
        assertThat(Json.text(response.body(), "/code")).isEqualTo("not_supported");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"DELETE /v1/tasks", "GET /v1/batches", "POST /metrics", "PUT /", "OPTIONS /v1/tasks", "POST /health/live"})
    void otherMethodsAreRefusedWithThoseAllowed(String line) throws Exception {
        String[] parts = line.split(" ");
        HttpResponse<String> response = api.send(parts[0], parts[1], null);
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow").orElseThrow()).isEqualTo(Route.of(parts[1]).route().allow());
    }
}
