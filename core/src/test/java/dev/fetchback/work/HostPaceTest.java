package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class HostPaceTest {
    private static final long MINUTE = 60_000;

    private long now = 1_000_000_000;
    private final HostPace pace = pace(500);

    private long takenAt;

    private HostPace pace(long gapMillis) {
        return new HostPace(() -> new HostPolicy(2, Duration.ofMillis(gapMillis), 0, null), Permits.NONE, new Random(1),
                () -> takenAt == 0 ? Long.MAX_VALUE : now - takenAt);
    }

    private long heard(HostPace host, long latency, boolean good, boolean busy, long retryAt) {
        return host.heard(new HostNews("h:80", now - latency, latency, good, busy, retryAt), now);
    }

    private long busy() {
        return heard(pace, 10, false, true, 0) - now;
    }

    /** The distance that its next two starts keep. */
    private long gap(HostPace host) {
        now = Math.max(now, host.opensAt(now));
        long began = now;
        assertThat(host.enter(null, now)).isEqualTo(now);
        host.leave(now, true);
        return host.opensAt(now) - began;
    }

    @Test
    void backsOffFurtherEachTimeUntilFiveMinutes() {
        long expected = 2_000;
        for (int i = 0; i < 10; i++) {
            long wait = busy();
            assertThat(wait).isBetween(Math.round(expected * 0.9), Math.round(expected * 1.1));
            assertThat(pace.opensAt(now)).isEqualTo(now + wait);
            assertThat(pace.waitingOn(now)).isEqualTo(new WaitingOn(WaitingOn.Kind.HOST_BACKOFF, now + wait));
            assertThat(pace.paused(now)).isTrue();
            now += wait + 100;
            heard(pace, 10, true, false, 0); // one good answer is no proof
            expected = Math.min(2 * expected, 5 * MINUTE);
        }
    }

    @Test
    void keepsItsDistanceFromWhatAnotherOwnerMayHaveBegun() {
        HostPace known = pace(500);
        assertThat(gap(known)).isEqualTo(500);
        now += 200;
        takenAt = now - 100;
        assertThat(known.opensAt(now)).as("the other had it meanwhile").isEqualTo(takenAt + 500);
        HostPace fresh = pace(500);
        assertThat(fresh.enter(null, now)).isEqualTo(takenAt + 500);
        assertThat(fresh.waitingOn(now)).isEqualTo(new WaitingOn(WaitingOn.Kind.HOST_GAP, takenAt + 500));
        assertThat(fresh.rememberUntil()).isEqualTo(takenAt + 500);
        assertThat(pace(0).opensAt(now)).as("a host without a gap").isLessThanOrEqualTo(now);
        now = takenAt + 500;
        assertThat(fresh.enter(null, now)).isEqualTo(now);
    }

    @Test
    void sendsWhatWasBegunInTimeButComesLateAtItsDistanceToo() {
        assertThat(pace.enter(null, now)).isEqualTo(now);
        now += 500;
        assertThat(pace.enter(null, now)).isEqualTo(now);
        now += 300; // until both starts are on disk
        assertThat(pace.send(now)).isZero();
        assertThat(pace.send(now)).isEqualTo(500);
        pace.leave(now, true);
        assertThat(pace.opensAt(now)).as("the next one need not wait once more").isEqualTo(now + 1_000);
        now += 1_000;
        assertThat(pace.enter(null, now)).isEqualTo(now);
        assertThat(pace.send(now)).isZero();
        pace.leave(now, true);
        heard(pace, 2_000, true, false, 0);
        now = pace.opensAt(now);
        pace.enter(null, now);
        now += 100;
        pace.send(now);
        now += 1_900;
        pace.enter(null, now);
        assertThat(pace.send(now)).as("at the distance that slowness makes").isEqualTo(100);
        HostPace free = pace(0);
        assertThat(free.send(now)).isZero();
        assertThat(free.send(now)).isZero();
    }

    @Test
    void countsAnswersOfOneMomentOnce() {
        long until = now + busy();
        assertThat(heard(pace, 3_000, false, true, 0)).as("was under way when the host said so first").isEqualTo(until);
        now = until + 1_000;
        assertThat(busy()).isBetween(3_600L, 4_400L);
    }

    @Test
    void beginsAnewAfterTenQuietMinutes() {
        for (int i = 0; i < 5; i++) {
            now += busy() + 100;
        }
        now += 10 * MINUTE;
        assertThat(busy()).isBetween(1_800L, 2_200L);
    }

    @Test
    void doesAsTheHostSaysWhenItSays() {
        assertThat(heard(pace, 10, false, true, now + 40_000)).isEqualTo(now + 40_000);
        assertThat(heard(pace, 10, false, true, now + 5_000)).as("the longer one counts").isEqualTo(now + 40_000);
        assertThat(pace.opensAt(now)).isEqualTo(now + 40_000);
        assertThat(pace.rememberUntil()).isGreaterThanOrEqualTo(now + 40_000);
    }

    @Test
    void asksASlowHostLessOftenAndAQuickOneMoreOften() {
        assertThat(gap(pace)).isEqualTo(500);
        heard(pace, 2_000, true, false, 0);
        assertThat(gap(pace)).as("one of its two places in use, 2 s each").isEqualTo(2_000);
        assertThat(pace.slowed()).isTrue();
        heard(pace, 10, false, false, 0);
        assertThat(gap(pace)).as("an error page is quick for no reason").isEqualTo(2_000);
        heard(pace, 100, true, false, 0);
        assertThat(gap(pace)).isEqualTo(1_050);
        heard(pace, 100, true, false, 0);
        heard(pace, 100, true, false, 0);
        assertThat(gap(pace)).as("never below the operator's").isEqualTo(500);
        heard(pace, 10 * MINUTE, false, false, 0);
        assertThat(gap(pace)).as("never above half a minute").isEqualTo(30_000);
    }

    @Test
    void aGapOfZeroStaysZero() {
        HostPace fast = pace(0);
        heard(fast, 10_000, true, false, 0);
        fast.slowTo(10_000, now);
        assertThat(gap(fast)).isNotPositive();
        assertThat(fast.slowed()).isFalse();
        assertThat(heard(fast, 10, false, true, 0)).as("but 429 is heeded").isGreaterThan(now);
    }

    @Test
    void aClockThatIsSetBackMakesNoWaitOfHours() {
        heard(pace, 10, false, true, now + 10_000);
        pace.opensAt(now);
        now -= 5 * 60 * MINUTE;
        assertThat(pace.opensAt(now)).isLessThanOrEqualTo(now + 10_000);
    }

    @Test
    void saysWhatItsTasksWaitFor() {
        assertThat(pace.waitingOn(now).kind()).isEqualTo(WaitingOn.Kind.TURN);
        pace.enter(null, now);
        assertThat(pace.waitingOn(now)).isEqualTo(new WaitingOn(WaitingOn.Kind.HOST_GAP, now + 500));
        now += 500;
        pace.enter(null, now);
        assertThat(pace.waitingOn(now).kind()).isEqualTo(WaitingOn.Kind.HOST_LIMIT);
    }
}
