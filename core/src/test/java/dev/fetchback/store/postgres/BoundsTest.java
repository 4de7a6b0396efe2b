package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.postgres.Queues.Bound;
import dev.fetchback.store.postgres.Queues.Row;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BoundsTest {
    private static final Row ROW = new Row(0, "a.example:443", 7);

    private final Bounds bounds = new Bounds();

    private void learn(long dueAt, int priorities) {
        bounds.learn(Map.of(ROW, new Bound(dueAt, priorities)));
    }

    private boolean covers(long dueAt, int priorities) {
        return bounds.cover(ROW, new Bound(dueAt, priorities));
    }

    @Test
    void coversWhatIsDueLaterWithTheSamePriorities() {
        assertThat(covers(10, 1)).isFalse();
        learn(10, 0b101);
        assertThat(covers(10, 0b101)).isTrue();
        assertThat(covers(11, 0b100)).isTrue();
        assertThat(covers(9, 0b100)).isFalse();
        assertThat(covers(10, 0b110)).isFalse();
        learn(5, 0b10);
        assertThat(covers(5, 0b111)).isTrue();
        bounds.forget(ROW);
        assertThat(covers(10, 1)).isFalse();
    }

    @Test
    void holdsForAServerAndUntilAShardIsLost() {
        for (Bounds.Of other : new Bounds.Of[] {new Bounds.Of(2, 0), new Bounds.Of(2, 3)}) {
            learn(10, 1);
            bounds.holdFor(other);
            assertThat(covers(10, 1)).isFalse();
            learn(10, 1);
            bounds.holdFor(other);
            assertThat(covers(10, 1)).isTrue();
        }
    }

    @Test
    void isBounded() {
        learn(10, 1);
        for (int i = 0; i < 100_000; i++) {
            bounds.learn(Map.of(new Row(0, "h" + i, 0), new Bound(10, 1)));
        }
        assertThat(covers(10, 1)).as("the oldest").isFalse();
        assertThat(bounds.cover(new Row(0, "h99999", 0), new Bound(10, 1))).isTrue();
    }
}
