package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class PatientCommitterTest {
    private static final List<Result> STORED = List.of(Result.Applied.APPLIED);

    private final AtomicInteger tries = new AtomicInteger();

    private PatientCommitter committer(Supplier<List<Result>> behaviour) {
        return new PatientCommitter(new Committer() {
            @Override
            public List<Result> commit(List<Change> changes) {
                tries.incrementAndGet();
                return behaviour.get();
            }

            @Override
            public void submit(List<Change> changes, Completion completion) {
                completion.done(commit(changes));
            }
        });
    }

    private List<Result> busyTwice() {
        if (tries.get() < 3) {
            throw new StoreBusy("too much waits");
        }
        return STORED;
    }

    @Test
    void waitsForRoomThoughInterrupted() {
        Thread.currentThread().interrupt();
        assertThat(committer(this::busyTwice).commit(List.of())).isEqualTo(STORED);
        assertThat(Thread.interrupted()).as("left set").isTrue();
        assertThat(tries).hasValue(3);
    }

    @Test
    void handsOverOnce() {
        AtomicInteger heard = new AtomicInteger();
        committer(this::busyTwice).submit(List.of(), new Committer.Completion() {
            @Override
            public void done(List<Result> results) {
                heard.incrementAndGet();
            }

            @Override
            public void failed(StoreException reason) {}
        });
        assertThat(heard).hasValue(1);
    }

    @Test
    void aBrokenStoreIsNotWaitedFor() {
        StoreException broken = new StoreException(StoreException.Kind.UNUSABLE, "the disk is gone", null);
        assertThatThrownBy(() -> committer(() -> {
            throw broken;
        }).commit(List.of())).isSameAs(broken);
        assertThat(tries).hasValue(1);
    }
}
