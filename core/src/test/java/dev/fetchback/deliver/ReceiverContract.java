package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.deliver.DeliverSettings.Breaker;
import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.ReceiverRecord.Status;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.DeliverResult.Accepted;
import dev.fetchback.work.DeliverResult.Refused;
import dev.fetchback.work.DeliverResult.StoreFirst;
import dev.fetchback.work.Parcel;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jspecify.annotations.Nullable;

/** What every receiver can rely on, and every task, whatever the receiver is. */
@Timeout(30)
abstract class ReceiverContract {
    static final int AT_ONCE = 2;
    static final Duration SOON = Duration.ofMillis(300);
    static final Duration LATER = Duration.ofSeconds(120);

    private static final byte[] PAGE = Pages.html(new Random(1), 3000);

    final AtomicLong millis = new AtomicLong(1_795_355_500_000L);
    final BlockingQueue<Got> got = new LinkedBlockingQueue<>();
    /** Lets one that hangs go on. */
    final Semaphore gate = new Semaphore(0);
    volatile Does does = Does.TAKE;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<ReceiverRecord> saved = new ArrayList<>();
    private @Nullable Endpoints endpoints;
    private @Nullable DeliverStep step;

    /** What the receiver does with an outcome. */
    enum Does {
        TAKE,
        FAIL,
        RETRY_LATER,
        GONE,
        HANG
    }

    /** What a receiver was told. */
    record Got(String id, String taskId, int attempt, String type, String body) {}

    /** Where it is. */
    abstract String to();

    abstract Post post();

    abstract InProcess functions();

    /** What a failure is called. */
    abstract String failureCode();

    DeliverStep step() {
        DeliverStep made = step;
        if (made == null) {
            Limits limits = new Limits(AT_ONCE, 128, Duration.ofMillis(50), 64, 64 << 20, 1000);
            DeliverSettings settings = new DeliverSettings(null, "test", 100_000, limits, Breaker.DEFAULT);
            endpoints = new Endpoints(settings, functions(), millis::get, saved::add);
            Envelope envelope = new Envelope(100_000, new LinkSigner(new byte[32], "https://fb.example"));
            made = new DeliverStep(post(), functions(), endpoints, envelope, settings,
                    new DeliverStep.Surroundings(millis::get, System::nanoTime, new Random(5)), new PrometheusRegistry());
            step = made;
        }
        return made;
    }

    @AfterEach
    void letGo() {
        gate.release(1000);
        threads.close();
        if (functions() != Pages.NONE_IN_PROCESS) {
            functions().close();
        }
    }

    DeliverResult send() throws InterruptedException {
        return send(Pages.fetched(PAGE), 1, false, Duration.ofSeconds(20));
    }

    private DeliverResult send(Outcome outcome, int attempt, boolean stored, Duration timeout) throws InterruptedException {
        TaskSpec spec = Pages.spec(DeliverOptions.to(to()).withTimeout(timeout));
        Task task = Pages.task(to(), null);
        Bytes body = outcome instanceof Outcome.Fetched ? new Bytes(PAGE) : null;
        return step().run(task, spec, new Parcel(outcome, body, null, attempt, stored, () -> {}));
    }

    int failures() {
        return record().failures();
    }

    private ReceiverRecord record() {
        return endpoints().records().getFirst();
    }

    private Endpoints endpoints() {
        step();
        return java.util.Objects.requireNonNull(endpoints);
    }

    @Test
    void isToldTheOutcomeUnderAnIdThatStays() throws Exception {
        assertThat(send()).isEqualTo(new Accepted(false));
        send(Pages.fetched(PAGE), 2, true, SOON);
        send(new Outcome.Failed(new Problem("dns_failed", "No such name.", 0), 7), 1, true, SOON);
        send(new Outcome.Failed(new Problem(Problem.EXPIRED, null, 0), 7), 1, true, SOON);
        String task = Pages.ID.toString();
        String page = new String(PAGE, java.nio.charset.StandardCharsets.UTF_8);
        assertThat(got).containsExactly(
                new Got(task + "_page", task, 1, "task.succeeded", page),
                new Got(task + "_page", task, 2, "task.succeeded", page),
                new Got(task + "_failed", task, 1, "task.failed", "dns_failed"),
                new Got(task + "_expired", task, 1, "task.expired", "expired"));
    }

    @Test
    void failuresInARowOpenItsBreaker() throws Exception {
        does = Does.FAIL;
        for (int i = 0; i < 5; i++) {
            assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
                assertThat(refused.problem().code()).isEqualTo(failureCode());
                assertThat(refused.notBefore()).isZero();
            });
        }
        assertThat(record().status()).isEqualTo(Status.BROKEN);
        assertThat(send()).as("10 s are waited out").isEqualTo(new StoreFirst());
        assertThat(got).hasSize(5);
        millis.addAndGet(10_000);
        does = Does.TAKE;
        assertThat(send()).isEqualTo(new Accepted(false));
        assertThat(saved).extracting(ReceiverRecord::status).containsExactly(Status.BROKEN, Status.ACTIVE);
    }

    @Test
    void isLeftAloneAsLongAsItAsksFor() throws Exception {
        does = Does.RETRY_LATER;
        long until = millis.get() + LATER.toMillis();
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.notBefore()).isEqualTo(until);
            assertThat(refused.problem().code()).isEqualTo(failureCode());
        });
        does = Does.TAKE;
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(Problem.RECEIVER_STOPPED);
            assertThat(refused.notBefore()).isEqualTo(until);
        });
        assertThat(got).hasSize(1);
        millis.set(until);
        assertThat(send()).isEqualTo(new Accepted(false));
    }

    @Test
    void isStoppedWhenItWantsNothingMoreUntilItIsResumed() throws Exception {
        does = Does.GONE;
        assertThat(send()).isInstanceOf(Refused.class);
        does = Does.TAKE;
        assertThat(send()).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.problem().code()).isEqualTo(Problem.RECEIVER_STOPPED));
        assertThat(got).hasSize(1);
        assertThat(saved).singleElement().satisfies(one -> assertThat(one.status()).isEqualTo(Status.GONE));
        assertThat(endpoints().resume(record().id())).isTrue();
        assertThat(send()).isEqualTo(new Accepted(false));
    }

    @Test
    void canBePaused() throws Exception {
        send();
        assertThat(endpoints().pause(record().id())).isTrue();
        assertThat(send()).isInstanceOf(Refused.class);
        assertThat(endpoints().resume(record().id())).isTrue();
        assertThat(send()).isEqualTo(new Accepted(false));
        assertThat(got).hasSize(2);
    }

    @Test
    void hasItsTimeAndNoMore() throws Exception {
        does = Does.HANG;
        assertThat(send(Pages.fetched(PAGE), 1, false, SOON)).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.problem().code()).isEqualTo("deadline"));
        assertThat(record().failures()).isEqualTo(1);
        does = Does.TAKE;
        assertThat(send()).isEqualTo(new Accepted(false));
    }

    @Test
    void getsNoMoreAtOnceThanItMay() throws Exception {
        does = Does.HANG;
        List<Future<DeliverResult>> slow = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            slow.add(threads.submit(() -> send()));
            assertThat(got.poll(10, TimeUnit.SECONDS)).isNotNull();
        }
        assertThat(send()).isEqualTo(new StoreFirst());
        assertThat(send(Pages.fetched(PAGE), 1, true, SOON)).isEqualTo(new StoreFirst());
        gate.release(AT_ONCE);
        for (Future<DeliverResult> one : slow) {
            assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo(new Accepted(false));
        }
        assertThat(got).isEmpty();
    }

    @Test
    void anInterruptHandsTheAttemptBackAndBlamesNobody() throws Exception {
        does = Does.HANG;
        Future<DeliverResult> slow = threads.submit(() -> {
            Thread caller = Thread.currentThread();
            threads.submit(() -> {
                got.take();
                caller.interrupt();
                return null;
            });
            return send();
        });
        assertThatThrownBy(() -> slow.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(InterruptedException.class);
        does = Does.TAKE;
        assertThat(send()).isEqualTo(new Accepted(false));
        assertThat(record().failures()).isZero();
        assertThat(saved).isEmpty();
    }
}
