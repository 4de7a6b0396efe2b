package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class BreakerTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Breaker breaker = new Breaker();
    private long now = 5 * SECOND;

    private void crash(int count) {
        for (int i = 0; i < count; i++) {
            breaker.crashed("task " + now + " " + i, now);
        }
    }

    @Test
    void opensAtFiveCrashesOfDifferentTasksWithinAMinute() {
        crash(4);
        assertThat(breaker.enter(now)).isZero();
        breaker.crashed("another", now);
        assertThat(breaker.enter(now)).isEqualTo(SECOND);
    }

    @Test
    void onePageOrSlowCrashesDoNotOpenIt() {
        for (int i = 0; i < 20; i++) {
            breaker.crashed("the same", now);
        }
        assertThat(breaker.enter(now)).isZero();
        for (int i = 0; i < 20; i++) {
            now += 16 * SECOND;
            crash(1);
        }
        assertThat(breaker.enter(now)).isZero();
    }

    @Test
    void crashesAmongChainsThatComeThroughDoNotOpenIt() {
        for (int i = 0; i < 100; i++) {
            now += SECOND;
            crash(1);
            breaker.succeeded();
            breaker.succeeded();
        }
        assertThat(breaker.enter(now)).isZero();
        crash(5);
        assertThat(breaker.enter(now)).as("from when on none comes through").isPositive();
    }

    @Test
    void letsOneTryAfterEachPauseWhichGrow() {
        crash(5);
        long pause = SECOND;
        for (int i = 0; i < 12; i++) {
            assertThat(breaker.enter(now)).isEqualTo(pause);
            now += pause;
            assertThat(breaker.enter(now)).as("the probe").isZero();
            assertThat(breaker.enter(now)).as("all others").isPositive();
            if (i == 3) {
                breaker.undecided();
                assertThat(breaker.enter(now)).as("another probe").isZero();
            }
            breaker.crashed("probe " + i, now);
            pause = Math.min(2 * pause, 300 * SECOND);
        }
        now += pause;
        assertThat(breaker.enter(now)).isZero();
        breaker.succeeded();
        assertThat(breaker.enter(now)).isZero();
        assertThat(breaker.enter(now)).isZero();
        crash(4);
        assertThat(breaker.enter(now)).as("all was forgotten").isZero();
        crash(5);
        assertThat(breaker.enter(now)).as("so was the pause").isEqualTo(SECOND);
    }

    @Test
    void opensWhenNoneCanBeStarted() {
        breaker.startFailed(now);
        assertThat(breaker.enter(now)).isEqualTo(SECOND);
        assertThat(breaker.isOpen()).isTrue();
    }
}
