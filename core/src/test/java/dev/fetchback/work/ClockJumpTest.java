package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.deliver.Endpoints;
import dev.fetchback.deliver.FakeReceiver;
import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.sqlite.SqliteSettings;
import dev.fetchback.store.sqlite.SqliteStore;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The wall clock is set forward and back by hours under the whole scheduler with its real store and receivers: nothing is lost,
 * nothing starts before its time, and what waits in the store is held up by no more than the clock was set back.
 */
final class ClockJumpTest {
    private static final long SECOND = 1_000;
    private static final long MINUTE = 60 * SECOND;
    private static final long HOUR = 60 * MINUTE;
    private static final long GAP = 500;
    private static final int NO_ROOM_FOR_STARTS = 3;

    @TempDir
    Path folder;

    private final Random random = new Random(11);
    private final ArrayDeque<Runnable> threads = new ArrayDeque<>();
    private final Map<TaskId, List<Long>> fetchedAt = new HashMap<>();
    private final Set<String> failing = new HashSet<>();
    private long now = 1_800_000_000_000L;
    private int fullFor;
    private long fetchTakes;
    private final Ids ids = new Ids(0, 0, () -> now, random);
    private final FakeReceiver receiver = new FakeReceiver(
            new Limits(4, 128, Duration.ofMillis(1), 64, 64 << 20, 1000), () -> now, new Events());
    private Store store;
    private Worker worker;

    @BeforeEach
    void open() {
        store = SqliteStore.open(SqliteSettings.of(folder, () -> now));
        Worker.Steps steps = new Worker.Steps((task, spec, none) -> fetch(task), receiver.step);
        worker = new Worker(
                new WorkSettings(100, 10, Duration.ofMillis(GAP), 100, Duration.ZERO),
                new Worker.Parts(store, new AtOnce(), new TaskMachine(RetryPolicy.DEFAULT), steps,
                        new Worker.HostRules(host -> new HostPolicy(10, Duration.ofMillis(GAP), 0, null), Permits.NONE), receiver.step,
                        new Worker.Surroundings(() -> now, random, threads::add)));
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void setForwardItEndsWaitsAndKeepsDistances() {
        failing.add("down:80");
        TaskId retried = submit("down:80", now, 0);
        TaskId delayed = submit("late:80", now + HOUR, 0);
        TaskId expiring = submit("later:80", now + 5 * HOUR, now + 2 * HOUR);
        TaskId tomorrow = submit("tomorrow:80", now + 24 * HOUR, 0);
        List<TaskId> ofOneHost = List.of(submit("polite:80", now, 0), submit("polite:80", now, 0), submit("polite:80", now, 0));
        run(0);
        failing.clear();
        now += 3 * HOUR;
        run(2 * SECOND);
        assertThat(phase(retried)).isEqualTo(Phase.SUCCEEDED);
        assertThat(phase(delayed)).isEqualTo(Phase.SUCCEEDED);
        assertThat(phase(expiring)).isEqualTo(Phase.EXPIRED);
        assertThat(fetchedAt).as("an expired task is told and not fetched").doesNotContainKey(expiring);
        assertThat(phase(tomorrow)).as("its time has not come yet").isEqualTo(Phase.FETCH_WAITING);
        List<Long> starts = ofOneHost.stream().map(id -> fetchedAt.get(id).getFirst()).sorted().toList();
        assertThat(starts.get(2) - starts.get(1)).as("the host's gap holds after the jump").isGreaterThanOrEqualTo(GAP);
        run(21 * HOUR);
        assertThat(phase(tomorrow)).isEqualTo(Phase.SUCCEEDED);
    }

    @Test
    void aPageThatComesWhenItsTaskIsExpiredIsNotDelivered() {
        fetchTakes = 2 * HOUR;
        TaskId late = submit("slow:80", now, now + HOUR);
        run(0);
        assertThat(phase(late)).isEqualTo(Phase.EXPIRED);
        assertThat(find(late).progress().outcome()).as("what the receiver was told").isInstanceOf(Outcome.Failed.class);
    }

    @Test
    void setBackItHoldsWhatIsStoredForTheJumpAndWhatIsNewNotAtAll() {
        failing.add("down:80");
        TaskId retried = submit("down:80", now, 0);
        TaskId expiring = submit("later:80", now + 9 * HOUR, now + 3 * HOUR);
        run(0);
        assertThat(phase(retried)).isEqualTo(Phase.FETCH_WAITING);
        failing.clear();
        long dueBefore = find(retried).readyAt();
        now -= 2 * HOUR;
        TaskId fresh = submit("down:80", now, 0);
        TaskId delayed = submit("other:80", now + 10 * MINUTE, 0);
        run(SECOND);
        assertThat(phase(fresh)).as("a host is held for its gap only").isEqualTo(Phase.SUCCEEDED);
        run(10 * MINUTE);
        assertThat(phase(delayed)).isEqualTo(Phase.SUCCEEDED);
        assertThat(phase(retried)).as("times of stored tasks are absolute").isEqualTo(Phase.FETCH_WAITING);
        run(2 * HOUR);
        assertThat(phase(retried)).isEqualTo(Phase.SUCCEEDED);
        assertThat(fetchedAt.get(retried).getLast()).isBetween(dueBefore, dueBefore + GAP);
        run(4 * HOUR);
        assertThat(phase(expiring)).isEqualTo(Phase.EXPIRED);
    }

    @Test
    void aReceiverThatAskedForAMomentIsHeldForAMomentAfterTheClockWasSetBack() {
        receiver.answers(429, "30");
        TaskId first = submit("a:80", now, 0);
        run(0);
        assertThat(phase(first)).isEqualTo(Phase.DELIVER_WAITING);
        receiver.answers(200, null);
        now -= 3 * HOUR;
        TaskId fresh = submit("b:80", now, 0);
        run(31 * SECOND);
        assertThat(phase(fresh)).as("30 s are 30 s, whatever the clock says").isEqualTo(Phase.SUCCEEDED);
        assertThat(find(fresh).progress().deliverAttempts()).isEqualTo(1);
    }

    @Test
    void startsThatDidNotFitAreTriedAgainInASecondAlthoughTheClockWasSetBack() {
        TaskId old = submit("a:80", now + HOUR, 0);
        now += 6 * HOUR;
        fullFor = NO_ROOM_FOR_STARTS;
        run(0);
        assertThat(phase(old)).isEqualTo(Phase.FETCH_WAITING);
        now -= 2 * HOUR; // it has been due for hours all the same
        run(NO_ROOM_FOR_STARTS * SECOND + SECOND);
        assertThat(phase(old)).isEqualTo(Phase.SUCCEEDED);
    }

    /** Lets the lanes do what they want and time pass, for so long. */
    private void run(long millis) {
        long end = now + millis;
        while (true) {
            turn(); // what it starts may wake the lanes once more
            long next = turn();
            if (!threads.isEmpty()) {
                threads.remove().run();
            } else if (next > end) {
                now = end;
                return;
            } else {
                now = Math.max(now + 1, next);
            }
        }
    }

    private long turn() {
        return Math.min(worker.lane(Stage.FETCH).turn(), worker.lane(Stage.DELIVER).turn());
    }

    private TaskId submit(String host, long readyAt, long expiresAt) {
        TaskSpec spec = TaskSpec.get("http://" + host + "/", DeliverOptions.to(FakeReceiver.URL));
        Task.Plan plan = new Task.Plan(host, FakeReceiver.ID, 5, 3, 10, expiresAt, 0);
        long wake = expiresAt > 0 ? Math.min(readyAt, expiresAt) : readyAt;
        Task task = Task.submitted(ids.task(), plan, wake, store.epoch());
        assertThat(worker.submit(List.of(new Worker.NewTask(task, spec, null)))).containsExactly(Result.Applied.APPLIED);
        return task.id();
    }

    private FetchResult fetch(Task task) {
        fetchedAt.computeIfAbsent(task.id(), id -> new ArrayList<>()).add(now);
        now += fetchTakes;
        if (failing.contains(task.plan().host())) {
            return new FetchResult.Failed(new Problem("connect_failed", null, 0), true, 0, null);
        }
        return new FetchResult.Fetched(new Page(200, "http://x/", List.of(), "text/html", 3, "ab", now, 1), new ThreeBytes(), null);
    }

    private Task find(TaskId id) {
        return store.find(id).orElseThrow().task();
    }

    private Phase phase(TaskId id) {
        return find(id).phase();
    }

    private final class Events implements Endpoints.Listener {
        @Override
        public void changed(ReceiverRecord record) {}

        @Override
        public void opened(String id) {
            worker.opened(id);
        }

        @Override
        public void recovered(String id) {
            worker.recovered(id);
        }
    }

    /** Commits at once; refuses some starts as a full disk does. */
    private final class AtOnce implements Committer {
        @Override
        public List<Result> commit(List<Change> changes) {
            return store.commit(changes);
        }

        @Override
        public void submit(List<Change> changes, Completion completion) {
            boolean start = changes.getFirst() instanceof Change.Move move && move.after().phase().running();
            if (start && fullFor > 0) {
                fullFor--;
                completion.failed(new StoreException(StoreException.Kind.FULL, "the disk is full", null));
            } else {
                completion.done(commit(changes));
            }
        }
    }
}
