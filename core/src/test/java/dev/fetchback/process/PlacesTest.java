package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class PlacesTest {
    @Test
    @Timeout(20)
    void aFullLineOfOneKindLeavesThatOfTheOther() throws Exception {
        Places places = new Places(1, 1, Duration.ofSeconds(10));
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(places.enter(false)).isTrue();
            Future<Boolean> fresh = callers.submit(() -> places.enter(false));
            while (places.waiting() < 1) {
                Thread.onSpinWait();
            }
            assertThat(places.enter(false)).as("one is in line").isFalse();
            Future<Boolean> stored = callers.submit(() -> places.enter(true));
            while (places.waiting() < 2) {
                Thread.onSpinWait();
            }
            assertThat(places.enter(true)).isFalse();
            places.leave();
            assertThat(fresh.get()).isTrue();
            places.leave();
            assertThat(stored.get()).isTrue();
            assertThat(places.busy()).isOne();
        }
    }
}
