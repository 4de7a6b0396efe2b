package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.Retention;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.postgres.Servers.Release;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each database that cannot be used is refused with one clear message, and left as it is. */
@Timeout(60)
class OpeningTest {
    private final EmbeddedPostgres server = Servers.shared(Release.NEWEST);
    private final String url = Servers.url(server);
    private final String schema = Servers.schema(url);

    private static PostgresSettings settings(String url, String node) {
        return PostgresSettings.of(url, null, node, Retention.DEFAULT, () -> 1_800_000_000_000L).withLease(Duration.ofSeconds(2));
    }

    private void refused(String url, String... words) {
        assertThatThrownBy(() -> PostgresStore.open(settings(url, "n"))).isInstanceOf(StoreException.class)
                .hasMessageContainingAll(words)
                .hasMessageNotContaining("\n");
    }

    private long tables() {
        return Long.parseLong(Servers.ask(server, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE nspname='"
                + schema + "'"));
    }

    @Test
    void saysWhatIsWrongWithTheWayToTheServer() {
        refused("jdbc:postgresql:/nowhere", "jdbc:postgresql://");
        refused("jdbc:postgresql://127.0.0.1:1/x?user=postgres", "cannot be reached", "127.0.0.1:1/x");
        refused(server.getJdbcUrl("postgres", "nope"), "There is no database", "/nope", "createdb");
        refused(server.getJdbcUrl("postgres", "postgres") + "&currentSchema=nope", "schema", "currentSchema=");
        refused(url.replace("user=postgres", "user=nobody_here"), "does not let this user in", "FETCHBACK_STORE_PASSWORD");
    }

    @Test
    void refusesAUserWithoutRights() {
        Servers.execute(server, "CREATE ROLE poor_" + schema + " LOGIN; GRANT USAGE ON SCHEMA " + schema + " TO poor_" + schema);
        refused(url.replace("user=postgres", "user=poor_" + schema), "rights", "permission denied", "GRANT");
        assertThat(tables()).isZero();
    }

    @Test
    void refusesADatabaseThatMayLoseWhatItCallsStored() {
        Servers.execute(server, "CREATE ROLE fast_" + schema + " LOGIN SUPERUSER; ALTER ROLE fast_" + schema + " SET synchronous_commit=off");
        refused(url.replace("user=postgres", "user=fast_" + schema), "synchronous_commit=off", "ALTER DATABASE");
        assertThat(tables()).isZero();
    }

    @Test
    void refusesTheTablesOfAnotherProgram() {
        Servers.execute(server, "CREATE TABLE " + schema + ".waiting(x int)");
        refused(url, "another program", schema);
        assertThat(tables()).isEqualTo(1);
    }

    @Test
    void worksWithTheNextVersionOfTheSchemaAndRefusesOneThatItCannotRead() {
        PostgresStore.open(settings(url, "n")).close();
        Servers.execute(server, "UPDATE " + schema + ".fetchback SET version=9, readable_by=1");
        PostgresStore.open(settings(url, "n")).close();
        assertThat(Servers.ask(server, "SELECT version FROM " + schema + ".fetchback")).isEqualTo("9");
        Servers.execute(server, "UPDATE " + schema + ".fetchback SET readable_by=9");
        refused(url, "version 9", "newer Fetchback");
    }

    @Test
    void migratesOnceThoughManyNodesStartAtOnce() {
        List<CompletableFuture<PostgresStore>> opening = List.of("a", "b", "c").stream()
                .map(node -> CompletableFuture.supplyAsync(() -> PostgresStore.open(settings(url, node)))).toList();
        List<PostgresStore> stores = opening.stream().map(CompletableFuture::join).toList();
        assertThat(stores.stream().map(PostgresStore::epoch)).doesNotHaveDuplicates();
        assertThat(Servers.ask(server, "SELECT count(*) FROM " + schema + ".fetchback")).isEqualTo("1");
        assertThat(Servers.ask(server, "SELECT count(DISTINCT n) FROM " + schema + ".shard")).isEqualTo("64");
        stores.forEach(PostgresStore::close);
        assertThat(Servers.ask(server, "SELECT count(*) FROM " + schema + ".node")).as("they have left").isEqualTo("0");
    }

    @Test
    void refusesASecondNodeOfOneName() {
        PostgresStore first = PostgresStore.open(settings(url, "same"));
        try {
            assertThatThrownBy(() -> PostgresStore.open(settings(url, "same"))).isInstanceOf(StoreException.class)
                    .hasMessageContainingAll("'same'", "node-name");
            assertThat(Servers.ask(server, "SELECT count(*) FROM " + schema + ".shard WHERE epoch=" + first.epoch())).isEqualTo("64");
        } finally {
            first.close();
        }
    }

    @Test
    void takesTheNameOfANodeThatWasKilled() {
        Servers.execute(server, "SELECT 1");
        PostgresStore.open(settings(url, "phoenix")).close();
        Servers.execute(server, "INSERT INTO " + schema + ".node VALUES(1000000, 'phoenix', clock_timestamp() + interval '1 s');"
                + " UPDATE " + schema + ".shard SET epoch=1000000");
        PostgresStore second = PostgresStore.open(settings(url, "phoenix"));
        assertThat(Servers.ask(server, "SELECT count(*) FROM " + schema + ".shard WHERE epoch=" + second.epoch())).isEqualTo("64");
        second.close();
    }

    @Test
    void tellsNoPassword() {
        PostgresSettings settings = PostgresSettings.of(url, "s3cret", "n", Retention.DEFAULT, () -> 0);
        assertThat(settings.toString()).doesNotContain("s3cret");
    }
}
