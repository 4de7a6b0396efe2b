package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How four nodes share the deliveries, measured at the receivers. */
@Timeout(120)
@OnOneEngine(value = Engine.POSTGRES, because = "nodes share it")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ClusterDeliveryEndToEndTest {
    private static final int NODES = 4;
    /** Each node has some of so many: all is spread by task. */
    private static final int TASKS = 80;
    /** So many that each of the nodes has some of them, but for one run in 10,000. */
    private static final int HOSTS = 36;
    private static final int AT_ONCE = 2;
    private static final Set<String> ALL = Set.of("n1", "n2", "n3", "n4");

    @TempDir
    static Path folder;

    private final Map<Integer, Target> hosts = new ConcurrentHashMap<>();
    private NodesFixture nodes;

    /** A receiver that counts for each node. */
    private static final class Receiver implements AutoCloseable {
        private final Map<String, String> taken = new ConcurrentHashMap<>();
        private final Map<String, AtomicInteger> inside = new ConcurrentHashMap<>();
        private final Map<String, AtomicInteger> most = new ConcurrentHashMap<>();
        private final Web web;

        Receiver(CountDownLatch gate) throws Exception {
            web = new Web(seen -> {
                String node = Target.node(seen);
                AtomicInteger there = inside.computeIfAbsent(node, name -> new AtomicInteger());
                most.computeIfAbsent(node, name -> new AtomicInteger()).accumulateAndGet(there.incrementAndGet(), Math::max);
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                there.decrementAndGet();
                taken.putIfAbsent(seen.path(), node);
                return Web.Answer.of(204);
            });
        }

        int inside() {
            return inside.values().stream().mapToInt(AtomicInteger::get).sum();
        }

        void heldToItsPlaces() {
            assertThat(most.values()).allSatisfy(count -> assertThat(count).hasValueLessThanOrEqualTo(AT_ONCE));
        }

        @Override
        public void close() {
            web.close();
        }
    }

    @BeforeAll
    void open() throws Exception {
        for (int i = 0; i < HOSTS; i++) {
            hosts.put(i, new Target(101 + i, 0, path -> {}));
        }
        nodes = new NodesFixture(folder, "--fetch-per-host-gap", "0s", "--deliver-per-endpoint-concurrency", Integer.toString(AT_ONCE),
                "--node-lease", "3s", "--drain", "2s");
        for (int i = 0; i < NODES; i++) {
            nodes.launch();
        }
        for (int i = 1; i <= NODES; i++) {
            nodes.node(i).listening();
            nodes.untilOwned(i, 16);
        }
    }

    @AfterAll
    void close() {
        nodes.close();
        hosts.values().forEach(Target::close);
    }

    private void submit(int host, int page, Receiver receiver, String spool) throws Exception {
        HttpResponse<String> answer = nodes.node(1 + page % NODES).call("POST", "/v1/tasks", "{\"url\":\"" + hosts.get(host).url("/" + page)
                + "\",\"deliver\":{\"to\":\"" + receiver.web.url("/hook?" + page) + "\",\"spool\":\"" + spool + "\"}}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    }

    @Test
    void whatIsStoredOfOneHostForOneReceiverIsDeliveredByAllNodes() throws Exception {
        try (Receiver hot = new Receiver(new CountDownLatch(0))) {
            for (int i = 0; i < TASKS; i++) {
                submit(0, i, hot, "always");
            }
            nodes.until("all are delivered", () -> hot.taken.size() == TASKS);
            assertThat(hosts.get(0).nodes()).as("who fetched them").hasSize(1);
            assertThat(new HashSet<>(hot.taken.values())).isEqualTo(ALL);
            hot.heldToItsPlaces();
            nodes.untilAllSettled();
        }
    }

    @Test
    void aReceiverThatDoesNotAnswerHoldsUpNoOther() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (Receiver silent = new Receiver(gate); Receiver quick = new Receiver(new CountDownLatch(0))) {
            for (int i = 0; i < TASKS; i++) {
                submit(i % HOSTS, i, silent, "when_needed");
            }
            nodes.until("each node has all its places there in use", () -> silent.inside() == NODES * AT_ONCE);
            for (int i = 0; i < HOSTS; i++) {
                submit(i, i, quick, "when_needed");
            }
            nodes.until("all others are delivered", () -> quick.taken.size() == HOSTS);
            assertThat(silent.taken).as("while this one holds what it has").isEmpty();
            assertThat(new HashSet<>(quick.taken.values())).isEqualTo(ALL);
            gate.countDown();
            nodes.until("all are delivered", () -> silent.taken.size() == TASKS);
            silent.heldToItsPlaces();
            nodes.untilAllSettled();
        } finally {
            gate.countDown();
        }
    }
}
