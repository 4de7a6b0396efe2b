package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.TaskId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class UnsettledTest {
    private static final TaskId ID = new TaskId(1, 2);

    private final AtomicLong clock = new AtomicLong(1_000_000);
    private final Unsettled unsettled = new Unsettled(clock::get);
    private final List<String> tried = new ArrayList<>();

    @Test
    void nothingIsDueWhileThereIsNothing() {
        assertThat(unsettled.turn()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void eachIsTriedAgainASecondAfterTheFirstWasKept() {
        unsettled.keep(ID, () -> tried.add("a"));
        clock.addAndGet(400);
        unsettled.keep(ID, () -> tried.add("b"));
        assertThat(unsettled.turn()).isEqualTo(1_001_000);
        assertThat(tried).isEmpty();
        clock.set(1_001_000);
        assertThat(unsettled.turn()).isEqualTo(Long.MAX_VALUE);
        assertThat(tried).containsExactly("a", "b");
        clock.addAndGet(10_000);
        unsettled.turn();
        assertThat(tried).as("once").hasSize(2);
    }

    @Test
    void aClockThatIsSetBackHoldsNoneForLonger() {
        unsettled.keep(ID, () -> tried.add("a"));
        clock.addAndGet(-3_600_000);
        assertThat(unsettled.turn()).isEqualTo(clock.get() + 1_000);
        clock.addAndGet(1_000);
        unsettled.turn();
        assertThat(tried).containsExactly("a");
    }

    @Test
    void whatDoesNotFitAgainIsKeptOn() {
        Runnable[] again = new Runnable[1];
        again[0] = () -> {
            tried.add("a");
            if (tried.size() < 3) {
                unsettled.keep(ID, again[0]);
            }
        };
        unsettled.keep(ID, again[0]);
        for (int i = 0; i < 5; i++) {
            clock.addAndGet(1_000);
            unsettled.turn();
        }
        assertThat(tried).hasSize(3);
        assertThat(unsettled.turn()).isEqualTo(Long.MAX_VALUE);
    }
}
