package dev.fetchback.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fetchback.store.Change;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What must stay quick or small with many tasks. */
@Timeout(60)
class SqliteScaleTest {
    private static final int MANY = 100_000;

    @TempDir
    private Path dir;

    private static Change waiting(int n, int priority, long readyAt) {
        return Harness.submit(
                Task.submitted(Harness.id(n), new Plan("a.example:443", "rcv_1", priority, 3, 10, 0, 0), readyAt, 1));
    }

    @Test
    void findsTheDueTaskBehindManyThatAreNot() {
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            List<Change> changes = new ArrayList<>();
            for (int n = 0; n < MANY; n++) {
                changes.add(waiting(n, n % 9 + 1, Harness.TIME + 1000 + n));
            }
            changes.add(waiting(MANY, 0, Harness.TIME));
            store.commit(changes);
            QueueKey queue = new QueueKey(Stage.FETCH, "a.example:443");
            long best = Long.MAX_VALUE;
            for (int i = 0; i < 20; i++) {
                long start = System.nanoTime();
                List<StoredTask> due = store.dueTasks(queue, Harness.TIME, 100);
                best = Math.min(best, System.nanoTime() - start);
                assertThat(due).extracting(t -> t.task().id()).containsExactly(Harness.id(MANY));
            }
            assertThat(Duration.ofNanos(best)).as("a walk over all takes 20 ms and more").isLessThan(Duration.ofMillis(5));
        }
    }

    @Test
    void keepsTheLogShortWhileItWrites() throws Exception {
        long wal = 1 << 20;
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir).withLimits(Harness.limits(Long.MAX_VALUE, wal)))) {
            int n = 0;
            for (int commit = 0; commit < 400; commit++) {
                List<Change> changes = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    changes.add(waiting(n++, 5, Harness.TIME));
                }
                store.commit(changes);
            }
            assertThat(Files.size(dir.resolve("fetchback.db-wal"))).isLessThan(16 * wal);
            assertThat(Files.size(dir.resolve("fetchback.db"))).as("copied").isGreaterThan(8 * wal);
        }
        assertThat(dir.resolve("fetchback.db-wal")).as("after the close").doesNotExist();
    }

    @Test
    void dropsWholeTables() throws Exception {
        SqliteSettings settings = Harness.settings(dir).withSegments(new SqliteSettings.Segmenting(Duration.ofHours(1), 1000));
        try (SqliteStore store = SqliteStore.open(settings)) {
            for (int n = 0; n < 5000; n += 100) {
                List<Change> changes = new ArrayList<>();
                for (int i = n; i < n + 100; i++) {
                    var begun = Harness.begun(i, store.epoch());
                    changes.add(begun);
                    changes.add(Harness.delivered(begun.task()));
                }
                store.commit(changes);
            }
            assertThat(tables()).contains("task_1", "outcome_1", "task_5", "outcome_5");
            int steps = 0;
            while (store.prune(Harness.TIME + Duration.ofDays(2).toMillis())) {
                steps++;
            }
            assertThat(tables()).doesNotContain("task_1", "outcome_1", "task_5", "outcome_5").contains("task_0", "task_6");
            assertThat(steps).as("a few for each table, not one for each task").isLessThan(50);
            assertThat(store.find(Harness.id(4999))).isEmpty();
            assertThat(store.newestId()).isEqualTo(Harness.id(4999).timeMillis());
        }
        try (SqliteStore store = SqliteStore.open(settings)) {
            assertThat(store.newestId()).as("ids never go back").isGreaterThanOrEqualTo(Harness.id(4999).timeMillis());
        }
    }

    @Test
    void findsEveryTaskBetweenTheStepsOfPruning() {
        int many = 2 * Pruner.ROWS_MAX + 500;
        long later = Harness.TIME + Duration.ofDays(2).toMillis();
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            List<Change> changes = new ArrayList<>();
            for (int n = 0; n < many; n++) {
                changes.add(waiting(n, 5, Harness.TIME));
            }
            store.commit(changes);
            int steps = 0;
            int moved = 0;
            boolean more = true;
            while (more) {
                more = store.prune(later);
                for (int n = 0; n < many; n += 97) {
                    assertThat(store.find(Harness.id(n))).as("task %d after step %d", n, steps).isPresent();
                }
                List<StoredTask> due = store.dueTasks(new QueueKey(Stage.FETCH, "a.example:443"), later, many);
                assertThat(due).hasSize(many - moved);
                StoredTask somewhere = due.get(due.size() / 2);
                Task begun = Harness.start(somewhere.task(), store.epoch());
                Harness.commit(store, new Change.Move(somewhere.task(), begun, null), Harness.delivered(begun));
                assertThat(store.find(begun.id()).orElseThrow().task().phase()).isEqualTo(Phase.SUCCEEDED);
                moved++;
                steps++;
            }
            assertThat(steps).isGreaterThan(4);
            TaskQuery all = new TaskQuery(null, java.util.Set.of(), null, null, null, 0, null, TaskQuery.LIMIT_MAX);
            assertThat(store.list(all).tasks()).hasSize(TaskQuery.LIMIT_MAX).extracting(t -> t.task().id()).doesNotHaveDuplicates();
        }
    }

    @Test
    void beginsASegmentAgainAfterARollback() {
        SqliteSettings settings = Harness.settings(dir).withSegments(new SqliteSettings.Segmenting(Duration.ofHours(1), 2));
        try (SqliteStore store = SqliteStore.open(settings)) {
            Task finished = Harness.delivered(Harness.begun(9, 1).task()).after();
            for (int n = 0; n < 10; n++) {
                int task = n;
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Harness.commit(store, Harness.waiting(task, 1), Harness.submit(finished)));
                assertThat(store.find(Harness.id(n))).as("rolled back").isEmpty();
                Harness.commit(store, Harness.waiting(n, 1));
            }
            for (int n = 0; n < 10; n++) {
                assertThat(store.find(Harness.id(n))).isPresent();
            }
            assertThat(store.totals().waitingFetch()).isEqualTo(10);
        }
    }

    private List<String> tables() throws Exception {
        List<String> names = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:file:" + dir.resolve("fetchback.db") + "?mode=ro");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT name FROM sqlite_schema WHERE type='table'")) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    @Test
    void readsFromManyVirtualThreadsWhileItWritesAndDrops() throws Exception {
        SqliteSettings settings = Harness.settings(dir).withSegments(new SqliteSettings.Segmenting(Duration.ofHours(1), 200));
        try (SqliteStore store = SqliteStore.open(settings);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            CountDownLatch done = new CountDownLatch(1);
            List<Future<Integer>> readers = new ArrayList<>();
            for (int r = 0; r < 50; r++) {
                int offset = r;
                readers.add(threads.submit(() -> {
                    int found = 0;
                    for (int n = offset; done.getCount() > 0; n = (n + 7) % 4000) {
                        found += store.find(Harness.id(n)).isPresent() ? 1 : 0;
                    }
                    return found;
                }));
            }
            for (int n = 0; n < 4000; n += 20) {
                List<Change> changes = new ArrayList<>();
                for (int i = n; i < n + 20; i++) {
                    var begun = Harness.begun(i, store.epoch());
                    changes.add(begun);
                    changes.add(Harness.delivered(begun.task()));
                }
                store.commit(changes);
                store.prune(Harness.id(n).timeMillis() + Duration.ofHours(25).toMillis() + 100);
            }
            done.countDown();
            int found = 0;
            for (Future<Integer> reader : readers) {
                found += reader.get(20, TimeUnit.SECONDS);
            }
            assertThat(found).isPositive();
        }
    }
}
