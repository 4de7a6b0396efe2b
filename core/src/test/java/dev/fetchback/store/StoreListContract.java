package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.NewBatch;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Event;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every engine must do to list tasks. */
public abstract class StoreListContract extends StoreFixture {
    private TaskQuery phases(Set<Phase> phases, int limit) {
        return new TaskQuery(null, phases, null, null, null, 0, null, limit);
    }

    private List<TaskId> listed(TaskQuery query) {
        return store().list(query).tasks().stream().map(t -> t.task().id()).toList();
    }

    /** Follows the cursors to the end. */
    private List<TaskId> walked(TaskQuery first) {
        List<TaskId> seen = new ArrayList<>();
        TaskQuery query = first;
        while (true) {
            TaskPage page = store().list(query);
            page.tasks().forEach(t -> seen.add(t.task().id()));
            TaskId next = page.next();
            if (next == null) {
                return seen;
            }
            query = at(query, next);
        }
    }

    private static TaskQuery at(TaskQuery q, @Nullable TaskId cursor) {
        return new TaskQuery(q.owner(), q.phases(), q.host(), q.label(), q.batch(), q.createdAfter(), cursor, q.limit());
    }

    /** A thousand tasks of a mebibyte each would be a page of a gibibyte. */
    @Test
    void endsAPageAtItsMostBytes() {
        TaskSpec plain = spec("a.example:80");
        TaskSpec large = new TaskSpec(plain.url(), new TaskSpec.Request("POST", List.of(), "x".repeat(400_000)), plain.fetch(),
                List.of(), plain.deliver(), plain.schedule(), plain.tags());
        List<TaskId> expected = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            now++;
            Task task = task("a.example:80");
            applied(new Change.Submit(task, i % 3 == 0 ? plain : large, null));
            expected.add(task.id());
        }
        expected.sort(Collections.reverseOrder());
        TaskPage page = store().list(all(1000));
        assertThat(page.tasks()).hasSizeBetween(10, 20);
        assertThat(page.next()).isEqualTo(page.tasks().getLast().task().id());
        assertThat(walked(all(1000))).isEqualTo(expected);
    }

    @Test
    void listsNewestFirstPageByPage() {
        List<TaskId> expected = new ArrayList<>();
        for (int i = 0; i < 57; i++) {
            now += i % 3;
            Task task = task("a.example:443");
            applied(submit(task));
            expected.add(task.id());
        }
        expected.sort(Collections.reverseOrder());
        assertThat(walked(all(10))).isEqualTo(expected);
        assertThat(walked(all(1000))).isEqualTo(expected);
        assertThat(listed(at(all(2), expected.get(5)))).containsExactly(expected.get(6), expected.get(7));
    }

    @Test
    void listsByPhase() {
        Task waiting = task("a.example:443");
        applied(submit(waiting));
        Task running = running("a.example:443");
        Task succeeded = moved(running("a.example:443"), new Event.PageDelivered(page(1)));
        Task dead = dead("a.example:443", null);
        Task known = moved(running("a.example:443"), new Event.FetchFailed(problem(), false, 0));
        Task failed = moved(started2(known), new Event.Delivered(false));
        now += 1;
        Task dead2 = dead("a.example:443", null);
        assertThat(listed(phases(Set.of(Phase.FETCH_WAITING), 10))).containsExactly(waiting.id());
        assertThat(listed(phases(Set.of(Phase.FETCH_RUNNING, Phase.DELIVER_RUNNING), 10))).containsExactly(running.id());
        assertThat(listed(phases(Set.of(Phase.SUCCEEDED), 10))).containsExactly(succeeded.id());
        assertThat(listed(phases(Set.of(Phase.FAILED), 10))).containsExactly(failed.id());
        assertThat(walked(phases(Set.of(Phase.DEAD), 1))).containsExactly(dead2.id(), dead.id());
        assertThat(walked(phases(Set.of(Phase.DEAD, Phase.FAILED), 1)))
                .hasSize(3)
                .isSortedAccordingTo(Collections.reverseOrder())
                .contains(failed.id(), dead.id(), dead2.id());
        moved(dead, new Event.Redrive());
        assertThat(listed(phases(Set.of(Phase.DEAD), 10))).containsExactly(dead2.id());
    }

    @Test
    void listsByHostWithOrWithoutPort() {
        Task a = task("a.example:443");
        Task a2 = task("a.example:8443");
        Task other = task("aa.example:443");
        Task v6 = task("[2001:db8::1]:443");
        for (Task task : List.of(a, a2, other, v6)) {
            applied(submit(task));
        }
        assertThat(listed(new TaskQuery(null, Set.of(), "a.example", null, null, 0, null, 10)))
                .containsExactlyInAnyOrder(a.id(), a2.id());
        assertThat(listed(new TaskQuery(null, Set.of(), "a.example:443", null, null, 0, null, 10))).containsExactly(a.id());
        assertThat(listed(new TaskQuery(null, Set.of(), "[2001:db8::1]", null, null, 0, null, 10))).containsExactly(v6.id());
    }

    @Test
    void listsByLabelOwnerBatchAndTime() {
        BatchId batch = ids.batch();
        applied(new NewBatch(batch, "team"));
        Task plain = task("a.example:443");
        applied(submit(plain));
        Task tagged = task("a.example:443");
        applied(submit(tagged, null, null));
        List<TaskId> inBatch = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            now += 10;
            Task task = task("a.example:443");
            applied(submit(task, batch, null));
            inBatch.addFirst(task.id());
        }
        assertThat(listed(new TaskQuery(null, Set.of(), null, "nightly", null, 0, null, 10)))
                .hasSize(6)
                .doesNotContain(plain.id());
        assertThat(listed(new TaskQuery(null, Set.of(), null, "weekly", null, 0, null, 10))).isEmpty();
        assertThat(listed(new TaskQuery("team", Set.of(), null, null, null, 0, null, 10))).hasSize(6).doesNotContain(plain.id());
        assertThat(listed(new TaskQuery("other", Set.of(), null, null, null, 0, null, 10))).isEmpty();
        assertThat(walked(new TaskQuery(null, Set.of(), null, null, batch, 0, null, 2))).isEqualTo(inBatch);
        assertThat(walked(new TaskQuery("other", Set.of(), null, null, batch, 0, null, 2))).isEmpty();
        long third = inBatch.get(2).timeMillis();
        assertThat(walked(new TaskQuery(null, Set.of(), null, null, null, third, null, 10)))
                .containsExactly(inBatch.get(0), inBatch.get(1));
        assertThat(walked(new TaskQuery(null, Set.of(), null, null, batch, third - 1, null, 10))).hasSize(3);
    }

    @Test
    void endsAShortPageWithACursorWhenTheBudgetIsUsedUp() {
        Task oldest = task("rare.example:443");
        applied(submit(oldest));
        List<Change> many = new ArrayList<>();
        for (int i = 0; i < 25_000; i++) {
            now += i % 100 == 0 ? 1 : 0;
            many.add(submit(task("a.example:443")));
        }
        store().commit(many);
        TaskQuery rare = new TaskQuery(null, Set.of(), "rare.example", null, null, 0, null, 10);
        TaskPage page = store().list(rare);
        assertThat(page.tasks()).isEmpty();
        assertThat(page.next()).isNotNull();
        assertThat(walked(rare)).containsExactly(oldest.id());
    }
}
