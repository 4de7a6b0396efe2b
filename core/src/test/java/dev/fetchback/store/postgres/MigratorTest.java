package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.NodeRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreFixture;
import dev.fetchback.store.postgres.Servers.Release;
import dev.fetchback.task.Task;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The schema changes beside nodes that work, whoever holds what, is killed, or comes first. */
@Timeout(60)
@Tag("alone")
class MigratorTest extends StoreFixture {
    private static final Duration LEASE = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(1500);
    private static final List<Migration> NEWEST = Schema.MIGRATIONS;
    private static final List<Migration> BEFORE = NEWEST.subList(0, NEWEST.size() - 1);
    private static final Migration ONE_MORE = new Migration(NEWEST.size(), "adds to busy tables", List.of(
            "ALTER TABLE running ADD COLUMN note text", "ALTER TABLE node ADD COLUMN note text", "CREATE TABLE note(id uuid PRIMARY KEY)"));

    private final EmbeddedPostgres server = Servers.shared(Release.NEWEST);
    private final String url = Servers.url(server);
    private final String schema = Servers.schema(url);

    @Override
    protected Store open(Retention forgets) {
        return PostgresStore.open(settings("first"));
    }

    private PostgresSettings settings(String node) {
        return PostgresSettings.of(url, null, node, Retention.DEFAULT, () -> now).withLease(LEASE);
    }

    private List<String> migrate(List<Migration> to, Duration patience) throws SQLException {
        try (Connection connection = Connections.open(settings("migrator"))) {
            return new Migrator(to, "here", patience).migrate(connection);
        }
    }

    private static List<Migration> with(Migration more) {
        List<Migration> all = new ArrayList<>(NEWEST);
        all.add(more);
        return all;
    }

    private String ask(String sql) {
        return Servers.ask(server, sql.replace("$", schema + "."));
    }

    private String version() {
        return ask("SELECT version || ' ' || readable_by FROM $fetchback");
    }

    @Test
    void theVersionBeforeGoesOnBesideTheNewestOne() throws Exception {
        migrate(BEFORE, Duration.ofSeconds(5));
        Servers.execute(server, "INSERT INTO " + schema + ".node(epoch, name, expires) VALUES(nextval('" + schema
                + ".node_epoch'), 'older', clock_timestamp() + interval '1 minute')"); // as the version before joins
        List<NodeRecord> nodes = store().nodes();
        assertThat(version()).isEqualTo(NEWEST.size() + " 1");
        assertThat(nodes).extracting(NodeRecord::name).containsExactly("first", "older");
        assertThat(nodes.getFirst()).satisfies(self -> {
            assertThat(self.self()).isTrue();
            assertThat(self.since()).isPositive();
            assertThat(self.leaseMillis()).isBetween(1L, LEASE.toMillis());
            assertThat(self.shards()).isPositive();
        });
        assertThat(nodes.getLast()).satisfies(other -> {
            assertThat(other.self()).isFalse();
            assertThat(other.since()).isZero();
            assertThat(other.program()).isNull();
            assertThat(other.shards()).isZero();
        });
        assertThat(migrate(BEFORE, Duration.ofSeconds(5))).as("a downgrade").isEmpty();
    }

    @Test
    void nodesGoOnWhileAStepWaitsForAForgottenTransaction() throws Exception {
        store();
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Duration> longest = CompletableFuture.supplyAsync(() -> commits(over));
        try (Connection forgotten = server.getPostgresDatabase().getConnection()) {
            forgotten.setAutoCommit(false);
            forgotten.createStatement().executeQuery("SELECT count(*) FROM " + schema + ".running").close();
            assertThatThrownBy(() -> migrate(with(ONE_MORE), Duration.ofSeconds(3))).isInstanceOf(StoreException.class)
                    .hasMessageContainingAll("here", "within 3 s", "process ", "s ago", "start again");
            assertThat(version()).as("nothing half done").isEqualTo(NEWEST.size() + " 1");
            forgotten.rollback();
        }
        assertThat(migrate(with(ONE_MORE), Duration.ofSeconds(20))).containsExactly("version " + (NEWEST.size() + 1) + ": adds to busy tables");
        over.set(true);
        assertThat(longest.join()).as("the longest commit or read meanwhile").isLessThan(LONGEST_PAUSE);
        assertThat(version()).isEqualTo((NEWEST.size() + 1) + " " + NEWEST.size());
        assertThat(ask("SELECT max(epoch) FROM $node")).as("no lease was lost").isEqualTo(String.valueOf(store().epoch()));
        assertThat(apply(submit(task("a.example:443")))).isEqualTo(Result.Applied.APPLIED);
        try (PostgresStore back = PostgresStore.open(settings("back"))) { // a downgrade, or an older node that starts again
            assertThat(back.nodes()).extracting(NodeRecord::name).containsExactly("back", "first");
            assertThat(back.commit(List.of(submit(task("b.example:443"))))).containsExactly(Result.Applied.APPLIED);
        }
        assertThat(version()).as("left as it is").isEqualTo((NEWEST.size() + 1) + " " + NEWEST.size());
    }

    /** Commits and reads all the time, by statements that the server keeps; answers how long the longest took. */
    private Duration commits(AtomicBoolean over) {
        Duration longest = Duration.ZERO;
        while (!over.get()) {
            long from = System.nanoTime();
            Task task = task("a.example:443");
            applied(submit(started(task)));
            Duration committed = Duration.ofNanos(System.nanoTime() - from);
            assertThat(store().find(task.id())).isPresent();
            assertThat(store().nodes()).isNotEmpty();
            Duration read = Duration.ofNanos(System.nanoTime() - from).minus(committed);
            Duration took = committed.compareTo(read) > 0 ? committed : read;
            longest = took.compareTo(longest) > 0 ? took : longest;
        }
        return longest;
    }

    /** Each table with its file, its indexes and constraints: a step that changes one of them reads or writes the whole table meanwhile. */
    private static final String TABLES = "SELECT string_agg(c.relname || ' ' || c.relfilenode || ' '"
            + " || (SELECT count(*) FROM pg_index i WHERE i.indrelid=c.oid) || ' '"
            + " || (SELECT count(*) FROM pg_constraint k WHERE k.conrelid=c.oid AND k.convalidated), ',')"
            + " FROM pg_class c WHERE c.relnamespace='$'::regnamespace AND c.relkind IN ('r', 'p')";

    private List<String> tables() {
        return List.of(ask(TABLES.replace("$", schema)).split(","));
    }

    @Test
    void noStepGoesThroughATableThatIsThere() throws Exception {
        for (int version = 1; version < NEWEST.size(); version++) {
            migrate(NEWEST.subList(0, version), Duration.ofSeconds(5));
            List<String> before = tables();
            migrate(NEWEST.subList(0, version + 1), Duration.ofSeconds(5));
            assertThat(tables()).as("after the step to version %d", version + 1).containsAll(before);
        }
        for (String slow : List.of("ALTER TABLE running ADD COLUMN made timestamptz DEFAULT clock_timestamp()",
                "CREATE INDEX another ON waiting(ready_at)", "ALTER TABLE node ADD CHECK (epoch > 0)")) {
            List<String> before = tables();
            Servers.execute(server, "SET search_path=" + schema + "; " + slow);
            assertThat(tables()).as("this is seen: %s", slow).hasSameSizeAs(before).isNotEqualTo(before);
        }
    }

    @Test
    void aStepIsDoneWholeOrNotAtAllAndGoneOnWith() throws Exception {
        migrate(BEFORE, Duration.ofSeconds(5));
        List<Migration> broken = new ArrayList<>(NEWEST);
        broken.add(new Migration(1, "breaks", List.of("CREATE TABLE half(x int)", "SELECT pg_terminate_backend(pg_backend_pid())")));
        assertThatThrownBy(() -> migrate(broken, Duration.ofSeconds(5))).isInstanceOf(SQLException.class);
        assertThat(version()).as("the step before stays").isEqualTo(NEWEST.size() + " 1");
        assertThat(ask("SELECT count(*) FROM pg_tables WHERE schemaname='" + schema + "' AND tablename='half'")).isEqualTo("0");
        assertThat(migrate(with(ONE_MORE), Duration.ofSeconds(5))).hasSize(1);
    }

    @Test
    void manyAtOnceTakeEachStepOnce() throws Exception {
        migrate(BEFORE, Duration.ofSeconds(5));
        List<CompletableFuture<Void>> all = IntStream.range(0, 4).mapToObj(i -> CompletableFuture.runAsync(() -> {
            try {
                migrate(with(ONE_MORE), Duration.ofSeconds(20));
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        })).toList();
        all.forEach(CompletableFuture::join);
        assertThat(version()).isEqualTo((NEWEST.size() + 1) + " " + NEWEST.size());
    }

    @Test
    void whatIsMissingIsToldAndWithoutLeaveANodeDoesNotStart() throws Exception {
        assertThat(PostgresStore.migrate(settings("any"), false)).hasSize(NEWEST.size()).first().asString().startsWith("version 1: ");
        assertThat(ask("SELECT count(*) FROM pg_class WHERE relnamespace='" + schema + "'::regnamespace")).as("nothing was made").isEqualTo("0");
        assertThatThrownBy(() -> PostgresStore.open(settings("shy").withMigrations(false))).isInstanceOf(StoreException.class)
                .hasMessageContainingAll("migrate is off", "fetchback migrate", "version 1", "version " + NEWEST.size())
                .hasMessageNotContaining("\n");
        assertThat(PostgresStore.migrate(settings("any"), true)).hasSize(NEWEST.size());
        assertThat(PostgresStore.migrate(settings("any"), true)).isEmpty();
        PostgresStore.open(settings("shy").withMigrations(false)).close();
    }
}
