package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.fetchback.deliver.Receiver;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Delivery;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.TaskId;
import dev.fetchback.work.WorkSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** A program with Fetchback inside: what its receivers get, and what becomes of tasks over a close and a new start. */
@Timeout(60)
@OnEachEngine
final class EmbeddedTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofMillis(200);
    private static final Duration LEASE = Duration.ofSeconds(12);
    private static final Duration DRAIN = Duration.ofMillis(400);

    private static final FetchOptions FETCH = FetchOptions.DEFAULT.withRobots(FetchOptions.Robots.IGNORE);
    private static final long POLL_NANOS = 1_000_000;
    private static final TaskQuery QUERY = new TaskQuery(null, Set.of(), null, null, null, 0, null, 10);

    @Parameter
    Engine engine;

    @TempDir
    Path dir;

    private final BlockingQueue<String> got = new LinkedBlockingQueue<>();
    private final CountDownLatch never = new CountDownLatch(1);
    private String store;
    private HttpServer web;
    private Fetchback fetchback;

    @BeforeEach
    void serve() throws IOException {
        store = engine.fresh();
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.createContext("/", call -> {
            byte[] page = ("page " + call.getRequestURI().getPath()).getBytes(StandardCharsets.UTF_8);
            boolean there = !call.getRequestURI().getPath().equals("/missing");
            call.sendResponseHeaders(there ? 200 : 404, page.length);
            try (var out = call.getResponseBody()) {
                out.write(page);
            }
        });
        web.start();
    }

    @AfterEach
    void close() {
        never.countDown();
        if (fetchback != null) {
            fetchback.close();
        }
        web.stop(0);
    }

    private Builder builder() {
        Builder builder = Fetchback.builder();
        return (engine == Engine.POSTGRES ? builder.postgres(store, null, "embedded", LEASE) : builder)
                .dataDir(dir)
                .fetchNetworks("127.0.0.0/8", "")
                .work(WorkSettings.DEFAULT.withPerHost(16, Duration.ZERO).withDrain(DRAIN))
                .retries(new RetryPolicy(SOON, SOON, SOON, List.of(Duration.ZERO, SOON)));
    }

    private Fetch page(String path) {
        return Fetch.of(url(path)).options(FETCH);
    }

    private String url(String path) {
        return "http://127.0.0.1:" + web.getAddress().getPort() + path;
    }

    private void take(dev.fetchback.deliver.Delivery delivery) throws IOException {
        got.add(delivery.succeeded() ? new String(delivery.body(), StandardCharsets.UTF_8) : delivery.error().orElseThrow().code());
    }

    private String next() throws InterruptedException {
        return got.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private StoredTask ended(TaskId id) throws InterruptedException {
        return fetchback.await(id, PATIENCE).orElseThrow();
    }

    @Test
    void theDefaultReceiverGetsWhatNamesNoneAndOthersWhatNamesThem() throws Exception {
        fetchback = builder().deliverTo(this::take).deliverTo("other", 4, delivery -> got.add("other " + delivery.url())).start();
        TaskId id = fetchback.submit(page("/a"));
        assertThat(next()).isEqualTo("page /a");
        StoredTask task = ended(id);
        assertThat(task.task().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(Delivery.of(task.task())).isEqualTo(Delivery.DELIVERED);
        assertThat(task.spec().deliver().to()).isEqualTo("in-process:default");
        fetchback.submit(page("/b").deliverTo("other"));
        assertThat(next()).isEqualTo("other " + url("/b"));
        fetchback.submit(page("/missing").options(FETCH.withMaxAttempts(1)));
        assertThat(next()).isEqualTo("http_status");
    }

    @Test
    void aPageForPickUpIsKeptAndToldToNobody() throws Exception {
        fetchback = builder().deliverTo(this::take).start();
        TaskId id = fetchback.submit(page("/kept").pickUp());
        assertThat(Delivery.of(ended(id).task())).isEqualTo(Delivery.KEPT);
        try (var in = fetchback.body(id, 0).orElseThrow()) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("page /kept");
        }
        assertThat(got).isEmpty();
    }

    @Test
    void withoutADefaultReceiverPagesAreKept() throws Exception {
        fetchback = builder().deliverTo("other", 1, this::take).start();
        assertThat(Delivery.of(ended(fetchback.submit(page("/kept"))).task())).isEqualTo(Delivery.KEPT);
    }

    @Test
    void aReceiverThatFailsIsAskedAgainAndThenTheOutcomeIsDeadAndCanBeRedriven() throws Exception {
        AtomicInteger failures = new AtomicInteger(2);
        List<String> ids = new ArrayList<>();
        fetchback = builder().deliverTo(delivery -> {
            ids.add(delivery.id() + " " + delivery.attempt());
            if (failures.getAndDecrement() > 0) {
                throw new IOException("no");
            }
            take(delivery);
        }).start();
        TaskId id = fetchback.submit(page("/a"));
        assertThat(next()).isEqualTo("page /a");
        assertThat(ids).containsExactly(id + "_page 1", id + "_page 2", id + "_page 3");

        failures.set(1);
        TaskId dead = fetchback.submit(page("/dead").deliver(DeliverOptions.inProcess(Receiver.DEFAULT).withMaxAttempts(1)));
        StoredTask ended = ended(dead);
        assertThat(ended.task().phase()).isEqualTo(Phase.DEAD);
        assertThat(ended.task().progress().lastError()).isEqualTo(
                new Problem(Problem.RECEIVER_FAILED, "The receiver 'default' failed: IOException: no", 0));
        assertThat(fetchback.redrive(dead)).contains(true);
        assertThat(next()).isEqualTo("page /dead");
    }

    @Test
    void aReceiverMaySubmitWhatItFound() throws Exception {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(63);
        fetchback = builder().deliverTo(Receiver.DEFAULT, 8, (delivery, own) -> {
            String path = delivery.url().substring(delivery.url().lastIndexOf('/'));
            if (seen.add(path)) {
                all.countDown();
            }
            if (path.length() < 6) { // a tree of depth 5: 1 + 2 + 4 + … pages
                own.submitAll(List.of(page(path + "a").idempotencyKey(path + "a"), page(path + "b").idempotencyKey(path + "b")));
            }
        }).start();
        fetchback.submit(page("/"));
        assertThat(all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void noneAndVeryManyCanBeSubmittedAtOnce() throws Exception {
        fetchback = builder().start();
        assertThat(fetchback.submitAll(List.of())).isEmpty();
        List<Fetch> many = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            many.add(page("/" + i).delay(Duration.ofHours(1)).metadata("n", "" + i));
        }
        List<TaskId> ids = fetchback.submitAll(many);
        assertThat(ids).hasSize(5_000).doesNotHaveDuplicates();
        assertThat(fetchback.find(ids.get(4_999)).orElseThrow().spec().tags().metadata()).containsEntry("n", "4999");
    }

    @Test
    void theSameKeyIsTheSameTask() {
        fetchback = builder().deliverTo(this::take).start();
        TaskId first = fetchback.submit(page("/a").idempotencyKey("k"));
        assertThat(fetchback.submit(page("/a").idempotencyKey("k"))).isEqualTo(first);
        assertThatThrownBy(() -> fetchback.submit(page("/b").idempotencyKey("k")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(first.toString());
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnythingIsStored() {
        assertThatThrownBy(() -> Fetchback.builder().start()).isInstanceOf(IllegalStateException.class).hasMessageContaining("dataDir");
        assertThatThrownBy(() -> builder().deliverTo(this::take).deliverTo(this::take)).hasMessageContaining("'default' already");
        fetchback = builder().deliverTo("orders", 1, this::take).start();
        assertThatThrownBy(() -> fetchback.submitAll(List.of(page("/a"), page("/b").deliverTo("order"))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'orders'");
        assertThatThrownBy(() -> fetchback.submit("ftp://x/")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fetchback.submit(page("/a").header("x", "a\r\nb: c")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'x'");
        assertThatThrownBy(() -> fetchback.submit(page("/a").method("GET /", null))).isInstanceOf(IllegalArgumentException.class);
        assertThat(fetchback.list(QUERY).tasks()).isEmpty();
    }

    @Test
    void closeWaitsForAReceiverThatEndsInTime() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        fetchback = builder().work(WorkSettings.DEFAULT.withDrain(PATIENCE)).deliverTo(delivery -> {
            begun.countDown();
            mayEnd.await();
            take(delivery);
        }).start();
        TaskId id = fetchback.submit(page("/a"));
        begun.await();
        Thread closer = Thread.ofPlatform().start(fetchback::close);
        while (closer.getState() != Thread.State.TIMED_WAITING) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        mayEnd.countDown();
        closer.join();
        assertThat(got).containsExactly("page /a");
        fetchback = builder().deliverTo(this::take).start();
        assertThat(fetchback.find(id).orElseThrow().task().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(got).hasSize(1);
    }

    @Test
    void whatABlockedReceiverHadIsDeliveredAfterTheNextStart() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        fetchback = builder().deliverTo(delivery -> {
            begun.countDown();
            while (never.getCount() > 0) {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    // deaf to it
                }
            }
        }).start();
        TaskId id = fetchback.submit(page("/a"));
        begun.await();
        long start = System.nanoTime();
        fetchback.close();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(DRAIN.plusSeconds(10)); // on a busy machine, too; the receiver never ends
        fetchback = builder().deliverTo(this::take).start();
        assertThat(next()).isEqualTo("page /a");
        assertThat(ended(id).task().progress().deliverAttempts()).isEqualTo(1);
    }

    @Test
    void closeIsNotForReceivers() throws Exception {
        fetchback = builder().deliverTo((delivery, own) -> {
            try {
                own.close();
            } catch (IllegalStateException e) {
                got.add(e.getMessage());
            }
        }).start();
        fetchback.submit(page("/a"));
        assertThat(next()).contains("call it from another thread");
        assertThat(fetchback.refusal()).isEmpty();
    }

    @Test
    void whatIsSubmittedWhileItClosesIsDoneAfterTheNextStart() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        fetchback = builder().work(WorkSettings.DEFAULT.withDrain(PATIENCE)).deliverTo((delivery, own) -> {
            begun.countDown();
            mayEnd.await();
            own.submit(page("/found"));
        }).start();
        fetchback.submit(page("/a"));
        begun.await();
        Thread closer = Thread.ofPlatform().start(fetchback::close);
        while (closer.getState() != Thread.State.TIMED_WAITING) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        mayEnd.countDown();
        closer.join();
        fetchback = builder().deliverTo(this::take).start();
        assertThat(next()).isEqualTo("page /found");
        assertThat(got).isEmpty();
    }

    @Test
    void tasksOfAReceiverThatIsNotRegisteredWaitAndGoOnceItIs() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        fetchback = builder().deliverTo("orders", 1, delivery -> {
            begun.countDown();
            never.await();
        }).start();
        TaskId id = fetchback.submit(page("/a").deliverTo("orders"));
        begun.await();
        fetchback.close();

        RetryPolicy patient = new RetryPolicy(SOON, SOON, SOON, List.of(Duration.ZERO, Duration.ofHours(2)));
        fetchback = builder().retries(patient).start();
        ReceiverRecord absent = awaitAbsent();
        assertThat(absent.endpoint()).isEqualTo("in-process:orders");
        assertThat(fetchback.resumeReceiver(absent.id())).isFalse();
        StoredTask waiting = fetchback.find(id).orElseThrow();
        assertThat(waiting.task().phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(waiting.task().progress().lastError()).extracting(Problem::code).isEqualTo(Problem.RECEIVER_UNKNOWN);
        assertThat(waiting.task().readyAt()).isGreaterThan(System.currentTimeMillis() + Duration.ofHours(1).toMillis());
        fetchback.close();

        fetchback = builder().retries(patient).deliverTo("orders", 1, this::take).start();
        assertThat(next()).isEqualTo("page /a");
        assertThat(ended(id).task().phase()).isEqualTo(Phase.SUCCEEDED);
    }

    private ReceiverRecord awaitAbsent() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            List<ReceiverRecord> receivers = fetchback.receivers();
            boolean refused = fetchback.list(QUERY).tasks().getFirst().task().progress().lastError() != null;
            if (!receivers.isEmpty() && refused) {
                assertThat(receivers.getFirst().status()).isEqualTo(ReceiverRecord.Status.ABSENT);
                return receivers.getFirst();
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        throw new AssertionError("the task did not learn that its receiver is absent");
    }
}
