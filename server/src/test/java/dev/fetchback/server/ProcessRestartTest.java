package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** The real server as a process that dies while pages are in processors. */
@Timeout(120)
@OnEachEngine
final class ProcessRestartTest {
    private static final int TASKS = 60;
    private static final int BEFORE_THE_KILL = 5;

    @TempDir
    Path folder;

    @Parameter
    Engine engine;

    private final Set<String> delivered = ConcurrentHashMap.newKeySet();
    private final Semaphore fresh = new Semaphore(0);
    private Web pages;
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        pages = new Web(seen -> Web.Answer.of(200, "<p>one two three</p>"));
        receiver = new Web(seen -> {
            boolean right = seen.text().contains("\"processed\":{\"text\":\"one two three\",\"slow\":3}");
            if (right && delivered.add(seen.path())) {
                fresh.release();
            }
            return Web.Answer.of(204);
        });
    }

    @AfterEach
    void close() {
        pages.close();
        receiver.close();
    }

    private ChildServer launch(String store) throws Exception {
        return ChildServer.launch(List.of(), Map.of(), folder, "--port", "0", "--data-dir", folder.resolve("data").toString(),
                "--store", store, "--node-lease", "2s",
                "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks", "127.0.0.0/8", "--fetch-per-host-gap", "0s",
                "--fetch-per-host-concurrency", "64", "--fetch-per-address-concurrency", "64", "--process-workers", "2", "--drain", "5s")
                .listening();
    }

    @Test
    void killedWhilePagesAreProcessedItLosesNoneAndLeavesNoProcess() throws Exception {
        Files.writeString(folder.resolve("fetchback.yaml"), "process.commands: {slow: [sh, -c, 'sleep 0.1; wc -w']}\n");
        String store = engine.fresh();
        List<ProcessHandle> workers = new ArrayList<>();
        try (ChildServer server = launch(store)) {
            for (int i = 0; i < TASKS; i++) {
                String task = "{\"url\":\"" + pages.url("/" + i) + "\",\"process\":[{\"use\":\"text\"},{\"use\":\"slow\"}],\"deliver\":{\"to\":\""
                        + receiver.url("/hook/" + i) + "\",\"mode\":\"processed\"}}";
                assertThat(server.call("POST", "/v1/tasks", task).statusCode()).isEqualTo(202);
            }
            fresh.acquire(BEFORE_THE_KILL);
            assertThat(server.call("GET", "/v1/tasks?state=processing", "").body()).contains("\"state\":\"processing\"");
            ProcessHandle.of(server.pid()).orElseThrow().descendants().forEach(workers::add);
            assertThat(workers).isNotEmpty();
            server.kill();
        }
        assertThat(delivered).hasSizeLessThan(TASKS);
        for (ProcessHandle worker : workers) {
            assertThat(worker.onExit()).as("%s, which the server started", worker).succeedsWithin(20, TimeUnit.SECONDS);
        }
        try (ChildServer server = launch(store)) {
            assertThat(fresh.tryAcquire(TASKS - BEFORE_THE_KILL, 60, TimeUnit.SECONDS)).as("delivered: %s", delivered.size()).isTrue();
            Set<String> left = new HashSet<>();
            ProcessHandle.of(server.pid()).orElseThrow().descendants().forEach(one -> left.add(one.toString()));
            assertThat(left).as("it works as before").isNotEmpty();
            assertThat(server.stop()).isZero();
            assertThat(server.lines("WARN")).allMatch(line -> line.contains("its work is taken over"));
        }
    }
}
