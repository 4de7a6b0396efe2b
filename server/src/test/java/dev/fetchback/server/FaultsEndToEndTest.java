package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import dev.fetchback.store.postgres.OwnServer;
import dev.fetchback.store.postgres.Wire;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two real nodes whose database goes away from one of them, or from both: what was acknowledged ends once, nobody delivers what is no
 * longer his, and all go on by themselves.
 */
@OnOneEngine(value = Engine.POSTGRES, because = "its faults are what this is about")
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FaultsEndToEndTest {
    private static final int TASKS = 60;

    @TempDir
    static Path folder;

    private OwnServer database;
    private String url;
    private Wire wire;
    private FaultsFixture web;
    private ChildServer wired;
    private ChildServer other;

    /** How the way to the database is lost. */
    enum Loss {
        CUT,
        SILENCE
    }

    @BeforeAll
    void open() throws Exception {
        database = new OwnServer(folder.resolve("database"));
        url = database.url("nodes");
        wire = new Wire(database.port());
        web = new FaultsFixture(folder, "2s");
        wired = web.launch("wired", wire.through(url));
        other = web.launch("other", url);
        wired.listening();
        other.listening();
        web.until(() -> owned("wired") == 32 && owned("other") == 32);
    }

    @AfterEach
    void mend() {
        web.letGo();
        wire.mend();
    }

    @AfterAll
    void close() throws Exception {
        web.close();
        wire.close();
        database.close();
    }

    private long owned(String node) {
        return Long.parseLong(database.ask("SELECT count(*) FROM nodes.shard s JOIN nodes.node n ON n.epoch=s.epoch WHERE n.name='" + node + "'"));
    }

    private void untilBothWork() {
        for (ChildServer node : List.of(wired, other)) {
            web.untilReady(node);
        }
        web.until(() -> owned("wired") == 32 && owned("other") == 32);
    }

    /** Fetches that do not end, of which each node has some. */
    private List<String> held() throws Exception {
        web.hold();
        List<String> ids = web.submit(other, FaultsFixture.HOSTS);
        web.untilAllArrived();
        assertThat(database.ask("SELECT count(DISTINCT epoch) FROM nodes.running")).isEqualTo("2");
        return ids;
    }

    @ParameterizedTest
    @EnumSource
    void aNodeWithoutItsDatabaseEndsWhatItHasSaysSoAndComesBack(Loss loss) throws Exception {
        List<String> ids = held();
        long delivered = FaultsFixture.metric(wired, "fetchback_deliveries_total{result=\"accepted\"}");
        if (loss == Loss.CUT) {
            wire.cut();
        } else {
            wire.silence();
        }
        web.until(() -> wired.get("/health/ready").statusCode() == 503);
        web.until(() -> FaultsFixture.metric(wired, "fetchback_tasks_in_flight") == 0);
        HttpResponse<String> ready = wired.get("/health/ready");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).contains("could not renew its lease", "\"backlog_age_seconds\":null").doesNotContain("user=");
        HttpResponse<String> refused = web.submitted(wired);
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
        assertThat(refused.headers().firstValue("retry-after")).isPresent();
        assertThat(wired.get("/health/live").statusCode()).isEqualTo(200);
        HttpResponse<String> metrics = wired.get("/metrics");
        assertThat(metrics.statusCode()).isEqualTo(200);
        assertThat(metrics.body()).contains("fetchback_store_up 0.0").doesNotContain("fetchback_tasks_waiting{");

        web.letGo();
        web.untilSucceeded(other, ids);
        web.untilDelivered(ids.size());
        assertThat(FaultsFixture.metric(wired, "fetchback_deliveries_total{result=\"accepted\"}")).as("by the one that lost its lease")
                .isEqualTo(delivered);
        wire.mend();
        untilBothWork();
        assertThat(FaultsFixture.metric(wired, "fetchback_store_up")).isEqualTo(1);
        web.untilSucceeded(other, web.submit(wired, FaultsFixture.HOSTS));
        assertThat(web.deliveries()).as("each once").isEqualTo(2 * ids.size());
        allEnded();
    }

    @Test
    void whatAStoppedNodeFoundWhenItWentOnChangesNothing() throws Exception {
        List<String> ids = held();
        long stale = FaultsFixture.metric(wired, "fetchback_settles_stale_total");
        long mine = Long.parseLong(database.ask("SELECT count(*) FROM nodes.running r JOIN nodes.node n USING(epoch) WHERE n.name='wired'"));
        web.signal(wired, "STOP");
        web.until(() -> owned("other") == 64);
        web.letGo(); // its pages come, too, and wait for it in its sockets
        web.untilSucceeded(other, ids);
        web.signal(wired, "CONT");
        web.until(() -> FaultsFixture.metric(wired, "fetchback_settles_stale_total") >= stale + mine);
        untilBothWork();
        web.untilDelivered(ids.size());
        assertThat(web.deliveries()).as("each once").isEqualTo(ids.size());
        allEnded();
    }

    @Test
    void nothingIsLostWhenConnectionsAreKilled() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < TASKS / 10; i++) {
            database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'fetchback %'");
            ids.addAll(web.submitUntilTaken(i % 2 == 0 ? wired : other, 10));
        }
        web.untilSucceeded(other, ids);
        untilBothWork();
        allEnded();
    }

    @Test
    void nodesWaitForAServerThatHasNoConnectionsLeft() throws Exception {
        List<String> ids = held();
        database.execute("ALTER ROLE nodes CONNECTION LIMIT 0");
        database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename='nodes'");
        web.letGo();
        for (ChildServer node : List.of(wired, other)) {
            web.until(() -> node.get("/health/ready").statusCode() == 503);
            HttpResponse<String> refused = web.submitted(node);
            assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
            assertThat(node.get("/metrics").statusCode()).isEqualTo(200);
        }
        database.execute("ALTER ROLE nodes CONNECTION LIMIT -1");
        untilBothWork();
        web.untilSucceeded(other, ids);
        allEnded();
    }

    /** SIGINT to PostgreSQL is a fast restart, SIGQUIT an immediate one: it recovers from its log. */
    @ParameterizedTest
    @ValueSource(strings = {"INT", "QUIT"})
    void nothingIsLostWhenTheServerIsRestarted(String how) throws Exception {
        List<String> ids = new ArrayList<>(web.submit(wired, TASKS / 2));
        database.stop(how);
        assertThat(web.submitted(other).statusCode()).isEqualTo(503);
        database.again();
        ids.addAll(web.submitUntilTaken(wired, TASKS / 2));
        web.untilSucceeded(other, ids);
        untilBothWork();
        allEnded();
    }

    private void allEnded() {
        web.allEnded(database, "nodes");
    }

    /** At the default lease, as this is what operators count on. */
    @Test
    void aStandbyIsPromotedAndANodeIsKilled() throws Exception {
        try (OwnServer primary = new OwnServer(folder.resolve("primary"))) {
            String one = primary.url("two");
            try (OwnServer standby = primary.standby(folder.resolve("standby")); FaultsFixture its = new FaultsFixture(folder, "12s")) {
                String both = one.replaceFirst("//[^/]*/", "//127.0.0.1:" + primary.port() + ",127.0.0.1:" + standby.port() + "/");
                ChildServer first = its.launch("first", both);
                ChildServer second = its.launch("second", both);
                first.listening();
                second.listening();
                its.until(() -> primary.ask("SELECT count(DISTINCT epoch) FROM two.shard").equals("2"));
                List<String> ids = new ArrayList<>(its.submit(first, TASKS / 2));
                primary.stop("QUIT");
                standby.promote();
                long promoted = System.nanoTime();
                standby.execute("ALTER SYSTEM RESET synchronous_standby_names");
                standby.execute("SELECT pg_reload_conf()");
                ids.addAll(its.submitUntilTaken(first, TASKS / 2));
                Duration taken = Duration.ofNanos(System.nanoTime() - promoted);
                its.untilSucceeded(second, ids);
                assertThat(taken).as("from the promotion to a 202").isLessThan(Duration.ofSeconds(20));

                its.hold();
                List<String> last = its.submit(second, FaultsFixture.HOSTS);
                its.untilAllArrived();
                first.kill();
                long killed = System.nanoTime();
                its.letGo();
                its.untilSucceeded(second, last);
                Duration over = Duration.ofNanos(System.nanoTime() - killed);
                System.out.println("taken again " + taken.toMillis() + " ms after the promotion, taken over after " + over.toMillis() + " ms");
                assertThat(over).as("all that was begun by the one that was killed").isLessThan(Duration.ofSeconds(20));
                its.allEnded(standby, "two");
            }
        }
    }
}
