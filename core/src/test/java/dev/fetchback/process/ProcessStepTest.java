package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.process.Fixture.Simple;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.ProcessorUse.OnError;
import dev.fetchback.work.ProcessResult;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The step with processors on threads. */
@Timeout(60)
final class ProcessStepTest {
    private static final long NOW = 1_000_000;
    private static final Duration SHORT = Duration.ofMillis(50);

    private static ProcessStep step(ProcessSettings settings, Processor... own) {
        return new ProcessStep(Processors.find(settings, List.of(own), List.of()), settings, () -> NOW,
                new PrometheusRegistry());
    }

    private static ProcessStep step(Processor... own) {
        return step(ProcessSettings.DEFAULT, own);
    }

    private static Processor ok(String name) {
        return new Simple(name, page -> name + " of " + page.bytes().length);
    }

    private static Processor fails(String name) {
        return new Simple(name, _ -> {
            throw new IllegalStateException("no\nluck");
        });
    }

    @Test
    void goesThroughAllInOrderAndNamesTheirResults() throws InterruptedException {
        List<String> order = new ArrayList<>();
        Processor first = new Simple("one", page -> {
            order.add(page.once(String.class, _ -> "made once by one"));
            return Map.of("url", page.facts().url(), "final", page.facts().finalUrl().length());
        });
        Processor second = new Simple("two", page -> {
            order.add(page.once(String.class, _ -> "made again"));
            return null;
        });
        try (ProcessStep step = step(first, second)) {
            ProcessorUse named = new ProcessorUse("one", "my \"one\"", "{}", OnError.FAIL, null);
            ProcessResult result = Fixture.run(step, Fixture.use("two"), named, Fixture.use("two"));
            assertThat(Fixture.text(result)).startsWith("{\"two\":null,\"my \\\"one\\\"\":{").contains("\"final\":30")
                    .contains("\"url\":\"" + Fixture.URL + "\"");
            assertThat(order).hasSize(3).allMatch("made again"::equals);
        }
    }

    @Test
    void aFailureEndsTheTaskOrIsDeliveredBesideTheOthers() throws InterruptedException {
        try (ProcessStep step = step(ok("a"), fails("bad"), ok("z"))) {
            ProcessResult ended = Fixture.run(step, Fixture.use("a"), Fixture.use("bad"), Fixture.use("z"));
            assertThat(ended).isInstanceOfSatisfying(ProcessResult.Failed.class, failed -> {
                assertThat(failed.problem().code()).isEqualTo("process_failed");
                assertThat(failed.problem().detail()).isEqualTo("bad: no luck");
                assertThat(failed.retryable()).isFalse();
            });
            assertThat(Fixture.text(Fixture.run(step, Fixture.use("a"), Fixture.lenient("bad"), Fixture.use("z"))))
                    .isEqualTo("{\"a\":\"a of 11\",\"z\":\"z of 11\"} bad=process_failed");
            assertThat(Fixture.text(Fixture.run(step, Fixture.lenient("bad")))).isEqualTo("{} bad=process_failed");
            assertThat(Fixture.text(Fixture.run(step, Fixture.use("gone")))).isEqualTo("failed process_unknown");
            assertThat(Fixture.text(Fixture.run(step, Fixture.lenient("gone"),
                    Fixture.use("a")))).endsWith(" gone=process_unknown");
        }
    }

    @Test
    void whatTheOptionsOrTheStackRefuseIsAFailure() throws InterruptedException {
        Processor deep = new Simple("deep", new Processor.Job() {
            @Override
            public Object run(FetchedPage page) {
                return run(page) + "x";
            }
        });
        try (ProcessStep step = step(ok("a"), deep)) {
            ProcessorUse option = new ProcessorUse("a", "a", "{\"x\":1}", OnError.FAIL, null);
            assertThat(Fixture.text(Fixture.run(step, option))).isEqualTo("failed process_failed");
            assertThat(Fixture.run(step, Fixture.use("deep"))).isInstanceOfSatisfying(ProcessResult.Failed.class,
                    failed -> assertThat(failed.problem().detail()).contains("StackOverflowError"));
            assertThat(Fixture.text(Fixture.run(step, Fixture.use("a")))).isEqualTo("{\"a\":\"a of 11\"}");
        }
    }

    @Test
    void boundsAllResultsTogether() throws InterruptedException {
        Processor thousand = new Simple("thousand", _ -> "x".repeat(998));
        try (ProcessStep step = step(ProcessSettings.DEFAULT.withResultMax(2_500), thousand, ok("a"))) {
            List<ProcessorUse> uses = new ArrayList<>();
            for (String name : List.of("x", "y", "z")) {
                uses.add(new ProcessorUse("thousand", name, "{}", OnError.DELIVER, null));
            }
            uses.add(Fixture.use("a"));
            assertThat(Fixture.text(Fixture.run(step, uses.toArray(ProcessorUse[]::new))))
                    .endsWith(",\"a\":\"a of 11\"} z=process_too_large");
        }
    }

    @Test
    void aUseThatTakesTooLongIsInterruptedAndTheOthersStillRun() throws InterruptedException {
        CountDownLatch interrupted = new CountDownLatch(1);
        Processor slow = new Simple("slow", _ -> {
            try {
                Thread.sleep(60_000);
            } finally {
                interrupted.countDown();
            }
            return 1;
        });
        try (ProcessStep step = step(ok("a"), slow, ok("z"))) {
            ProcessorUse lenient = Fixture.within("slow", SHORT, OnError.DELIVER);
            assertThat(Fixture.text(Fixture.run(step, Fixture.use("a"), lenient, Fixture.use("z"))))
                    .isEqualTo("{\"a\":\"a of 11\",\"z\":\"z of 11\"} slow=process_timeout");
            assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(Fixture.text(Fixture.run(step, Fixture.within("slow", SHORT,
                    OnError.FAIL)))).isEqualTo("failed process_timeout");
        }
        try (ProcessStep step = step(ProcessSettings.DEFAULT.withTimeouts(SHORT, SHORT), slow)) {
            assertThat(Fixture.text(Fixture.run(step, Fixture.within("slow", Duration.ofHours(1), OnError.FAIL))))
                    .as("the operator's maximum").isEqualTo("failed process_timeout");
        }
    }

    @Test
    void theUseAfterOneThatTookTooLongRunsOnceAndCountsAsNoThreadThatDoesNotEnd() throws InterruptedException {
        AtomicInteger ran = new AtomicInteger();
        Processor sleeps = new Simple("sleeps", _ -> {
            new CountDownLatch(1).await();
            return "";
        });
        Processor works = new Simple("works", _ -> {
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300); // longer than a thread is waited for
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            return ran.incrementAndGet();
        });
        try (ProcessStep step = step(ProcessSettings.DEFAULT, sleeps, works)) {
            ProcessResult result = Fixture.run(step, Fixture.within("sleeps", SHORT, OnError.DELIVER), Fixture.use("works"));
            assertThat(Fixture.text(result)).isEqualTo("{\"works\":1} sleeps=process_timeout");
        }
        assertThat(ran).hasValue(1);
    }

    @Test
    void whatFailsBecauseTheServerStopsIsNoFailureOfItsTask() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        ProcessStep step = step(new Simple("wraps", _ -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e); // as code does that may throw nothing checked
            }
            return "";
        }));
        CompletableFuture<String> came = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                came.complete(Fixture.text(Fixture.run(step, Fixture.use("wraps"))));
            } catch (InterruptedException e) {
                came.completeExceptionally(e);
            }
        });
        begun.await();
        step.close();
        assertThat(came.get()).startsWith("busy process_unavailable");
    }

    @Test
    void aThreadThatDoesNotEndIsReplacedUntilThereAreTooMany() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Processor deaf = new Simple("deaf", _ -> {
            while (end.getCount() > 0) {
                Thread.onSpinWait();
                Thread.interrupted();
            }
            return 1;
        });
        ProcessSettings two = ProcessSettings.DEFAULT.withPlaces(2, 0, Duration.ZERO);
        try (ProcessStep step = step(two, deaf, ok("a"))) {
            for (int i = 0; i < 2; i++) {
                assertThat(Fixture.text(Fixture.run(step, Fixture.use("a")))).startsWith("{");
                assertThat(Fixture.text(Fixture.run(step, Fixture.within("deaf", SHORT,
                        OnError.FAIL)))).isEqualTo("failed process_timeout");
            }
            assertThat(Fixture.text(Fixture.run(step, Fixture.use("a")))).isEqualTo("busy process_unavailable later");
            end.countDown();
            String again = "";
            while (!again.startsWith("{")) { // the threads end at last, or the test's time does
                Thread.onSpinWait();
                again = Fixture.text(Fixture.run(step, Fixture.use("a")));
            }
        }
    }

    @Test
    void moreThanFitsIsToldThatAllAreBusy() throws Exception {
        Semaphore running = new Semaphore(0);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger most = new AtomicInteger();
        AtomicInteger now = new AtomicInteger();
        Processor waits = new Simple("waits", _ -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            running.release();
            end.await();
            now.decrementAndGet();
            return 1;
        });
        ProcessSettings settings = ProcessSettings.DEFAULT.withPlaces(2, 3, Duration.ofSeconds(60));
        try (ProcessStep step = step(settings, waits); var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(step.capacity()).as("twice that of the one pool that is used").isEqualTo(2 * 5);
            List<Future<String>> results = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                results.add(callers.submit(() -> Fixture.text(Fixture.run(step, Fixture.use("waits")))));
            }
            running.acquire(2);
            CompletableFuture<String> refused = new CompletableFuture<>();
            for (int i = 0; i < 4; i++) { // three fit in the line, so one of these is refused at once
                results.add(callers.submit(() -> {
                    String text = Fixture.text(Fixture.run(step, Fixture.use("waits")));
                    if (text.startsWith("busy")) {
                        refused.complete(text);
                    }
                    return text;
                }));
            }
            assertThat(refused.get()).isEqualTo("busy process_unavailable");
            end.countDown();
            String[] all = new String[results.size()];
            for (int i = 0; i < all.length; i++) {
                all[i] = results.get(i).get();
            }
            assertThat(Arrays.stream(all).filter("{\"waits\":1}"::equals)).hasSize(5);
            assertThat(most).hasValue(2);
        }
    }

    @Test
    void aCallerThatIsToStopEndsWhatItStarted() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Processor slow = new Simple("slow", _ -> {
            begun.countDown();
            try {
                Thread.sleep(60_000);
            } finally {
                interrupted.countDown();
            }
            return 1;
        });
        try (ProcessStep step = step(slow)) {
            CompletableFuture<Boolean> stopped = new CompletableFuture<>();
            Thread caller = Thread.startVirtualThread(() -> {
                try {
                    Fixture.run(step, Fixture.use("slow"));
                    stopped.complete(false);
                } catch (InterruptedException e) {
                    stopped.complete(true);
                }
            });
            begun.await();
            caller.interrupt();
            assertThat(stopped.get()).isTrue();
            assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }
}
