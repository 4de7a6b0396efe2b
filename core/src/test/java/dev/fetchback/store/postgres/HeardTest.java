package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.SaveReceiver;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.ReceiverRecord.Status;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.Store.News;
import dev.fetchback.store.StoreFixture;
import dev.fetchback.store.postgres.Servers.Release;
import dev.fetchback.task.Event;
import dev.fetchback.task.Task;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one node stores that the others must know. */
@Timeout(60)
class HeardTest extends StoreFixture {
    private final EmbeddedPostgres server = Servers.shared(Release.NEWEST);
    private final String url = Servers.url(server);
    private Store other;

    @Override
    protected Store open(Retention forgets) {
        return node("first");
    }

    private PostgresStore node(String name) {
        return PostgresStore.open(PostgresSettings.of(url, null, name, Retention.DEFAULT, () -> now));
    }

    @BeforeEach
    void open() {
        store(); // owns all that there is, until it hears of the other
        other = node("other");
    }

    @AfterEach
    void end() {
        other.close();
    }

    private ReceiverRecord receiver(int n, Status status) {
        return new ReceiverRecord("rcv_%016d".formatted(n), "https://a.example/" + n, status, "why", 5, now + n, now);
    }

    private List<Status> heard() {
        return other.news().receivers().stream().map(ReceiverRecord::status).toList();
    }

    @Test
    void aReceiverIsHeardOfOnceByTheOthers() {
        applied(new SaveReceiver(receiver(1, Status.BROKEN)));
        assertThat(other.news().receivers()).containsExactly(receiver(1, Status.BROKEN));
        assertThat(store().news()).as("its own").isEqualTo(News.NONE);
        assertThat(other.news()).isEqualTo(News.NONE);
        applied(new SaveReceiver(receiver(1, Status.ACTIVE)));
        assertThat(heard()).containsExactly(Status.ACTIVE);
        assertThat(other.news()).isEqualTo(News.NONE);
    }

    /** COMMIT is not limited, so the limit is taken off by the last statement: whatever comes after it could wait for ever. */
    @Test
    void aReceiverIsStoredWhileStatementsAreLimited() {
        String schema = Servers.schema(url);
        Servers.execute(server, """
                CREATE TABLE $.told(of text);
                CREATE FUNCTION $.tell() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN INSERT INTO $.told VALUES(current_setting(''statement_timeout'')); RETURN NULL; END';
                CREATE TRIGGER tell AFTER INSERT ON $.receiver FOR EACH STATEMENT EXECUTE FUNCTION $.tell();
                CREATE TRIGGER tell AFTER INSERT ON $.waiting FOR EACH STATEMENT EXECUTE FUNCTION $.tell()""".replace("$", schema));
        assertThat(store().commit(List.of(new SaveReceiver(receiver(1, Status.BROKEN)), submit(task("a.example:443")))))
                .containsOnly(Result.Applied.APPLIED);
        assertThat(Servers.ask(server, "SELECT string_agg(of, ' ') FROM " + schema + ".told")).isEqualTo("15s 15s");
    }

    @Test
    void whatIsStoredLateIsHeardAllTheSame() throws Exception {
        assertThat(other.news()).isEqualTo(News.NONE);
        try (Connection late = server.getPostgresDatabase().getConnection(); Statement statement = late.createStatement()) {
            late.setAutoCommit(false);
            statement.execute("SELECT pg_current_xact_id()"); // earlier than what follows
            applied(new SaveReceiver(receiver(1, Status.BROKEN)));
            assertThat(heard()).containsExactly(Status.BROKEN);
            statement.execute("INSERT INTO " + Servers.schema(url) + ".receiver VALUES('rcv_late', 'https://b/', 'GONE', '', 0, 0, 0, 0, 0,"
                    + " pg_current_xact_id())");
            late.commit();
        }
        assertThat(other.news().receivers()).extracting(ReceiverRecord::id).contains("rcv_late");
        assertThat(other.news()).isEqualTo(News.NONE);
    }

    @Test
    void manyAreHeardOfInParts() {
        List<dev.fetchback.store.Change> saves = new ArrayList<>();
        for (int i = 0; i < 1_500; i++) {
            saves.add(new SaveReceiver(receiver(i, Status.GONE)));
        }
        store().commit(saves);
        List<ReceiverRecord> heard = new ArrayList<>(other.news().receivers());
        assertThat(heard).hasSizeLessThan(1_500);
        applied(new SaveReceiver(receiver(2_000, Status.GONE)));
        heard.addAll(other.news().receivers());
        heard.addAll(other.news().receivers());
        assertThat(heard).extracting(ReceiverRecord::id).contains("rcv_0000000000002000").hasSizeGreaterThanOrEqualTo(1_501);
        assertThat(heard.stream().distinct()).hasSize(1_501);
        assertThat(other.news()).isEqualTo(News.NONE);
    }

    @Test
    void whatIsLearnedDoesNotUndoAnOrder() {
        applied(new SaveReceiver(receiver(1, Status.PAUSED), true));
        assertThat(other.commit(List.of(new SaveReceiver(receiver(1, Status.ACTIVE)), new SaveReceiver(receiver(1, Status.BROKEN)))))
                .containsOnly(Result.Stale.STALE);
        assertThat(store().receivers()).extracting(ReceiverRecord::status, ReceiverRecord::orders).containsExactly(
                org.assertj.core.groups.Tuple.tuple(Status.PAUSED, 0));
        assertThat(other.commit(List.of(new SaveReceiver(receiver(1, Status.ACTIVE), true)))).containsOnly(Result.Applied.APPLIED);
        assertThat(store().news().receivers()).extracting(ReceiverRecord::status, ReceiverRecord::orders).containsExactly(
                org.assertj.core.groups.Tuple.tuple(Status.ACTIVE, 1));
        applied(new SaveReceiver(receiver(1, Status.BROKEN)));
        assertThat(other.commit(List.of(new SaveReceiver(receiver(1, Status.GONE))))).containsOnly(Result.Applied.APPLIED);
        assertThat(store().commit(List.of(new SaveReceiver(receiver(1, Status.ACTIVE))))).containsOnly(Result.Stale.STALE);
    }

    @Test
    void whoeverRunsATaskHearsThatItWasTakenFromIt() {
        Task task = running("a.example:443");
        assertThat(store().news()).isEqualTo(News.NONE);
        Task cancelled = next(task, new Event.Cancel());
        assertThat(other.commit(List.of(new Move(task, cancelled, null)))).containsOnly(Result.Applied.APPLIED);
        assertThat(other.news()).isEqualTo(News.NONE);
        assertThat(store().news().taken()).containsExactly(Store.Attempt.of(task));
        assertThat(store().news()).isEqualTo(News.NONE);
        assertThat(apply(new Move(task, next(task, new Event.PageDelivered(page(1))), null))).isEqualTo(Result.Stale.STALE);

        Task own = running("b.example:443");
        moved(own, new Event.Cancel());
        assertThat(store().news()).as("it knows").isEqualTo(News.NONE);
    }

    @Test
    void nothingIsLeftForANodeThatIsNoMore() {
        Task task = running("a.example:443");
        String recalls = "SELECT count(*) FROM " + Servers.schema(url) + ".recall";
        assertThat(other.commit(List.of(new Move(task, next(task, new Event.Cancel()), null)))).containsOnly(Result.Applied.APPLIED);
        Task orphan = running("b.example:443");
        store().close();
        assertThat(Servers.ask(server, recalls)).isEqualTo("1");
        assertThat(other.commit(List.of(new Move(orphan, next(orphan, new Event.Reclaimed(other.epoch())), null))))
                .containsOnly(Result.Applied.APPLIED);
        assertThat(Servers.ask(server, recalls)).isEqualTo("1");
        while (other.prune(now)) {
            assertThat(recalls).isNotEmpty();
        }
        assertThat(Servers.ask(server, recalls)).isEqualTo("0");
    }
}
