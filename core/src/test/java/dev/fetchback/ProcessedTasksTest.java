package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.ProcessInput;
import dev.fetchback.work.ProcessResult;
import dev.fetchback.work.Step;
import dev.fetchback.work.WorkSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tasks with processors from end to end, on the embedded store and real sockets, with a step of the test's own. */
@Timeout(60)
final class ProcessedTasksTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofMillis(500);

    @TempDir
    Path dir;

    private final Queue<String> delivered = new ConcurrentLinkedQueue<>();
    private final AtomicInteger fetches = new AtomicInteger();
    private final AtomicInteger processed = new AtomicInteger();
    private volatile int receiverSays = 200;
    private HttpServer web;
    private Fetchback fetchback;

    @BeforeEach
    void serve() throws IOException {
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.createContext("/hook", call -> {
            delivered.add(new String(call.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            call.sendResponseHeaders(receiverSays, -1);
            call.close();
        });
        web.createContext("/page/", call -> {
            fetches.incrementAndGet();
            byte[] page = "x".repeat(Integer.parseInt(call.getRequestURI().getPath().substring(6))).getBytes(StandardCharsets.UTF_8);
            call.getResponseHeaders().set("Content-Type", "text/plain");
            call.sendResponseHeaders(200, page.length == 0 ? -1 : page.length);
            try (OutputStream out = call.getResponseBody()) {
                out.write(page);
            }
        });
        web.start();
    }

    @AfterEach
    void close() {
        if (fetchback != null) {
            fetchback.close();
        }
        web.stop(0);
    }

    private void start(Step<ProcessInput, ProcessResult> step, int capacity) {
        fetchback = Fetchback.builder()
                .dataDir(dir)
                .fetchNetworks("127.0.0.0/8", "")
                .deliverNetworks("127.0.0.0/8", "", List.of())
                .work(new WorkSettings(16, 16, Duration.ZERO, 16, Duration.ofMillis(200)))
                .retries(new RetryPolicy(SOON, SOON, SOON, List.of(Duration.ZERO, SOON)))
                .processor(new OwnProcessor("measure", _ -> 1))
                .processing(step, capacity)
                .start();
    }

    /** Tells the page's length and first byte. */
    private ProcessResult measure(ProcessInput input) {
        processed.incrementAndGet();
        try (InputStream in = input.body().open()) {
            String results = "{\"length\":" + input.body().bytes().length + ",\"first\":" + in.read() + "}";
            return new ProcessResult.Processed(results.getBytes(StandardCharsets.UTF_8), List.of());
        } catch (IOException e) {
            return new ProcessResult.Failed(new Problem(Problem.INTERNAL, e.getMessage(), 0), true);
        }
    }

    private TaskId submit(int bytes, DeliverOptions deliver) {
        FetchOptions fetch = new FetchOptions(PATIENCE, 10 << 20, 5, 3, StatusSet.SUCCESS, FetchOptions.Robots.IGNORE, false);
        TaskSpec spec = new TaskSpec(url("/page/" + bytes), TaskSpec.Request.GET, fetch, List.of(ProcessorUse.of("measure")), deliver,
                TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE);
        return ((Tasks.Submitted.Accepted) fetchback.submit(List.of(new Tasks.Submission(spec, null))).getFirst()).task().id();
    }

    private String url(String path) {
        return "http://127.0.0.1:" + web.getAddress().getPort() + path;
    }

    private DeliverOptions hook(DeliverOptions.Mode mode) {
        DeliverOptions usual = DeliverOptions.to(url("/hook"));
        return new DeliverOptions(usual.to(), mode, List.of(), null, usual.timeout(), 10, DeliverOptions.Spool.WHEN_NEEDED);
    }

    private StoredTask ended(TaskId id) throws InterruptedException {
        return fetchback.await(id, PATIENCE).orElseThrow();
    }

    private static String text(InputStream stream) throws IOException {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theReceiverGetsPageAndResults() throws Exception {
        start((task, spec, input) -> measure(input), 4);
        assertThat(ended(submit(5, hook(DeliverOptions.Mode.ENVELOPE))).task().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(delivered.remove()).contains("\"body\":\"xxxxx\"", "\"processed\":{\"length\":5,\"first\":120}");
        assertThat(ended(submit(5, hook(DeliverOptions.Mode.PROCESSED))).task().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(delivered.remove()).contains("\"processed\":{\"length\":5,\"first\":120}").doesNotContain("xxxxx", "\"headers\"");
        assertThat(delivered).isEmpty();
    }

    /** A page over the inline maximum goes by way of the store, in several pieces. */
    @Test
    void aLongPageBecomesALinkAndItsResultsStay() throws Exception {
        start((task, spec, input) -> measure(input), 4);
        TaskId id = submit(1_000_000, hook(DeliverOptions.Mode.ENVELOPE));
        assertThat(ended(id).task().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(delivered.remove()).contains("\"body_url\"", "\"processed\":{\"length\":1000000,\"first\":120}");
        assertThat(text(fetchback.body(id, 0).orElseThrow())).as("without the results").hasSize(1_000_000);
        assertThat(text(fetchback.body(id, 999_990).orElseThrow())).isEqualTo("x".repeat(10));
        assertThat(text(fetchback.results(id).orElseThrow())).isEqualTo("{\"length\":1000000,\"first\":120}");
        assertThat(new String(fetchback.outcome(ended(id)), StandardCharsets.UTF_8)).contains("\"processed\":{\"length\":1000000");
        assertThat(processed).hasValue(1);
    }

    @Test
    void aKeptPageHasItsResultsAfterARestart() throws Exception {
        start((task, spec, input) -> measure(input), 4);
        TaskId id = submit(7, null);
        assertThat(ended(id).task().phase()).isEqualTo(Phase.SUCCEEDED);
        fetchback.close();
        start((task, spec, input) -> measure(input), 4);
        assertThat(text(fetchback.body(id, 0).orElseThrow())).isEqualTo("xxxxxxx");
        assertThat(text(fetchback.results(id).orElseThrow())).isEqualTo("{\"length\":7,\"first\":120}");
        assertThat(processed).hasValue(1);
    }

    @Test
    void aDeliveryThatWaitsOverARestartProcessesNothingAgain() throws Exception {
        receiverSays = 503;
        start((task, spec, input) -> measure(input), 4);
        TaskId id = submit(9, hook(DeliverOptions.Mode.ENVELOPE));
        awaitPhase(id, Phase.DELIVER_WAITING);
        String first = delivered.remove();
        fetchback.close();
        receiverSays = 200;
        start((task, spec, input) -> measure(input), 4);
        assertThat(ended(id).task().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(delivered.remove()).as("the same bytes").isEqualTo(first);
        assertThat(processed).hasValue(1);
        assertThat(fetches).hasValue(1);
    }

    /** While the step is full pages wait in the store; a server that stops meanwhile goes on with them where it was. */
    @Test
    void whatWaitsForAProcessorSurvivesARestart() throws Exception {
        CountDownLatch began = new CountDownLatch(2);
        start((task, spec, input) -> {
            began.countDown();
            new CountDownLatch(1).await(); // until the drain ends it
            throw new AssertionError("it was let go on");
        }, 2);
        List<TaskId> ids = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            ids.add(submit(i + 1, hook(DeliverOptions.Mode.PROCESSED)));
        }
        assertThat(began.await(20, TimeUnit.SECONDS)).as("one from memory and one from the store").isTrue();
        for (TaskId id : ids) {
            awaitProcessing(id);
        }
        fetchback.close();
        start((task, spec, input) -> measure(input), 2);
        for (TaskId id : ids) {
            StoredTask task = ended(id);
            assertThat(task.task().phase()).isEqualTo(Phase.SUCCEEDED);
            assertThat(task.task().progress().processAttempts()).as("what the drain ended does not count").isEqualTo(1);
            assertThat(((Outcome.Fetched) task.task().progress().outcome()).processed()).isNotNull();
        }
        assertThat(delivered).hasSize(6);
        assertThat(fetches).as("no page is fetched twice").hasValue(6);
    }

    @Test
    void aCancelEndsTheStep() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        start((task, spec, input) -> {
            began.countDown();
            try {
                new CountDownLatch(1).await();
            } finally {
                ended.countDown();
            }
            throw new AssertionError("it was let go on");
        }, 4);
        TaskId id = submit(5, hook(DeliverOptions.Mode.ENVELOPE));
        assertThat(began.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(fetchback.cancel(id)).hasValue(true);
        assertThat(ended.await(20, TimeUnit.SECONDS)).as("it was interrupted").isTrue();
        assertThat(ended(id).task().phase()).isEqualTo(Phase.CANCELLED);
        fetchback.close();
        assertThat(delivered).isEmpty();
    }

    private void awaitPhase(TaskId id, Phase phase) {
        awaitTrue(id, () -> fetchback.find(id).orElseThrow().task().phase() == phase);
    }

    private void awaitProcessing(TaskId id) {
        awaitTrue(id, () -> {
            Phase phase = fetchback.find(id).orElseThrow().task().phase();
            return phase == Phase.PROCESS_WAITING || phase == Phase.PROCESS_RUNNING;
        });
    }

    private void awaitTrue(TaskId id, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("%s: %s", id, fetchback.find(id)).isLessThan(end);
            LockSupport.parkNanos(2_000_000);
        }
    }
}
