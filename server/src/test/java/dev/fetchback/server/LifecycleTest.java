package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** The real server as a process: how it starts, stops and dies. */
@Timeout(180)
@OnEachEngine
final class LifecycleTest {
    private static final Pattern ID = Pattern.compile("\"id\":\"(tsk_[0-9a-zA-Z]{26})\"");
    /** What each line of the log looks like. */
    private static final String LINE = "[0-9T:.-]+Z (INFO|WARN|ERROR) .*";

    @TempDir
    Path folder;

    @Parameter
    Engine engine;

    private final CountDownLatch gate = new CountDownLatch(1);
    private String store = "";
    private Web pages;
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        pages = new Web(seen -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return Web.Answer.of(200, "page");
        });
        receiver = new Web(seen -> Web.Answer.of(204));
    }

    @AfterEach
    void close() {
        gate.countDown();
        pages.close();
        receiver.close();
    }

    @BeforeEach
    void emptyStore() {
        store = engine.fresh();
    }

    private ChildServer launch(String port, String drain) throws Exception {
        return launch(port, drain, "text");
    }

    private ChildServer launch(String port, String drain, String log) throws Exception {
        return ChildServer.launch(List.of(), Map.of(), folder, "--port", port, "--data-dir", folder.resolve("data").toString(),
                "--store", store, "--node-lease", "2s", "--deliver-to", receiver.url("/hook"), "--fetch-allow-networks", "127.0.0.0/8", "--fetch-per-host-gap", "0s",
                "--drain", drain, "--log", log);
    }

    /** Submits one, and waits until its page is asked for. */
    private String submitAndFetch(ChildServer server) throws Exception {
        HttpResponse<String> answer = server.call("POST", "/v1/tasks", "{\"url\":\"" + pages.url("/p") + "\"}");
        assertThat(answer.statusCode()).isEqualTo(202);
        Matcher id = ID.matcher(answer.body());
        assertThat(id.find()).isTrue();
        pages.arrived.acquire();
        return id.group(1);
    }

    @Test
    void sigtermLetsWhatIsUnderWayFinishAndEndsWith0() throws Exception {
        try (ChildServer server = launch("0", "20s").listening()) {
            String id = submitAndFetch(server);
            Thread stopper = Thread.ofVirtual().start(() -> {
                try {
                    server.awaitLine("stopping");
                    gate.countDown();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            assertThat(server.stop()).isZero();
            stopper.join();
            assertThat(receiver.next().headers()).containsEntry("fetchback-task-id", id);
            assertThat(server.log().lines()).as("only our own lines").allMatch(line -> line.matches(LINE));
            assertThat(server.log().lines().toList()).hasSize(4);
        }
    }

    @Test
    void whatDoesNotFinishInTimeIsHandedBackAndDoneAfterARestart() throws Exception {
        String id;
        try (ChildServer server = launch("0", "500ms").listening()) {
            id = submitAndFetch(server);
            assertThat(server.stop()).isZero();
            assertThat(receiver.seen).isEmpty();
        }
        gate.countDown();
        try (ChildServer server = launch("0", "500ms").listening()) {
            assertThat(receiver.next().headers()).containsEntry("fetchback-task-id", id);
            String status = server.call("GET", "/v1/tasks/" + id + "?wait=20s", "").body();
            assertThat(status).contains("\"state\":\"succeeded\"").contains("\"fetch\":1");
        }
    }

    @Test
    void aKillOrAFailedStartLeavesNothingInTheWay() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))) {
            try (ChildServer server = launch(Integer.toString(taken.getLocalPort()), "1s")) {
                assertThat(server.exit()).isEqualTo(1);
                assertThat(server.log()).hasLineCount(1).contains("start failed", "127.0.0.1:" + taken.getLocalPort())
                        .doesNotContain("stack=");
            }
        }
        String id;
        try (ChildServer server = launch("0", "1s").listening()) {
            id = submitAndFetch(server);
            try (ChildServer second = launch("0", "1s")) {
                assertThat(second.exit()).isEqualTo(1);
                assertThat(second.log()).hasLineCount(1).contains("in use by another process (pid " + server.pid() + ")");
            }
            server.kill();
        }
        gate.countDown();
        try (ChildServer server = launch("0", "1s", "json")) {
            server.awaitLine("listening");
            assertThat(receiver.next().headers()).containsEntry("fetchback-task-id", id);
            assertThat(server.stop()).isZero();
            assertThat(server.log().lines()).isNotEmpty()
                    .allMatch(line -> line.matches("\\{\"time\":\"[^\"]+\",\"level\":\"[A-Z]+\",\"event\":\".*\\}"));
        }
    }

    @Test
    void whoeverSendsItsRequestsAgainAfterAKillStartsNothingTwice() throws Exception {
        String task = "{\"url\":\"" + pages.url("/p") + "\"}";
        String line = "{\"url\":\"" + pages.url("/p") + "\",\"idempotency_key\":\"k2\"}\n";
        String[] ndjson = {"Content-Type", "application/x-ndjson"};
        String id;
        try (ChildServer server = launch("0", "1s").listening()) {
            HttpResponse<String> first = server.call("POST", "/v1/tasks", task, "Idempotency-Key", "k1");
            assertThat(first.statusCode()).isEqualTo(202);
            id = first.body();
            assertThat(server.call("POST", "/v1/batches", line, ndjson).body()).contains("\"accepted\":1");
            server.kill();
        }
        gate.countDown();
        try (ChildServer server = launch("0", "1s").listening()) {
            HttpResponse<String> again = server.call("POST", "/v1/tasks", task, "Idempotency-Key", "k1");
            assertThat(again.statusCode()).isEqualTo(200);
            Matcher same = ID.matcher(id);
            assertThat(same.find()).isTrue();
            assertThat(again.body()).contains(same.group(1), "\"deduplicated\":true");
            HttpResponse<String> other = server.call("POST", "/v1/tasks", task + " ", "Idempotency-Key", "k1");
            assertThat(other.statusCode()).as("other bytes").isEqualTo(409);
            assertThat(server.call("POST", "/v1/batches", line, ndjson).body()).contains("\"accepted\":0", "\"deduplicated\":1");
            List<String> delivered = List.of(receiver.next().headers().get("fetchback-task-id"),
                    receiver.next().headers().get("fetchback-task-id"));
            assertThat(delivered).doesNotHaveDuplicates().contains(same.group(1));
            assertThat(server.stop()).isZero();
            assertThat(receiver.seen).as("there were two tasks").isEmpty();
        }
    }
}
