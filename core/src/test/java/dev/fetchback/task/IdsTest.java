package dev.fetchback.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class IdsTest {
    @Test
    void textAndBitsAreTheSameId() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000; i++) {
            TaskId id = new TaskId(random.nextLong(), random.nextLong());
            assertThat(id.toString()).matches("tsk_[0-7][0-9A-HJKMNP-TV-Z]{25}");
            assertThat(TaskId.parse(id.toString())).contains(id);
            BatchId batch = new BatchId(id.high(), id.low());
            assertThat(BatchId.parse(batch.toString())).contains(batch);
        }
    }

    @Test
    void textSortsAsTheIdsDo() {
        Random random = new Random(2);
        for (int i = 0; i < 1_000; i++) {
            TaskId a = new TaskId(random.nextLong(), random.nextLong());
            TaskId b = new TaskId(i % 2 == 0 ? a.high() : random.nextLong(), random.nextLong());
            assertThat(Integer.signum(a.toString().compareTo(b.toString()))).isEqualTo(Integer.signum(a.compareTo(b)));
        }
    }

    @Test
    void whatIsNoIdIsRefused() {
        String good = new TaskId(1, 2).toString();
        for (String bad : new String[] {
            "", "tsk_", good.substring(1), good + "0", good.replace("tsk_", "bat_"), good.toLowerCase(java.util.Locale.ROOT),
            "tsk_8" + good.substring(5), good.substring(0, 29) + "U", good.substring(0, 29) + "é"
        }) {
            assertThat(TaskId.parse(bad)).as(bad).isEmpty();
        }
    }

    @Test
    void manyAreMadeInOrder() {
        Ids ids = new Ids(0, 0, () -> 5_000, new Random(4));
        assertThat(ids.tasks(1_000)).hasSize(1_000).doesNotHaveDuplicates().isSorted();
        assertThat(ids.tasks(0)).isEmpty();
    }

    @Test
    void timeNeverGoesBack() {
        AtomicLong clock = new AtomicLong(5_000);
        Ids ids = new Ids(3, 7_000, clock::get, new Random(3));
        assertThat(ids.task().timeMillis()).isEqualTo(7_000);
        clock.set(9_000);
        assertThat(ids.task().timeMillis()).isEqualTo(9_000);
        clock.set(1_000);
        assertThat(ids.task().timeMillis()).isEqualTo(9_000);
        assertThat(ids.task().high() >>> 8 & 0xff).isEqualTo(3);
    }
}
