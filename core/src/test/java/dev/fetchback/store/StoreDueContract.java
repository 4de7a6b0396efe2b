package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.Hurry;
import dev.fetchback.store.Change.SettleQueue;
import dev.fetchback.task.Event;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What every engine must do to find due tasks, in two levels. */
public abstract class StoreDueContract extends StoreFixture {
    private static final String A = "a.example:443";
    private static final String B = "b.example:443";
    private static final QueueKey FETCH_A = new QueueKey(Stage.FETCH, A);

    private Task waiting(String host, int priority, long readyAt) {
        Plan usual = plan(host);
        Task task = task(new Plan(host, usual.receiver(), priority, 3, 10, 0, 0), readyAt);
        applied(submit(task));
        return task;
    }

    private List<TaskId> due(QueueKey queue, int limit) {
        return store().dueTasks(queue, now, limit).stream().map(stored -> stored.task().id()).toList();
    }

    @Test
    void ordersByPriorityThenAge() {
        Task late = waiting(A, 5, now);
        Task early = waiting(A, 5, now - 10);
        Task urgent = waiting(A, 9, now - 1);
        Task idle = waiting(A, 0, now - 100);
        waiting(A, 9, now + 1);
        waiting(B, 9, now - 1);
        assertThat(due(FETCH_A, 10)).containsExactly(urgent.id(), early.id(), late.id(), idle.id());
        assertThat(due(FETCH_A, 2)).containsExactly(urgent.id(), early.id());
        assertThat(store().dueTasks(FETCH_A, now, 1).getFirst()).isEqualTo(new StoredTask(urgent, spec(A)));
    }

    @Test
    void readsSeveralQueuesAtOnce() {
        Task late = waiting(A, 5, now);
        Task early = waiting(A, 5, now - 10);
        Task urgent = waiting(B, 9, now - 1);
        waiting(B, 5, now - 5);
        List<List<StoredTask>> due = store().dueTasks(Stage.FETCH,
                List.of(new Store.Portion(B, 1), new Store.Portion("none.example:443", 9), new Store.Portion(A, 9)), now);
        assertThat(due.stream().map(tasks -> tasks.stream().map(task -> task.task().id()).toList()))
                .containsExactly(List.of(urgent.id()), List.of(), List.of(early.id(), late.id()));
    }

    @Test
    void leavesOutWhatIsStarted() {
        Task task = waiting(A, 5, now);
        started2(task);
        assertThat(due(FETCH_A, 10)).isEmpty();
    }

    @Test
    void keepsTheStagesApart() {
        Task told = moved(running(A), new Event.FetchFailed(problem(), false, 0));
        assertThat(due(FETCH_A, 10)).isEmpty();
        assertThat(due(new QueueKey(Stage.DELIVER, RECEIVER), 10)).containsExactly(told.id());
        assertThat(names(store().dueQueues(Stage.DELIVER, Optional.empty(), now, 10))).containsExactly(RECEIVER);
        assertThat(names(store().dueQueues(Stage.FETCH, Optional.empty(), now, 10))).doesNotContain(A);

        Task begun = started(task(processing(A), now));
        applied(submit(begun));
        Task page = moved(begun, new Event.PageStored(page(1)), bytes(1));
        assertThat(due(new QueueKey(Stage.PROCESS, A), 10)).containsExactly(page.id());
        assertThat(names(store().dueQueues(Stage.PROCESS, Optional.empty(), now, 10))).containsExactly(A);
        assertThat(names(store().dueQueues(Stage.DELIVER, Optional.empty(), now, 10))).containsExactly(RECEIVER);
        assertThat(due(FETCH_A, 10)).isEmpty();
        started2(page);
        applied(new SettleQueue(new QueueKey(Stage.PROCESS, A)));
        assertThat(store().dueQueues(Stage.PROCESS, Optional.empty(), now, 10)).isEmpty();
    }

    @Test
    void pagesThroughDueQueues() {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            String host = "h%02d.example:443".formatted(i);
            waiting(host, 5, now - 10 + i / 5);
            expected.add(host);
        }
        waiting("later.example:443", 5, now + 1);
        List<String> seen = new ArrayList<>();
        Optional<DueQueue> after = Optional.empty();
        while (true) {
            List<DueQueue> page = store().dueQueues(Stage.FETCH, after, now, 7);
            seen.addAll(names(page));
            if (page.size() < 7) {
                break;
            }
            after = Optional.of(page.getLast());
        }
        assertThat(seen).containsExactlyElementsOf(expected);
    }

    @Test
    void saysWhenTheNextQueueIsDue() {
        assertThat(store().nextDue(Stage.FETCH, now)).isEmpty();
        waiting(A, 5, now + 500);
        waiting(B, 5, now + 300);
        assertThat(store().nextDue(Stage.FETCH, now)).isEqualTo(OptionalLong.of(now + 300));
        assertThat(store().nextDue(Stage.FETCH, now + 300)).isEqualTo(OptionalLong.of(now + 500));
        assertThat(store().nextDue(Stage.DELIVER, now)).isEmpty();
    }

    @Test
    void settlesAQueueToItsEarliestTask() {
        Task first = waiting(A, 5, now - 5);
        waiting(A, 9, now + 900);
        waiting(A, 0, now + 700);
        started2(first);
        applied(new SettleQueue(FETCH_A));
        assertThat(store().dueQueues(Stage.FETCH, Optional.empty(), now, 10)).isEmpty();
        assertThat(store().dueQueues(Stage.FETCH, Optional.empty(), now + 700, 10)).containsExactly(new DueQueue(A, now + 700));
    }

    @Test
    void forgetsAnEmptyQueueAndTakesItUpAgain() {
        started2(waiting(A, 5, now));
        applied(new SettleQueue(FETCH_A));
        assertThat(store().nextDue(Stage.FETCH, 0)).isEmpty();
        waiting(A, 5, now + 50);
        assertThat(store().nextDue(Stage.FETCH, now)).isEqualTo(OptionalLong.of(now + 50));
        waiting(A, 5, now + 20);
        assertThat(store().nextDue(Stage.FETCH, now)).isEqualTo(OptionalLong.of(now + 20));
    }

    @Test
    void settlesAQueueBesideItsNewTasks() {
        Task soon = task(plan(A), now + 10);
        assertThat(store().commit(List.of(submit(soon), new SettleQueue(FETCH_A), submit(task(plan(A), now + 5)))))
                .containsOnly(Result.Applied.APPLIED);
        assertThat(store().nextDue(Stage.FETCH, now)).isEqualTo(OptionalLong.of(now + 5));
    }

    @Test
    void findsAQueueAgainAfterARestart() {
        waiting(A, 5, now + 50);
        reopen();
        waiting(A, 5, now + 60);
        assertThat(store().nextDue(Stage.FETCH, now)).isEqualTo(OptionalLong.of(now + 50));
        waiting(A, 5, now + 40);
        assertThat(store().nextDue(Stage.FETCH, now)).isEqualTo(OptionalLong.of(now + 40));
    }

    @Test
    void hurriesTheEarliest() {
        waiting(A, 5, now + 3000);
        Task second = waiting(A, 0, now + 2000);
        Task first = waiting(A, 5, now + 1000);
        Task other = waiting(B, 5, now + 1000);
        applied(new Hurry(FETCH_A, now, 2));
        assertThat(due(FETCH_A, 10)).containsExactly(first.id(), second.id());
        assertThat(names(store().dueQueues(Stage.FETCH, Optional.empty(), now, 10))).containsExactly(A);
        assertThat(stored(other.id()).readyAt()).isEqualTo(now + 1000);
        assertThat(stored(first.id()).readyAt()).isEqualTo(now);
        started2(stored(first.id()));
        applied(new Hurry(FETCH_A, now, 2));
        assertThat(apply(new Hurry(FETCH_A, now, 2))).as("none is left to hurry").isEqualTo(Result.Stale.STALE);
        assertThat(apply(new Hurry(new QueueKey(Stage.DELIVER, "rcv_X"), now, 2))).isEqualTo(Result.Stale.STALE);
    }

    private static List<String> names(List<DueQueue> queues) {
        return queues.stream().map(DueQueue::name).toList();
    }
}
