package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.Fetchback;
import dev.fetchback.Tasks;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Phase;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.WorkSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole library on a hostile web: one delivery for every task, and good pages beside it as quick as ever. */
@Timeout(90)
class HostileWebTest {
    private static final int ATTACKERS = 256;
    /** Some of these attack again as soon as they may. */
    private static final int TASKS_OF_EACH = 6;
    private static final int GOOD_PAGES = 20;
    private static final long MEBIBYTE = 1 << 20;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Map<String, Queue<String>> deliveries = new ConcurrentHashMap<>();
    private final Set<SocketAddress> attacked = ConcurrentHashMap.newKeySet();
    private final AtomicInteger underWay = new AtomicInteger();
    private Fetchback fetchback;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
    }

    private <T extends AutoCloseable> T opened(T one) {
        open.add(one);
        return one;
    }

    private void start(WorkSettings work, OutboundSettings outbound) {
        fetchback = opened(Fetchback.builder()
                .dataDir(folder.resolve("data"))
                .work(work)
                .outbound(outbound)
                .fetchNetworks("127.0.0.0/8", "")
                .deliverNetworks("127.0.0.0/8", "", List.of())
                .start());
    }

    private RawServer receiver() throws IOException {
        return opened(new RawServer(call -> {
            String id = call.head().lines().filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("fetchback-task-id: "))
                    .findFirst().orElseThrow().substring("fetchback-task-id: ".length()).strip();
            deliveries.computeIfAbsent(id, _ -> new ConcurrentLinkedQueue<>()).add(new String(call.body(), StandardCharsets.UTF_8));
            call.ok("");
        }));
    }

    private TaskId submit(Target page, Duration timeout, long maxBytes, Target receiver) {
        FetchOptions fetch = new FetchOptions(timeout, maxBytes, 5, 1, StatusSet.SUCCESS, FetchOptions.Robots.IGNORE, false);
        TaskSpec spec = new TaskSpec(page.toString(), TaskSpec.Request.GET, fetch, List.of(), DeliverOptions.to(receiver.toString()),
                TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE);
        Tasks.Submitted answer = fetchback.submit(List.of(new Tasks.Submission(spec, null))).getFirst();
        return ((Tasks.Submitted.Accepted) answer).task().id();
    }

    private Phase ended(TaskId id) throws InterruptedException {
        return fetchback.await(id, Duration.ofSeconds(30)).orElseThrow().task().phase();
    }

    @Test
    void everyTaskEndsInOneDelivery() throws Exception {
        start(new WorkSettings(16, 2, Duration.ZERO, 64, Duration.ofSeconds(1)), new OutboundSettings(Fixture.SHORT, 64, 0));
        RawServer receiver = receiver();
        RawServer good = opened(new RawServer(call -> call.ok("fine")));
        Map<TaskId, HostileCase> tasks = new LinkedHashMap<>();
        List<TaskId> controls = new ArrayList<>();
        List<HostileCase> cases = HostileCases.all().stream()
                .filter(one -> one.transport() == RawServer.Transport.PLAIN && !one.kinds().isEmpty())
                .toList();
        for (int i = 0; i < cases.size(); i += 4) { // each of them has a test of its own
            HostileCase one = cases.get(i);
            RawServer server = opened(new RawServer(one.script()));
            tasks.put(submit(server.url("/"), one.total(), HostileCase.PAGE_MAX, receiver.url("/hook")), one);
            controls.add(submit(good.url("/" + i), Fixture.TOTAL, MEBIBYTE, receiver.url("/hook")));
        }
        assertThat(tasks).hasSizeGreaterThan(30);
        for (TaskId control : controls) {
            assertThat(ended(control)).isEqualTo(Phase.SUCCEEDED);
        }
        for (Map.Entry<TaskId, HostileCase> task : tasks.entrySet()) {
            assertThat(ended(task.getKey())).as(task.getValue().name()).isEqualTo(Phase.FAILED);
        }
        fetchback.close();
        for (Map.Entry<TaskId, HostileCase> task : tasks.entrySet()) {
            Queue<String> told = deliveries.remove(task.getKey().toString());
            assertThat(told).as(task.getValue().name()).hasSize(1);
            assertThat(told.peek()).as(task.getValue().name()).contains("\"type\":\"task.failed\"").containsAnyOf(
                    task.getValue().kinds().stream().map(kind -> "\"code\":\"" + kind.code() + "\"").toArray(String[]::new));
        }
        for (TaskId control : controls) {
            assertThat(deliveries.remove(control.toString())).hasSize(1).first().asString().contains("\"body\":\"fine\"");
        }
        assertThat(deliveries).isEmpty();
    }

    /**
     * With all limits as they are by default, and two fetches under way at every attacker, as many as a host gets. What is measured is the
     * whole way of a good page, from before it is submitted until its receiver has it and that is on disk.
     */
    @Test
    void everyGoodPageIsQuickBeside256HostileServers() throws Exception {
        Assumptions.assumeTrue(System.getProperty("os.name").equals("Linux"), "127.0.0.0/8 is loopback");
        WorkSettings usual = WorkSettings.DEFAULT;
        start(new WorkSettings(usual.fetchConcurrency(), usual.perHostConcurrency(), usual.perHostGap(), usual.deliverConcurrency(),
                Duration.ofMillis(100)), OutboundSettings.DEFAULT);
        List<RawServer> attackers = new ArrayList<>();
        for (RawServer.Script script : attacks()) {
            attackers.add(opened(new RawServer(counted(script), RawServer.Transport.PLAIN, InetAddress.ofLiteral("0.0.0.0"))));
        }
        RawServer receiver = receiver();
        RawServer failures = receiver();
        RawServer good = opened(new RawServer(call -> call.ok("fine")));
        ended(submit(good.url("/warm"), Fixture.TOTAL, MEBIBYTE, receiver.url("/hook")));
        long before = usedHeap();
        for (int task = 0; task < TASKS_OF_EACH; task++) {
            for (int i = 0; i < ATTACKERS; i++) {
                RawServer server = attackers.get(i % attackers.size());
                Target page = Target.parse("http://127.0.1." + i + ":" + server.port() + "/" + task);
                submit(page, FetchOptions.DEFAULT.timeout(), FetchOptions.DEFAULT.maxBytes(), failures.url("/hook"));
            }
        }
        Fixture.until(() -> attacked.size() == ATTACKERS);
        List<Long> millis = new ArrayList<>();
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < GOOD_PAGES; i++) {
            RawServer other = opened(new RawServer(call -> call.ok("fine"))); // a host that nothing is known of
            least = Math.min(least, underWay.get());
            long from = System.nanoTime();
            TaskId id = submit(other.url("/" + i), Fixture.TOTAL, MEBIBYTE, receiver.url("/hook"));
            Phase phase = ended(id);
            assertThat(phase).as("%s", fetchback.find(id)).isEqualTo(Phase.SUCCEEDED);
            millis.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        long heap = usedHeap() - before;
        assertThat(millis).as("milliseconds of each good page").allSatisfy(one -> assertThat(one).isLessThan(1_000));
        assertThat(least).as("attacks under way all the time").isGreaterThanOrEqualTo(ATTACKERS);
        assertThat(heap).as("heap that the attack holds").isLessThan(160 * MEBIBYTE);
        assertThat(deliveries.values()).allSatisfy(told -> assertThat(told).hasSize(1));
    }

    /** Those that hold a place for long, and those that keep a processor busy, in turn. */
    private static List<RawServer.Script> attacks() throws IOException {
        byte[] gzip = OutboundTest.encode("gzip", "\0".repeat((int) (64 * MEBIBYTE)));
        byte[] zstd = OutboundTest.encode("zstd", "\0".repeat((int) (64 * MEBIBYTE)));
        byte[] page = new byte[(int) MEBIBYTE / 2];
        return List.of(
                RawServer.Call::untilClosed,
                HostileCases.drips("HTTP/1.1 200", "x".repeat(10_000), 500),
                HostileCases.drips("HTTP/1.1 200 OK~Content-Length: 100000~~", "x".repeat(100_000), 500),
                call -> {
                    call.send(HostileCases.bytes("HTTP/1.1 200 OK~Content-Length: 9000000~~"));
                    call.send(page);
                    call.untilClosed();
                },
                HostileCases.floods("HTTP/1.1 200 OK~Transfer-Encoding: chunked~~", HostileCases.bytes("1~x~".repeat(1000))),
                HostileCases.floods("HTTP/1.1 200 OK~~", new byte[10_000]),
                bomb("gzip", gzip),
                bomb("zstd", zstd));
    }

    private static RawServer.Script bomb(String coding, byte[] body) {
        return call -> {
            call.send(HostileCases.bytes("HTTP/1.1 200 OK~Content-Encoding: " + coding + "~~"));
            call.send(body);
            call.untilClosed();
        };
    }

    private RawServer.Script counted(RawServer.Script script) {
        return call -> {
            attacked.add(call.socket().getLocalSocketAddress());
            underWay.incrementAndGet();
            try {
                script.answer(call);
            } finally {
                underWay.decrementAndGet();
            }
        };
    }

    private static long usedHeap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
