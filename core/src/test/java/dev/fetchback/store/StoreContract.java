package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.Delete;
import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.NewBatch;
import dev.fetchback.store.Change.SaveReceiver;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.store.Result.Applied;
import dev.fetchback.store.Result.Duplicate;
import dev.fetchback.store.Result.Stale;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Event;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Fence;
import dev.fetchback.task.TaskId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What every engine must do with submits and moves. */
public abstract class StoreContract extends StoreFixture {
    @Test
    void keepsEveryFieldOfATask() {
        Codec.Facts facts = unusual(ids.batch());
        Task task = task(facts.plan(), now + 5);
        applied(new Submit(task, facts.spec(), null));
        assertThat(store().find(task.id())).contains(new StoredTask(task, facts.spec()));
        reopen();
        assertThat(store().find(task.id())).contains(new StoredTask(task, facts.spec()));
    }

    @Test
    void knowsNothingOfATaskThatNeverCame() {
        assertThat(store().find(ids.task())).isEmpty();
        assertThat(store().find(new TaskId(0, 0))).isEmpty();
        assertThat(store().find(new TaskId(-1, -1))).isEmpty();
        assertThat(store().newestId()).isZero();
    }

    @Test
    void takesTheFastPath() {
        Task begun = running("a.example:443");
        assertThat(stored(begun.id())).isEqualTo(begun);
        assertThat(store().totals().running()).isEqualTo(1);
        Task done = moved(begun, new Event.PageDelivered(page(10)));
        assertThat(stored(done.id())).isEqualTo(done);
        assertThat(done.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(store().totals().running()).isZero();
    }

    @Test
    void takesEveryWayThroughThePhases() {
        Task task = task("a.example:443");
        applied(submit(task));
        task = moved(task, new Event.Start(store().epoch()));
        task = moved(task, new Event.FetchFailed(problem(), true, 0));
        assertThat(stored(task.id())).isEqualTo(task);
        task = moved(task, new Event.Start(store().epoch()));
        task = moved(task, new Event.HandedBack());
        task = moved(task, new Event.Start(store().epoch()));
        task = moved(task, new Event.FetchFailed(problem(), false, 0));
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(task.phase()).isEqualTo(Phase.DELIVER_WAITING);
        task = moved(task, new Event.Start(store().epoch()));
        assertThat(stored(task.id())).isEqualTo(task);
        task = moved(task, new Event.Delivered(false));
        assertThat(task.phase()).isEqualTo(Phase.FAILED);
        assertThat(stored(task.id())).isEqualTo(task);
        task = moved(task, new Event.Retry());
        assertThat(stored(task.id())).isEqualTo(task);
        task = moved(task, new Event.Cancel());
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(store().totals()).extracting(Store.Totals::waitingFetch, Store.Totals::waitingDeliver, Store.Totals::running)
                .containsExactly(0L, 0L, 0L);
    }

    @Test
    void takesAPageThroughProcessing() {
        Task task = started(task(processing("a.example:443"), now));
        applied(submit(task));
        Task fetched = task;
        task = moved(task, new Event.ProcessStarted());
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(store().totals().running()).isEqualTo(1);
        assertThat(apply(new Move(fetched, next(fetched, new Event.FetchFailed(problem(), true, 0)), null)))
                .as("its start is another one").isEqualTo(Stale.STALE);
        task = moved(task, new Event.ProcessPutOff(null, 0, page(4)), bytes(4));
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(store().totals().waitingProcess()).isEqualTo(1);
        reopen();
        assertThat(store().totals().waitingProcess()).isEqualTo(1);
        task = started2(task);
        Processed processed = new Processed(3, Map.of("links", problem()));
        task = moved(task, new Event.PageRefused(page(4), processed, problem(), 0), bytes(3));
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(((Outcome.Fetched) stored(task.id()).progress().outcome()).processed()).isEqualTo(processed);
        assertThat(store().totals().waitingProcess()).isZero();
        task = moved(started2(task), new Event.Delivered(false));
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(store().totals().live()).isZero();
    }

    @Test
    void appliesAMoveOnlyOnce() {
        Task begun = running("a.example:443");
        Task done = next(begun, new Event.PageDelivered(page(1)));
        List<Result> results =
                store().commit(List.of(new Move(begun, done, null), new Move(begun, next(begun, new Event.Cancel()), null)));
        assertThat(results).containsExactly(Applied.APPLIED, Stale.STALE);
        assertThat(stored(begun.id())).isEqualTo(done);
        assertThat(store().totals().running()).isZero();
    }

    @Test
    void refusesTheSettleOfAnotherStart() {
        Task begun = running("a.example:443");
        int epoch = store().epoch();
        for (Fence fence : List.of(new Fence(0, epoch), new Fence(2, epoch), new Fence(1, epoch - 1))) {
            Task zombie = new Task(begun.id(), begun.plan(), begun.phase(), 0, fence, begun.progress());
            assertThat(apply(new Move(zombie, next(zombie, new Event.PageDelivered(page(1))), null))).isEqualTo(Stale.STALE);
        }
        assertThat(stored(begun.id())).isEqualTo(begun);
        Task unknown = started(task("b.example:443"));
        assertThat(apply(new Move(unknown, next(unknown, new Event.Cancel()), null))).isEqualTo(Stale.STALE);
    }

    @Test
    void refusesAMoveOfAnotherPhase() {
        Task waiting = task("a.example:443");
        applied(submit(waiting));
        Task asRunning = new Task(waiting.id(), waiting.plan(), Phase.FETCH_RUNNING, 0, waiting.fence(), waiting.progress());
        assertThat(apply(new Move(asRunning, next(asRunning, new Event.PageDelivered(page(1))), null))).isEqualTo(Stale.STALE);
        Task asDelivery = new Task(waiting.id(), waiting.plan(), Phase.DELIVER_WAITING, 0, waiting.fence(), waiting.progress());
        assertThat(apply(new Move(asDelivery, next(asDelivery, new Event.Cancel()), null))).isEqualTo(Stale.STALE);
        assertThat(stored(waiting.id())).isEqualTo(waiting);
    }

    @Test
    void letsOnlyThePresentOwnerStart() {
        Task waiting = task("a.example:443");
        applied(submit(waiting));
        Task stranger = next(waiting, new Event.Start(store().epoch() - 1));
        assertThat(apply(new Move(waiting, stranger, null))).isEqualTo(Stale.STALE);
        assertThat(stored(waiting.id())).isEqualTo(waiting);
    }

    @Test
    void guardsFinishedTasksToo() {
        Task dead = dead("a.example:443", null);
        Task other = new Task(dead.id(), dead.plan(), dead.phase(), 0, new Fence(9, 9), dead.progress());
        assertThat(apply(new Move(other, next(other, new Event.Redrive()), null))).isEqualTo(Stale.STALE);
        assertThat(stored(dead.id())).isEqualTo(dead);
        moved(dead, new Event.Redrive());
        assertThat(store().totals().dead()).isZero();
        assertThat(store().totals().waitingDeliver()).isEqualTo(1);
    }

    @Test
    void movesATaskSubmittedInTheSameCommit() {
        Task task = task("a.example:443");
        Task begun = started(task);
        Task done = next(begun, new Event.PageDelivered(page(3)));
        assertThat(store().commit(List.of(submit(task), new Move(task, begun, null), new Move(begun, done, null))))
                .containsOnly(Applied.APPLIED);
        assertThat(stored(task.id())).isEqualTo(done);
    }

    @Test
    void findsWhatAnEarlierOwnerBegan() {
        Task begun = running("a.example:443");
        Task waiting = task("a.example:443");
        applied(submit(waiting));
        Task failed = moved(running("b.example:443"), new Event.FetchFailed(problem(), false, 0));
        Task delivering = started2(failed);
        Task fetched = started(task(processing("p.example:443"), now));
        applied(submit(fetched));
        Task processing = moved(fetched, new Event.ProcessStarted());
        assertThat(store().orphans(10)).isEmpty();
        int before = store().epoch();
        reopen();
        assertThat(store().epoch()).isGreaterThan(before);
        assertThat(store().orphans(10)).containsExactlyInAnyOrder(begun, delivering, processing);
        assertThat(store().orphans(1)).hasSize(1);
        moved(begun, new Event.Reclaimed(store().epoch()));
        moved(delivering, new Event.Reclaimed(store().epoch()));
        assertThat(moved(processing, new Event.Reclaimed(store().epoch())).phase()).isEqualTo(Phase.FETCH_WAITING);
        assertThat(store().orphans(10)).isEmpty();
        running("c.example:443");
        assertThat(store().orphans(10)).isEmpty();
    }

    @Test
    void remembersAKeyForADay() {
        Task first = task("a.example:443");
        applied(submit(first, null, key("k", 1)));
        assertThat(apply(submit(task("a.example:443"), null, key("k", 1)))).isEqualTo(new Duplicate(first.id(), true));
        Task other = task("a.example:443");
        assertThat(apply(submit(other, null, key("k", 2)))).isEqualTo(new Duplicate(first.id(), false));
        assertThat(store().find(other.id())).isEmpty();
        applied(submit(task("a.example:443"), null, key("k2", 1)));
        Task otherOwner = task("a.example:443");
        applied(submit(otherOwner, null, new IdempotencyKey("b", "k", new byte[32], now)));
        now += Store.IDEMPOTENCY_KEPT.toMillis() - 1;
        assertThat(apply(submit(task("a.example:443"), null, key("k", 1)))).isInstanceOf(Duplicate.class);
        now += 1;
        Task late = task("a.example:443");
        applied(submit(late, null, key("k", 2)));
        assertThat(apply(submit(task("a.example:443"), null, key("k", 2)))).isEqualTo(new Duplicate(late.id(), true));
    }

    @Test
    void seesAKeyOfTheSameCommit() {
        Task first = task("a.example:443");
        List<Result> results = store().commit(
                List.of(submit(first, null, key("k", 1)), submit(task("a.example:443"), null, key("k", 1))));
        assertThat(results).containsExactly(Applied.APPLIED, new Duplicate(first.id(), true));
        assertThat(store().totals().waitingFetch()).isEqualTo(1);
    }

    @Test
    void takesManyNewTasksInOneCommit() {
        BatchId batch = ids.batch();
        Task known = task("a.example:443");
        applied(new NewBatch(batch, null));
        applied(submit(known));
        List<Change> changes = new ArrayList<>();
        List<Result> expected = new ArrayList<>();
        List<Task> fresh = new ArrayList<>();
        for (int i = 0; i < 137; i++) {
            now += i % 2;
            Task waiting = task("h" + i % 5 + ".example:443");
            Task task = i % 3 == 0 ? started(waiting) : waiting;
            fresh.add(task);
            changes.add(submit(task, i % 2 == 0 ? batch : null, i % 10 == 0 ? key("k" + i, 1) : null));
            expected.add(Applied.APPLIED);
            if (i % 20 == 7) {
                Task repeated = i % 40 == 7 ? known : task;
                changes.add(submit(repeated));
                expected.add(new Duplicate(repeated.id(), true));
            }
            if (i % 30 == 17) {
                changes.add(submit(task("a.example:443"), null, key("k10", 1)));
                expected.add(new Duplicate(fresh.get(10).id(), true));
            }
        }
        changes.add(new Move(fresh.getLast(), next(fresh.getLast(), new Event.Cancel()), null));
        expected.add(Applied.APPLIED);
        assertThat(store().commit(changes)).isEqualTo(expected);
        Task cancelled = fresh.removeLast();
        assertThat(stored(cancelled.id()).phase()).isEqualTo(Phase.CANCELLED);
        assertThat(fresh).allSatisfy(task -> assertThat(stored(task.id())).isEqualTo(task));
        assertThat(store().totals().running()).isEqualTo(fresh.stream().filter(t -> t.phase().running()).count());
        assertThat(store().totals().waitingFetch()).isEqualTo(1 + fresh.stream().filter(t -> t.phase().waiting()).count());
        assertThat(store().batch(batch).orElseThrow().accepted()).isEqualTo(69);
        QueueKey queue = new QueueKey(Stage.FETCH, "h1.example:443");
        assertThat(store().dueTasks(queue, now, 1000)).extracting(StoredTask::task).containsExactlyInAnyOrderElementsOf(
                fresh.stream().filter(t -> t.phase().waiting() && t.queue().equals(queue.name())).toList());
    }

    @Test
    void takesTheSameSubmitOnce() {
        Task task = task("a.example:443");
        assertThat(store().commit(List.of(submit(task), submit(task))))
                .containsExactly(Applied.APPLIED, new Duplicate(task.id(), true));
        assertThat(store().totals().waitingFetch()).isEqualTo(1);
    }

    @Test
    void countsTheTasksOfABatch() {
        BatchId batch = ids.batch();
        applied(new NewBatch(batch, "team"));
        Task direct = started(task("a.example:443"));
        Task slow = task("a.example:443");
        Task gone = task("a.example:443");
        store().commit(List.of(submit(direct, batch, null), submit(slow, batch, null), submit(gone, batch, null)));
        moved(direct, new Event.PageDelivered(page(1)));
        moved(gone, new Event.Cancel());
        Task known = moved(started2(slow), new Event.FetchFailed(problem(), false, 0));
        Task failed = moved(started2(known), new Event.Delivered(false));
        assertBatch(batch, 3, 1, 1, 1);
        moved(failed, new Event.Retry());
        assertBatch(batch, 3, 1, 0, 1);
        reopen();
        assertBatch(batch, 3, 1, 0, 1);
        assertThat(store().batch(batch).orElseThrow().owner()).isEqualTo("team");
        assertThat(store().batch(ids.batch())).isEmpty();
    }

    private void assertBatch(BatchId id, long accepted, long succeeded, long failed, long cancelled) {
        BatchRecord batch = store().batch(id).orElseThrow();
        assertThat(batch.accepted()).isEqualTo(accepted);
        assertThat(batch.finished().getOrDefault(Phase.SUCCEEDED, 0L)).isEqualTo(succeeded);
        assertThat(batch.finished().getOrDefault(Phase.FAILED, 0L)).isEqualTo(failed);
        assertThat(batch.finished().getOrDefault(Phase.CANCELLED, 0L)).isEqualTo(cancelled);
        assertThat(batch.finished().getOrDefault(Phase.DEAD, 0L)).isZero();
    }

    @Test
    void deletesOnlyFinishedTasks() {
        Task begun = running("a.example:443");
        Task waiting = task("a.example:443");
        applied(submit(waiting));
        assertThat(apply(new Delete(begun.id()))).isEqualTo(Stale.STALE);
        assertThat(apply(new Delete(waiting.id()))).isEqualTo(Stale.STALE);
        assertThat(apply(new Delete(ids.task()))).isEqualTo(Stale.STALE);
        Task dead = dead("a.example:443", bytes(100));
        applied(new Delete(dead.id()));
        assertThat(store().find(dead.id())).isEmpty();
        assertThat(store().body(dead.id(), 0, Long.MAX_VALUE)).isEmpty();
        assertThat(store().totals()).extracting(Store.Totals::dead, Store.Totals::bodyBytes).containsExactly(0L, 0L);
    }

    @Test
    void keepsReceivers() {
        ReceiverRecord broken = new ReceiverRecord(
                RECEIVER, "https://api.me/hooks", ReceiverRecord.Status.BROKEN, "5 in a row", 5, now + 1000, now);
        ReceiverRecord fine = new ReceiverRecord("rcv_1", "https://b/", ReceiverRecord.Status.ACTIVE, null, 0, 0, now);
        applied(new SaveReceiver(broken));
        applied(new SaveReceiver(new ReceiverRecord("rcv_1", "https://b/", ReceiverRecord.Status.GONE, "410", 1, 0, now)));
        applied(new SaveReceiver(fine, true));
        reopen();
        assertThat(store().receivers()).usingRecursiveFieldByFieldElementComparatorIgnoringFields("orders")
                .containsExactlyInAnyOrder(broken, fine);
    }

    @Test
    void countsTheSameAfterARestart() {
        running("a.example:443");
        applied(submit(task("a.example:443")));
        moved(running("b.example:443"), new Event.PageStored(page(7)), bytes(7));
        dead("c.example:443", bytes(9));
        Store.Totals before = store().totals();
        assertThat(before).extracting(Store.Totals::waitingFetch, Store.Totals::waitingDeliver, Store.Totals::running,
                Store.Totals::dead, Store.Totals::bodyBytes).containsExactly(1L, 1L, 1L, 1L, 16L);
        Store.Totals after = reopen().totals();
        assertThat(after).usingRecursiveComparison().ignoringFields("fileBytes").isEqualTo(before);
    }

    @Test
    void knowsItsNewestId() {
        Task task = task("a.example:443");
        applied(submit(task));
        assertThat(store().newestId()).isEqualTo(task.id().timeMillis());
        now += 1000;
        BatchId batch = ids.batch();
        applied(new NewBatch(batch, null));
        assertThat(store().newestId()).isEqualTo(batch.timeMillis());
        assertThat(reopen().newestId()).isEqualTo(batch.timeMillis());
    }

    private IdempotencyKey key(String key, int request) {
        return new IdempotencyKey("a", key, bytes(32 + request), now);
    }
}
