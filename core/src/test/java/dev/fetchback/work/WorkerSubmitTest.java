package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.MemoryStore;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Phase;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a submit stores. */
final class WorkerSubmitTest {
    private final MemoryStore store = new MemoryStore();
    private final Random random = new Random(5);
    private long now = 1_800_000_000_000L;
    private final Ids ids = new Ids(0, 0, () -> now, random);
    private final Worker worker = new Worker(
            new WorkSettings(10, 10, Duration.ZERO, 10, Duration.ZERO),
            new Worker.Parts(
                    store,
                    new AtOnce(),
                    new TaskMachine(RetryPolicy.DEFAULT),
                    new Worker.Steps(
                            (task, spec, none) -> {
                                throw new AssertionError("fetched " + task.id());
                            },
                            (task, spec, parcel) -> {
                                throw new AssertionError("delivered " + task.id());
                            }),
                    new Worker.HostRules(host -> new HostPolicy(10, Duration.ZERO, 0, null), Permits.NONE),
                    new NoReceivers(),
                    new Worker.Surroundings(() -> now, random, Runnable::run)));

    @Test
    void aTaskThatExpiredOnItsWayToTheStoreIsStoredLiveAndThenExpires() {
        Task.Plan plan = new Task.Plan("host:80", null, 5, 3, 1, now + 1, 0);
        Task task = Task.submitted(ids.task(), plan, now, store.epoch());
        now += 1;
        worker.submit(List.of(new Worker.NewTask(task, TaskSpec.get("http://host/", null), null)));
        assertThat(phases()).as("a store takes live tasks only").containsExactly(Phase.FETCH_WAITING);
        worker.lane(Stage.FETCH).turn();
        assertThat(phases()).containsExactly(Phase.EXPIRED);
        assertThat(worker.finished()).containsEntry(Phase.EXPIRED, 1L);
    }

    private List<Phase> phases() {
        return store.all().stream().map(StoredTask::task).map(Task::phase).toList();
    }

    private final class NoReceivers implements Receivers {
        @Override
        public Pace pace(String receiver) {
            return new HostPace(() -> new HostPolicy(1, Duration.ZERO, 0, null), Permits.NONE, random, () -> Long.MAX_VALUE);
        }

        @Override
        public DeliverResult.Refused stopped(String receiver) {
            return null;
        }
    }

    private final class AtOnce implements Committer {
        @Override
        public List<Result> commit(List<Change> changes) {
            return store.commit(changes);
        }

        @Override
        public void submit(List<Change> changes, Completion completion) {
            completion.done(commit(changes));
        }
    }
}
