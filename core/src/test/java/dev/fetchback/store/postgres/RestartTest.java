package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.Change;
import dev.fetchback.store.CommitSettings;
import dev.fetchback.store.GroupCommit;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreFixture;
import dev.fetchback.store.postgres.Servers.Release;
import dev.fetchback.task.Task;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A server of one's own, which really writes to its disk, is killed in the middle of commits and started again. */
@Timeout(120)
class RestartTest extends StoreFixture {
    private static final int TASKS = 60;
    private static final int KILLS = 3;

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path dir;

    private EmbeddedPostgres server;
    private String url;

    @Override
    protected Store open(Retention forgets) {
        return PostgresStore.open(PostgresSettings.of(url, null, "n", forgets, () -> now));
    }

    private void start(int port) {
        EmbeddedPostgres.Builder builder = Servers.builder(Release.NEWEST).setServerConfig("fsync", "on")
                .setDataDirectory(dir.resolve("data")).setCleanDataDirectory(false);
        server = Servers.start(port == 0 ? builder : builder.setPort(port));
    }

    private void killAndStart() {
        try {
            long pid = Long.parseLong(Files.readAllLines(dir.resolve("data").resolve("postmaster.pid")).getFirst().strip());
            ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
            List<ProcessHandle> all = postmaster.descendants().toList();
            postmaster.destroyForcibly();
            all.forEach(ProcessHandle::destroyForcibly);
            postmaster.onExit().join();
            for (ProcessHandle one : all) {
                one.onExit().join();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        int port = server.getPort();
        try {
            server.close(); // only gives its folder free: there is nothing left to stop
        } catch (IOException | RuntimeException e) {
            assertThat(e).as("it was killed").isNotNull();
        }
        start(port);
    }

    /** Each is acknowledged once, whatever the server said meanwhile, and is there once. */
    @Test
    void nothingAcknowledgedIsLostOrDoubledWhenTheServerIsKilled() throws Exception {
        start(0);
        url = server.getJdbcUrl("postgres", "postgres");
        Set<Task> acknowledged = ConcurrentHashMap.newKeySet();
        try (GroupCommit commits = new GroupCommit(store(), CommitSettings.DEFAULT, () -> now, new PrometheusRegistry())) {
            Thread submits = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < TASKS * (KILLS + 1); i++) {
                    Task task = task("a.example:443");
                    while (!submitted(commits, task)) {
                        Thread.onSpinWait();
                    }
                    acknowledged.add(task);
                }
            });
            for (int kills = 1; kills <= KILLS; kills++) {
                while (acknowledged.size() < kills * TASKS) {
                    Thread.onSpinWait();
                }
                killAndStart();
            }
            submits.join();
        }
        Set<Task> stored = new HashSet<>();
        store().list(all(1_000)).tasks().forEach(one -> assertThat(stored.add(one.task())).isTrue());
        assertThat(stored).isEqualTo(acknowledged).hasSize(TASKS * (KILLS + 1));
        assertThat(store().totals().waitingFetch()).isEqualTo(stored.size());
        closeIt();
    }

    /** What was not written out when the server crashed is forgotten with its number, which another transaction gets then. */
    @Test
    void aCommitIsNotTakenForDoneBecauseAnotherHasItsNumber() throws Exception {
        start(0);
        url = server.getJdbcUrl("postgres", "postgres");
        Servers.execute(server, "ALTER SYSTEM SET wal_writer_delay='10s'");
        Servers.execute(server, "SELECT pg_reload_conf()");
        applied(submit(task("a.example:443")));
        Servers.execute(server, """
                CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON tally DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()""");
        List<Change> changes = List.of(submit(task("b.example:443")), submit(task("b.example:443")));
        CompletableFuture<StoreException.Kind> kind = CompletableFuture.supplyAsync(() -> {
            try {
                store().commit(changes);
                throw new AssertionError("it was committed");
            } catch (StoreException e) {
                return e.kind();
            }
        });
        String committing = "FROM pg_stat_activity WHERE wait_event='PgSleep'";
        while (Servers.ask(server, "SELECT pid " + committing).isEmpty()) {
            Thread.onSpinWait();
        }
        long number = Long.parseLong(Servers.ask(server, "SELECT backend_xid " + committing));
        killAndStart();
        assertThat(kind.get()).isEqualTo(StoreException.Kind.UNDECIDED);
        while (Long.parseLong(Servers.ask(server, "SELECT pg_current_xact_id()")) <= number) {
            Thread.onSpinWait();
        }
        assertThat(Servers.ask(server, "SELECT pg_xact_status('" + number + "')")).isEqualTo("committed");
        Servers.execute(server, "DROP TRIGGER slow ON tally");
        assertThat(decided(changes)).containsOnly(Result.Applied.APPLIED);
        assertThat(store().list(all(10)).tasks()).hasSize(3);
        closeIt();
    }

    /** After a slow start of the server, the pool tries for a connection again only some seconds later. */
    private List<Result> decided(List<Change> changes) {
        while (true) {
            try {
                return store().commit(changes);
            } catch (StoreException e) {
                assertThat(e.kind()).as(e.getMessage()).isEqualTo(StoreException.Kind.UNDECIDED);
            }
        }
    }

    /** A standby that follows nobody: a server with the signal of one. */
    @Test
    void aStandbyIsRefused() throws Exception {
        Files.createDirectories(dir);
        start(0);
        url = server.getJdbcUrl("postgres", "postgres");
        server.close();
        Files.createFile(dir.resolve("data").resolve("standby.signal"));
        start(server.getPort());
        assertThatThrownBy(() -> open(Retention.DEFAULT)).isInstanceOf(StoreException.class)
                .hasMessageContainingAll("is a standby", "Name the primary").hasMessageNotContaining("\n");
        server.close();
    }

    private boolean submitted(GroupCommit commits, Task task) {
        try {
            List<Change> changes = List.of(submit(task));
            assertThat(commits.commit(changes)).containsExactly(Result.Applied.APPLIED);
            return true;
        } catch (StoreException e) {
            assertThat(e.kind()).as(e.getMessage()).isEqualTo(StoreException.Kind.UNAVAILABLE);
            return false;
        }
    }

    private void closeIt() throws IOException {
        store().close();
        server.close();
    }
}
