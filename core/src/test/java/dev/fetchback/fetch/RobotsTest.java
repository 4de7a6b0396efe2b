package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.outbound.AddressBusy;
import dev.fetchback.outbound.AddressTurn;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Target;
import dev.fetchback.task.RetryPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is remembered and for how long, on fake time, and who waits for whom. */
@Timeout(20)
class RobotsTest {
    private static final AddressTurn TURN = new AddressTurn(null, 8);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long DAY = Duration.ofHours(24).toMillis();

    private final AtomicLong now = new AtomicLong(1_795_348_800_000L);
    private final AtomicInteger reads = new AtomicInteger();
    private RobotsReading next = new RobotsReading.Read(RobotsRules.ALLOW_ALL, DAY);

    private Robots robots(Robots.Source source, long bytes) {
        Robots.Limits limits = new Robots.Limits(bytes, Duration.ofSeconds(10), Duration.ofMinutes(5));
        return new Robots(source, limits, now::get);
    }

    private Robots robots() {
        return robots((_, _) -> {
            reads.incrementAndGet();
            return next;
        }, 1 << 20);
    }

    private static Target page(String url) {
        try {
            return Target.parse(url);
        } catch (BadUrl e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static RobotsRules disallowing(String path) {
        return new RobotsParser("x").parse(("User-agent: *\nDisallow: " + path).getBytes(StandardCharsets.UTF_8), false);
    }

    private static RobotsReading.Unreadable unreachable(boolean remembered, long notBefore) {
        return new RobotsReading.Unreadable(new Exchange.Failure(Kind.ROBOTS_UNREACHABLE, "no"), remembered, notBefore);
    }

    private static RobotsRules rules(Robots.Answer answer) {
        return ((Robots.Answer.Rules) answer).rules();
    }

    private static long retryAt(Robots.Answer answer) {
        return ((Robots.Answer.Unknown) answer).retryAt();
    }

    @Test
    void readsAFileOnceForAllPagesOfItsOrigin() throws Exception {
        Robots robots = robots();
        next = new RobotsReading.Read(disallowing("/x"), DAY);
        assertThat(rules(robots.ask(page("http://a.test/1"), PATIENCE, TURN)).denial("/x")).isEqualTo("/x");
        now.addAndGet(DAY - 1);
        robots.ask(page("http://a.test:80/2?q"), PATIENCE, TURN);
        assertThat(reads).hasValue(1);
        robots.ask(page("https://a.test/1"), PATIENCE, TURN);
        robots.ask(page("http://a.test:8080/1"), PATIENCE, TURN);
        robots.ask(page("http://www.a.test/1"), PATIENCE, TURN);
        assertThat(reads).hasValue(4);
        now.addAndGet(1);
        robots.ask(page("http://a.test/1"), PATIENCE, TURN);
        assertThat(reads).hasValue(5);
        assertThat(robots.meters().read()).isEqualTo(5);
        assertThat(robots.meters().files()).isEqualTo(4);
    }

    @Test
    void leavesAServerAloneForLongerEachTimeItsFileCannotBeRead() throws Exception {
        Robots robots = robots();
        next = unreachable(true, 0);
        for (int seconds : new int[] {10, 20, 40, 80, 160, 300, 300}) {
            long until = now.get() + 1_000L * seconds;
            int before = reads.get();
            assertThat(retryAt(robots.ask(page("http://a.test/"), PATIENCE, TURN))).isEqualTo(until);
            now.set(until - 1);
            assertThat(retryAt(robots.ask(page("http://a.test/"), PATIENCE, TURN))).isEqualTo(until);
            assertThat(reads).hasValue(before + 1);
            now.set(until);
        }
        next = unreachable(true, now.get() + 1_000_000);
        assertThat(retryAt(robots.ask(page("http://a.test/"), PATIENCE, TURN))).isEqualTo(now.get() + 1_000_000);
        now.addAndGet(1_000_000);
        next = new RobotsReading.Read(RobotsRules.ALLOW_ALL, 1);
        assertThat(robots.ask(page("http://a.test/"), PATIENCE, TURN)).isInstanceOf(Robots.Answer.Rules.class);
        now.addAndGet(1);
        next = unreachable(true, 0);
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        now.addAndGet(10_000);
        int before = reads.get();
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        assertThat(reads).as("a success begins anew").hasValue(before + 1);
    }

    @Test
    void goesOnWithWhatItKnowsWhenAFileCannotBeReadAgain() throws Exception {
        Robots robots = robots();
        next = new RobotsReading.Read(disallowing("/x"), DAY);
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        now.addAndGet(DAY);
        next = unreachable(true, 0);
        for (int i = 0; i < 3; i++) {
            assertThat(rules(robots.ask(page("http://a.test/"), PATIENCE, TURN)).denial("/x")).isEqualTo("/x");
        }
        assertThat(reads).as("tried once, then left alone").hasValue(2);
        now.addAndGet(10_000);
        next = unreachable(false, 0);
        assertThat(rules(robots.ask(page("http://a.test/"), PATIENCE, TURN)).denial("/x")).isEqualTo("/x");
        next = new RobotsReading.Read(disallowing("/y"), DAY);
        assertThat(rules(robots.ask(page("http://a.test/"), PATIENCE, TURN)).denial("/x")).isNull();
    }

    @Test
    void readsAgainWhenTheClockWasSetBack() throws Exception {
        Robots robots = robots();
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        now.addAndGet(-1);
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        assertThat(reads).as("a file is used for a day, not for a day and what the clock was wrong by").hasValue(2);
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        assertThat(reads).hasValue(2);
    }

    @Test
    void doesNotRememberWhatThePageWouldHaveMet() throws Exception {
        Robots robots = robots();
        next = unreachable(false, 0);
        assertThat(retryAt(robots.ask(page("http://a.test/"), PATIENCE, TURN))).isZero();
        assertThat(robots.meters().files()).isZero();
        next = new RobotsReading.Read(RobotsRules.ALLOW_ALL, DAY);
        assertThat(robots.ask(page("http://a.test/"), PATIENCE, TURN)).isInstanceOf(Robots.Answer.Rules.class);
    }

    @Test
    void forgetsWhatWasNotUsedForLongestWhenItsMemoryIsFull() throws Exception {
        RobotsRules rules = disallowing("/" + "x".repeat(1000));
        next = new RobotsReading.Read(rules, DAY);
        Robots robots = robots((_, _) -> {
            reads.incrementAndGet();
            return next;
        }, 10 * rules.bytes());
        for (int i = 0; i < 10; i++) {
            robots.ask(page("http://h" + i + ".test/"), PATIENCE, TURN);
        }
        robots.ask(page("http://h0.test/"), PATIENCE, TURN);
        assertThat(reads).hasValue(10);
        for (int i = 10; i < 15; i++) {
            robots.ask(page("http://h" + i + ".test/"), PATIENCE, TURN);
        }
        assertThat(robots.meters().files()).isEqualTo(10);
        assertThat(robots.meters().bytes()).isEqualTo(10 * rules.bytes());
        robots.ask(page("http://h0.test/"), PATIENCE, TURN);
        assertThat(reads).as("used just before").hasValue(15);
        robots.ask(page("http://h1.test/"), PATIENCE, TURN);
        assertThat(reads).hasValue(16);
    }

    @Test
    void boundsTheNumberOfServersWithoutRules() throws Exception {
        Robots robots = robots();
        for (int i = 0; i < 5_000; i++) {
            next = i % 2 == 0 ? unreachable(true, 0) : new RobotsReading.Read(RobotsRules.ALLOW_ALL, DAY);
            robots.ask(page("http://h" + i + ".test/"), PATIENCE, TURN);
        }
        assertThat(robots.meters().files()).isEqualTo((1 << 20) / 512);
    }

    /** A server that answers when the test says so. */
    private static final class Slow implements Robots.Source {
        final AtomicInteger begun = new AtomicInteger();
        final CountDownLatch interrupted = new CountDownLatch(1);
        final BlockingQueue<CompletableFuture<RobotsReading>> asked = new LinkedBlockingQueue<>();

        @Override
        public RobotsReading read(Target page, AddressTurn turn) throws InterruptedException {
            begun.incrementAndGet();
            CompletableFuture<RobotsReading> answer = new CompletableFuture<>();
            asked.add(answer);
            try {
                return answer.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        }
    }

    @Test
    void manyWaitForOneRead() throws Exception {
        Slow slow = new Slow();
        Robots robots = robots(slow, 1 << 20);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Robots.Answer>> waiting = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                int number = i;
                waiting.add(threads.submit(() -> robots.ask(page("http://a.test/" + number), PATIENCE, TURN)));
            }
            Future<Robots.Answer> other = threads.submit(() -> robots.ask(page("http://b.test/"), PATIENCE, TURN));
            CompletableFuture<RobotsReading> first = slow.asked.take();
            slow.asked.take().complete(next);
            first.complete(next);
            other.get();
            for (Future<Robots.Answer> one : waiting) {
                assertThat(rules(one.get())).isSameAs(RobotsRules.ALLOW_ALL);
            }
        }
        assertThat(slow.begun).hasValue(2);
    }

    @Test
    void whoGivesUpOrIsInterruptedEndsTheReadOfNoOther() throws Exception {
        Slow slow = new Slow();
        Robots robots = robots(slow, 1 << 20);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Robots.Answer> patient = threads.submit(() -> robots.ask(page("http://a.test/p"), PATIENCE, TURN));
            CompletableFuture<RobotsReading> answer = slow.asked.take();
            Robots.Answer late = robots.ask(page("http://a.test/q"), Duration.ofMillis(1), TURN);
            assertThat(((Robots.Answer.Unknown) late).failure().kind()).isEqualTo(Kind.ROBOTS_UNREACHABLE);
            assertThat(((Robots.Answer.Unknown) late).failure().detail()).contains("http://a.test/robots.txt");
            assertThat(retryAt(late)).isZero();
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            Thread interrupted = Thread.startVirtualThread(() -> {
                Thread.currentThread().interrupt();
                try {
                    robots.ask(page("http://a.test/r"), PATIENCE, TURN);
                } catch (AddressBusy | InterruptedException e) {
                    thrown.complete(e);
                }
            });
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
            interrupted.join();
            answer.complete(next);
            assertThat(patient.get()).isInstanceOf(Robots.Answer.Rules.class);
        }
        assertThat(slow.begun).hasValue(1);
        assertThat(slow.interrupted.getCount()).isEqualTo(1);
    }

    @Test
    void theLastToGiveUpEndsTheReadAndTheNextBeginsAnew() throws Exception {
        Slow slow = new Slow();
        Robots robots = robots(slow, 1 << 20);
        robots.ask(page("http://a.test/"), Duration.ofMillis(1), TURN);
        slow.interrupted.await();
        slow.asked.take();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Robots.Answer> next = threads.submit(() -> robots.ask(page("http://a.test/"), PATIENCE, TURN));
            slow.asked.take().complete(this.next);
            assertThat(next.get()).isInstanceOf(Robots.Answer.Rules.class);
        }
    }

    @Test
    void goesOnWithWhatItKnowsWhenAFileDoesNotComeInTime() throws Exception {
        Slow slow = new Slow();
        next = new RobotsReading.Read(disallowing("/x"), DAY);
        Robots robots = robots((page, turn) -> reads.getAndIncrement() == 0 ? next : slow.read(page, turn), 1 << 20);
        robots.ask(page("http://a.test/"), PATIENCE, TURN);
        now.addAndGet(DAY);
        long from = System.nanoTime();
        assertThat(rules(robots.ask(page("http://a.test/"), Duration.ofMillis(400), TURN)).denial("/x")).isEqualTo("/x");
        assertThat(Duration.ofNanos(System.nanoTime() - from)).as("half is left for the page").isGreaterThan(Duration.ofMillis(190));
        slow.interrupted.await();
        now.addAndGet(9_999);
        assertThat(rules(robots.ask(page("http://a.test/"), PATIENCE, TURN)).denial("/x")).isEqualTo("/x");
        assertThat(slow.begun).as("left alone for a while").hasValue(1);
        now.addAndGet(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            slow.asked.take();
            Future<Robots.Answer> again = threads.submit(() -> robots.ask(page("http://a.test/"), PATIENCE, TURN));
            slow.asked.take().complete(new RobotsReading.Read(RobotsRules.ALLOW_ALL, DAY));
            assertThat(rules(again.get()).denial("/x")).isNull();
        }
        assertThat(robots.meters().bytes()).isEqualTo(RobotsRules.ALLOW_ALL.bytes());
    }

    @Test
    void aFaultReachesWhoWaitsAndIsNotRemembered() throws Exception {
        Robots robots = robots((_, _) -> {
            if (reads.incrementAndGet() == 1) {
                throw new IllegalStateException("broken");
            }
            return next;
        }, 1 << 20);
        assertThatThrownBy(() -> robots.ask(page("http://a.test/"), PATIENCE, TURN))
                .isInstanceOf(IllegalStateException.class).hasRootCauseMessage("broken");
        assertThat(robots.ask(page("http://a.test/"), PATIENCE, TURN)).isInstanceOf(Robots.Answer.Rules.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "''; 86400", "max-age=3600; 3600", "public, Max-Age=\"7200\"; 7200", "max-age=1; 300", "no-store; 300",
        "no-cache, max-age=9000; 300", "max-age=9000, no-cache; 300", "max-age=99999999999999999999; 86400", "max-age=x; 86400",
        "max-age=-5; 86400", "s-maxage=3600; 86400", "max-age=200000; 86400"
    })
    void keepsAFileAsLongAsItsServerSays(String cacheControl, long seconds) {
        List<Field> fields = List.of(new Field("cache-control", cacheControl));
        assertThat(Freshness.millis(fields, Freshness.FILE)).isEqualTo(seconds * 1000);
        assertThat(Freshness.millis(List.of(), Freshness.NO_FILE)).isEqualTo(3_600_000);
    }

    @Test
    void asksForNoLongerThanItsTasksWait() {
        assertThat(Robots.Limits.DEFAULT.wait(100)).isLessThanOrEqualTo(RetryPolicy.DEFAULT.hintCap().toMillis());
    }
}
