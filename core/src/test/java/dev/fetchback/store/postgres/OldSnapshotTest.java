package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreFixture;
import dev.fetchback.store.postgres.Servers.Release;
import dev.fetchback.task.Event;
import dev.fetchback.task.Task;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What others' old snapshots keep in the tables is not read again by each commit. */
@Timeout(60)
class OldSnapshotTest extends StoreFixture {
    private static final int DEAD = 60_000;
    private static final int CHANGES = 500;
    private static final String READ = "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname='$' AND relname IN"
            + " ('running', 'waiting')";
    private static final String LOOKED = "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE schemaname='$' AND relname='waiting'";
    private static final String FILL = "INSERT INTO $.%1$s(id, attempt, epoch, phase, shard, facts %2$s) SELECT gen_random_uuid(), 1, 0, 0,"
            + " 1, repeat('x', 200)::bytea %3$s FROM generate_series(1, " + DEAD + "); DELETE FROM $.%1$s";

    private final EmbeddedPostgres server = Servers.shared(Release.NEWEST);
    private final String url = Servers.url(server);
    private final String schema = Servers.schema(url);

    @Override
    protected Store open(Retention forgets) {
        return PostgresStore.open(PostgresSettings.of(url, null, "one", forgets, () -> now));
    }

    private void execute(String sql) {
        Servers.execute(server, sql.replace("$", schema));
    }

    private long ask(String sql) {
        return Long.parseLong(Servers.ask(server, sql.replace("$", schema)));
    }

    @Test
    void aLargeCommitLooksForItsOwnRowsOnly() throws Exception {
        store();
        try (Connection old = server.getPostgresDatabase().getConnection()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            old.createStatement().executeQuery("SELECT 1 FROM pg_class").close();
            execute(FILL.formatted("running", "", ""));
            execute(FILL.formatted("waiting", ", priority, ready_at, queue", ", 5, 1, 'gone'"));
            execute("VACUUM (ANALYZE) $.running");
            execute("VACUUM (ANALYZE) $.waiting");
            long before = ask(READ);
            long looked = ask(LOOKED);
            List<Task> tasks = new ArrayList<>();
            for (int i = 0; i < CHANGES; i++) {
                tasks.add(task("h" + i % 10 + ".example:443"));
            }
            commit(tasks.stream().map(task -> (Change) submit(task)).toList());
            commit(tasks.stream().map(task -> (Change) new Change.Move(task, started(task), null)).toList());
            commit(tasks.stream().map(task -> (Change) new Change.Move(started(task), next(started(task), new Event.HandedBack()), null)).toList());
            untilTold(looked);
            assertThat(ask(READ) - before).as("entries of indexes").isLessThan(DEAD / 2);
            old.rollback();
        }
    }

    private void commit(List<Change> changes) {
        assertThat(store().commit(changes)).containsOnly(Result.Applied.APPLIED);
    }

    /** A session tells what it did at the end of a transaction, but not more often than once a second. */
    private void untilTold(long looked) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (ask(LOOKED) - looked < CHANGES) {
            assertThat(System.nanoTime()).as("the server tells nothing").isLessThan(end);
            commit(List.of(submit(task("late.example:443"))));
        }
    }
}
