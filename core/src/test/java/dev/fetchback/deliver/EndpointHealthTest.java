package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.deliver.EndpointHealth.Start;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.ReceiverRecord.Status;
import dev.fetchback.work.Pace;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EndpointHealthTest {
    private static final int CAP = 16;
    private static final Verdict FINE = new Verdict.Fine();
    private static final Verdict FAILED = new Verdict.Failed("it answered 500");
    private static final long HOUR = Duration.ofHours(1).toMillis();

    private final EndpointHealth health = fresh();
    private long now = 1_000_000_000_000L;

    @Test
    void aHealthyEndpointTakesAsManyAsItsCap() {
        assertThat(begin(CAP)).containsOnly(Start.YES);
        assertThat(health.tryBegin(now)).isEqualTo(Start.BUSY);
        health.end(Start.YES, FINE, now);
        assertThat(health.tryBegin(now)).isEqualTo(Start.YES);
    }

    @Test
    void failuresInARowOpenTheBreaker() {
        fail(4);
        assertThat(health.status()).isEqualTo(Status.ACTIVE);
        one(FINE);
        fail(4);
        assertThat(health.status()).as("a success between them starts the count again").isEqualTo(Status.ACTIVE);
        assertThat(one(FAILED)).as("worth saving").isTrue();
        assertThat(health.status()).isEqualTo(Status.BROKEN);
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        assertThat(health.until(now)).isEqualTo(now + 10_000);
        assertThat(health.toRecord(now).reason()).contains("5 failures").contains("it answered 500");
    }

    @Test
    void oneProbeAtATimeIsLetThrough() {
        fail(5);
        now += 10_000;
        assertThat(health.tryBegin(now)).isEqualTo(Start.PROBE);
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        assertThat(health.opensAt(now)).isEqualTo(Pace.AFTER_LEAVE);
        health.undo(Start.PROBE);
        assertThat(health.tryBegin(now)).as("a probe that was given back").isEqualTo(Start.PROBE);
    }

    private boolean hears(Status status, long until, int orders) {
        return health.hear(new ReceiverRecord("rcv_A", "https://a.example/", status, "said there", 7, until, now, orders), now);
    }

    @Test
    void whatAnotherNodeHasLearnedHoldsItHereToo() {
        assertThat(hears(Status.ACTIVE, 0, 0)).as("nothing new").isFalse();
        assertThat(hears(Status.ACTIVE, now + 5_000, 0)).as("Retry-After").isTrue();
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        assertThat(hears(Status.ACTIVE, now + 4_000, 0)).as("a shorter one").isFalse();
        assertThat(hears(Status.BROKEN, now + 9_000, 0)).isTrue();
        now += 8_000;
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        now += 1_000;
        assertThat(health.tryBegin(now)).isEqualTo(Start.PROBE);
        health.undo(Start.PROBE);
        assertThat(hears(Status.ACTIVE, 0, 0)).as("a probe went well there").isTrue();
        assertThat(health.tryBegin(now)).isEqualTo(Start.YES);
        assertThat(health.tryBegin(now)).as("slowly").isEqualTo(Start.BUSY);
        assertThat(hears(Status.GONE, 0, 0)).isTrue();
        assertThat(health.tryBegin(now)).isEqualTo(Start.STOPPED);
        assertThat(health.toRecord(now).reason()).isEqualTo("said there");
        assertThat(hears(Status.ACTIVE, 0, 0)).as("from before it was gone").isFalse();
        assertThat(hears(Status.BROKEN, now + 9_000, 0)).isFalse();
        assertThat(health.status()).isEqualTo(Status.GONE);
    }

    @Test
    void ordersOfAnOperatorCountInTheirOrder() {
        assertThat(hears(Status.PAUSED, 0, 1)).isTrue();
        assertThat(health.tryBegin(now)).isEqualTo(Start.STOPPED);
        assertThat(hears(Status.ACTIVE, 0, 0)).as("from before the pause").isFalse();
        assertThat(hears(Status.ACTIVE, 0, 2)).isTrue();
        assertThat(health.tryBegin(now)).isEqualTo(Start.YES);
        assertThat(hears(Status.PAUSED, 0, 1)).as("from before it was resumed").isFalse();
        health.pause(now);
        assertThat(health.toRecord(now).orders()).isEqualTo(3);
        assertThat(hears(Status.GONE, 0, 2)).isFalse();
        assertThat(health.status()).isEqualTo(Status.PAUSED);
        assertThat(hears(Status.ACTIVE, 0, 4)).isTrue();
        assertThat(health.status()).isEqualTo(Status.ACTIVE);
    }

    @Test
    void eachProbeThatFailsDoublesTheWaitUpToTenMinutes() {
        fail(5);
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            waits.add((health.until(now) - now) / 1000);
            now = health.until(now);
            assertThat(health.tryBegin(now)).isEqualTo(Start.PROBE);
            assertThat(health.end(Start.PROBE, FAILED, now)).isTrue();
        }
        assertThat(waits).containsExactly(10L, 20L, 40L, 80L, 160L, 320L, 600L, 600L, 600L);
    }

    @Test
    void whatWasUnderWayWhenItOpenedDoesNotDoubleTheWait() {
        begin(CAP);
        for (int i = 0; i < CAP; i++) {
            health.end(Start.YES, FAILED, now);
        }
        assertThat(health.until(now)).isEqualTo(now + 10_000);
        assertThat(health.toRecord(now).failures()).isEqualTo(5);
    }

    @Test
    void afterAnOutageItIsLoadedSlowly() {
        fail(5);
        now += 10_000;
        assertThat(health.tryBegin(now)).isEqualTo(Start.PROBE);
        assertThat(health.end(Start.PROBE, FINE, now)).isTrue();
        assertThat(health.status()).isEqualTo(Status.ACTIVE);
        List<Integer> widths = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            List<Start> started = beginAll();
            widths.add(started.size());
            started.forEach(start -> health.end(start, FINE, now));
        }
        assertThat(widths).containsExactly(2, 4, 8, 16, 16);
    }

    @Test
    void aRetryAfterHoldsForTheWholeEndpointThenItIsLoadedSlowly() {
        begin(3);
        assertThat(health.end(Start.YES, new Verdict.Delayed(now + 30_000), now)).isTrue();
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        assertThat(health.opensAt(now)).isEqualTo(now + 30_000);
        assertThat(health.until(now)).isEqualTo(now + 30_000);
        assertThat(health.toRecord(now).status()).isEqualTo(Status.ACTIVE);
        assertThat(health.toRecord(now).reason()).contains("Retry-After");
        assertThat(health.end(Start.YES, new Verdict.Delayed(now + 30_001), now)).as("not worth saving again").isFalse();
        health.end(Start.YES, new Verdict.Unknown(), now);
        now += 30_001;
        assertThat(beginAll()).hasSize(1);
        assertThat(health.toRecord(now).reason()).isNull();
    }

    @Test
    void aRetryAfterIsHonouredForADayAtMost() {
        begin(1);
        health.end(Start.YES, new Verdict.Delayed(now + 1000 * HOUR), now);
        assertThat(health.until(now)).isEqualTo(now + 24 * HOUR);
    }

    @Test
    void aProbeThatIsAskedToWaitClosesTheBreaker() {
        fail(5);
        now += 10_000;
        health.tryBegin(now);
        assertThat(health.end(Start.PROBE, new Verdict.Delayed(now + 5000), now)).isTrue();
        assertThat(health.status()).isEqualTo(Status.ACTIVE);
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        now += 5000;
        assertThat(beginAll()).containsExactly(Start.YES);
    }

    @Test
    void goneStaysUntilItIsResumed() {
        begin(2);
        assertThat(health.end(Start.YES, new Verdict.Gone("It answered 410 Gone."), now)).isTrue();
        assertThat(health.end(Start.YES, FINE, now)).isFalse();
        now += 1000 * HOUR;
        assertThat(health.status()).isEqualTo(Status.GONE);
        assertThat(health.tryBegin(now)).isEqualTo(Start.STOPPED);
        assertThat(health.until(now)).isZero();
        health.resume(now);
        assertThat(beginAll()).as("slowly").containsExactly(Start.YES);
    }

    @Test
    void pausedStaysWhateverHappens() {
        begin(3);
        health.pause(now);
        health.end(Start.YES, FINE, now);
        health.end(Start.YES, FAILED, now);
        health.end(Start.YES, new Verdict.Delayed(now + 5000), now);
        assertThat(health.status()).isEqualTo(Status.PAUSED);
        assertThat(health.tryBegin(now + HOUR)).isEqualTo(Start.STOPPED);
    }

    @Test
    void aClockThatIsSetBackMakesNoWaitLonger() {
        fail(5);
        now += 4_000;
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        now -= 1000 * HOUR;
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
        assertThat(health.until(now)).isEqualTo(now + 6_000);
        now += 6_000;
        assertThat(health.tryBegin(now)).isEqualTo(Start.PROBE);
    }

    @Test
    void aClockThatWasSetBackOverARestartStopsItNoLongerThanAnythingMay() {
        fail(5);
        ReceiverRecord saved = health.toRecord(now);
        EndpointHealth restored = fresh();
        restored.restore(saved);
        now -= 1000 * HOUR;
        restored.tryBegin(now);
        assertThat(restored.until(now)).isEqualTo(now + 600_000);
        now += 600_000;
        assertThat(restored.tryBegin(now)).isEqualTo(Start.PROBE);
    }

    @Test
    void aRestartChangesNothing() {
        fail(7);
        ReceiverRecord saved = health.toRecord(now);
        EndpointHealth restored = fresh();
        restored.restore(saved);
        assertThat(restored.toRecord(now)).isEqualTo(saved);
        assertThat(restored.tryBegin(now)).isEqualTo(Start.SOON);
        now = saved.until();
        assertThat(restored.tryBegin(now)).isEqualTo(Start.PROBE);
        restored.end(Start.PROBE, FAILED, now);
        assertThat(restored.until(now)).as("goes on doubling").isEqualTo(now + 80_000);
    }

    @Test
    void onlyAStopOfMoreThanAMinuteStopsTasks() {
        begin(1);
        health.end(Start.YES, new Verdict.Delayed(now + EndpointHealth.WAITED_OUT_MILLIS + 1), now);
        assertThat(health.tryBegin(now)).isEqualTo(Start.STOPPED);
        assertThat(health.stopped(now)).isTrue();
        now++;
        assertThat(health.stopped(now)).isFalse();
        assertThat(health.tryBegin(now)).isEqualTo(Start.SOON);
    }

    @Test
    void aRecoveryIsToldOnce() {
        one(FINE);
        assertThat(health.recovered(now)).as("it was never away").isFalse();
        fail(5);
        now = health.until(now);
        health.end(health.tryBegin(now), FINE, now);
        assertThat(health.recovered(now)).as("a short stop put nothing off").isFalse();
        fail(9);
        assertThat(health.recovered(now)).isFalse();
        now = health.until(now);
        health.end(health.tryBegin(now), FINE, now);
        assertThat(health.recovered(now)).isTrue();
        assertThat(health.recovered(now)).isFalse();
    }

    @Test
    void onlyAHealthyIdleEndpointIsForgettable() {
        assertThat(health.forgettable(now)).isTrue();
        begin(1);
        assertThat(health.forgettable(now)).isFalse();
        health.end(Start.YES, FAILED, now);
        assertThat(health.forgettable(now)).isFalse();
        one(FINE);
        assertThat(health.forgettable(now)).isTrue();
    }

    /** Whatever comes: never more under way than the cap, one probe at most while broken, and it always comes back. */
    @Test
    void holdsItsInvariantsWhateverHappens() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        Deque<Start> running = new ArrayDeque<>();
        for (int step = 0; step < 50_000; step++) {
            now += random.nextInt(100) == 0 ? random.nextInt(700_000) : random.nextInt(50);
            if (random.nextBoolean()) {
                Start start = health.tryBegin(now);
                if (start == Start.YES || start == Start.PROBE) {
                    running.add(start);
                }
                assertThat(running.size()).as("seed %d step %d", seed, step).isLessThanOrEqualTo(CAP);
                assertThat(running).as("seed %d step %d", seed, step).filteredOn(s -> s == Start.PROBE).hasSizeLessThan(2);
            } else if (!running.isEmpty()) {
                Start start = random.nextBoolean() ? running.pollFirst() : running.pollLast();
                health.end(start, verdict(random), now);
            } else if (random.nextInt(20) == 0) {
                health.resume(now);
            }
            assertThat(health.inFlight()).as("seed %d step %d", seed, step).isEqualTo(running.size());
            assertThat(health.limit()).as("seed %d step %d", seed, step).isBetween(1, CAP);
        }
        running.forEach(start -> health.end(start, FINE, now));
        health.resume(now);
        for (int i = 0; i < 2 * CAP; i++) {
            one(FINE);
        }
        assertThat(beginAll()).hasSize(CAP);
    }

    private Verdict verdict(Random random) {
        return switch (random.nextInt(40)) {
            case 0 -> new Verdict.Gone("It answered 410 Gone.");
            case 1, 2 -> new Verdict.Delayed(now + random.nextInt(100_000));
            case 3 -> new Verdict.Unknown();
            default -> random.nextInt(3) == 0 ? FINE : FAILED;
        };
    }

    private static EndpointHealth fresh() {
        return new EndpointHealth("rcv_X", "https://api.example/hooks", DeliverSettings.Breaker.DEFAULT, CAP);
    }

    private List<Start> begin(int count) {
        List<Start> starts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            starts.add(health.tryBegin(now));
        }
        return starts;
    }

    private List<Start> beginAll() {
        List<Start> starts = new ArrayList<>();
        for (Start start = health.tryBegin(now); start == Start.YES || start == Start.PROBE; start = health.tryBegin(now)) {
            starts.add(start);
        }
        return starts;
    }

    private boolean one(Verdict verdict) {
        Start start = health.tryBegin(now);
        assertThat(start).isEqualTo(Start.YES);
        return health.end(start, verdict, now);
    }

    private void fail(int times) {
        for (int i = 0; i < times; i++) {
            now = Math.max(now, health.until(now));
            health.end(health.tryBegin(now), FAILED, now);
        }
    }
}
