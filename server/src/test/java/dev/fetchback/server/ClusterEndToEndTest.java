package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import dev.fetchback.store.postgres.Servers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real servers as processes that share a database: they divide the work, and take it over from each other. */
@Timeout(180)
@OnOneEngine(value = Engine.POSTGRES, because = "nodes share it")
final class ClusterEndToEndTest {
    private static final Pattern ID = Pattern.compile("\"id\":\"(tsk_[0-9a-zA-Z]{26})\"");
    /** So many that one node has them all by chance once in 32,768 runs: their ports, which say whose they are, are any. */
    private static final int HOSTS = 16;

    @TempDir
    Path folder;

    private final String url = Servers.url();
    private final Set<String> delivered = ConcurrentHashMap.newKeySet();
    private final Semaphore fresh = new Semaphore(0);
    private final List<Web> pages = new ArrayList<>();
    private final List<ChildServer> nodes = new ArrayList<>();
    private final AtomicInteger mostAtOnce = new AtomicInteger();
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        for (int i = 0; i < HOSTS; i++) {
            AtomicInteger atOnce = new AtomicInteger();
            pages.add(new Web(seen -> {
                mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                try {
                    Thread.sleep(20); // how long a page takes
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                atOnce.decrementAndGet();
                return Web.Answer.of(200, "<p>page</p>");
            }));
        }
        receiver = new Web(seen -> {
            if (delivered.add(seen.path())) {
                fresh.release();
            }
            return Web.Answer.of(204);
        });
    }

    @AfterEach
    void close() {
        nodes.forEach(ChildServer::close);
        pages.forEach(Web::close);
        receiver.close();
    }

    private ChildServer node(String name) throws Exception {
        ChildServer node = ChildServer.launch(List.of(), Map.of(), folder, "--port", "0", "--store", url, "--node-name", name,
                "--data-dir", folder.resolve(name).toString(), "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks",
                "127.0.0.0/8", "--fetch-per-host-gap", "0s", "--fetch-per-host-concurrency", "2", "--node-lease", "2s", "--drain", "2s");
        nodes.add(node);
        return node.listening();
    }

    private String submit(ChildServer node, int i) throws Exception {
        HttpResponse<String> answer = node.call("POST", "/v1/tasks", "{\"url\":\"" + pages.get(i % HOSTS).url("/" + i)
                + "\",\"deliver\":{\"to\":\"" + receiver.url("/hook/" + i) + "\"}}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        Matcher id = ID.matcher(answer.body());
        assertThat(id.find()).isTrue();
        return id.group(1);
    }

    private void awaitDelivered(int count) throws Exception {
        assertThat(fresh.tryAcquire(count, 60, TimeUnit.SECONDS)).as(() -> "of " + count + ": " + delivered.size() + "\n" + logs()).isTrue();
    }

    private String logs() {
        return String.join("\n--\n", nodes.stream().map(ChildServer::log).toList());
    }

    private long owned(int node) {
        return Long.parseLong(Servers.ask("SELECT count(*) FROM " + Servers.schema(url) + ".shard s JOIN " + Servers.schema(url)
                + ".node n ON n.epoch=s.epoch WHERE n.name='n" + node + "'"));
    }

    private void untilOwned(int node, long shards) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (owned(node) != shards) {
            assertThat(System.nanoTime()).as(() -> "node " + node + " owns " + owned(node) + "\n" + logs()).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Test
    void dividesTheWorkAndAnswersAnyCallOnAnyNode() throws Exception {
        ChildServer first = node("n1");
        ChildServer second = node("n2");
        untilOwned(2, 32);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            ids.add(submit(i % 2 == 0 ? first : second, i));
        }
        awaitDelivered(64);
        for (String id : ids) {
            assertThat(first.call("GET", "/v1/tasks/" + id + "?wait=10s", "").body()).contains("\"state\":\"succeeded\"");
            assertThat(second.call("GET", "/v1/tasks/" + id + "?wait=10s", "").body()).contains("\"state\":\"succeeded\"");
        }
        assertThat(mostAtOnce).as("of one host, whatever node was given the task").hasValueLessThanOrEqualTo(2);
        for (ChildServer node : nodes) {
            String metrics = node.call("GET", "/metrics", "").body();
            assertThat(metrics).as("each has done some").containsPattern("fetchback_tasks_finished_total\\{[^}]*\"succeeded\"[^}]*} [1-9]");
        }
        assertThat(first.stop()).isZero();
        untilOwned(2, 64);
        submit(second, 100);
        awaitDelivered(1);
        assertThat(second.stop()).isZero();
        assertThat(logs()).doesNotContain("ERROR");
    }

    @Test
    void takesOverFromANodeThatIsKilledOrStopsForTooLong() throws Exception {
        ChildServer first = node("n1");
        ChildServer second = node("n2");
        ChildServer third = node("n3");
        untilOwned(3, 20);
        for (int i = 0; i < 150; i++) {
            submit(nodes.get(i % 3), i);
        }
        awaitDelivered(10);
        signal(second, "STOP");
        first.kill();
        awaitDelivered(140); // by the third alone
        untilOwned(3, 64);
        signal(second, "CONT");
        untilOwned(2, 32);
        submit(second, 200);
        awaitDelivered(1);
        assertThat(third.stop()).isZero();
        assertThat(second.stop()).isZero();
        assertThat(second.log() + third.log()).contains("a node was not heard of any more").contains("the lease of this node was lost");
        String schema = Servers.schema(url);
        assertThat(Servers.ask("SELECT (SELECT count(*) FROM " + schema + ".running) + (SELECT count(*) FROM " + schema + ".waiting)")).isEqualTo("0");
        assertThat(Servers.ask("SELECT count(*) FROM " + schema + ".done")).isEqualTo("151");
    }

    private static void signal(ChildServer node, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(node.pid())).start().waitFor()).isZero();
    }
}
