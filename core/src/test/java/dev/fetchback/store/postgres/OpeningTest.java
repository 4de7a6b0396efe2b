package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.Retention;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.postgres.Servers.Release;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
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
        refused("jdbc:postgresql://nowhere.invalid/x?user=postgres", "cannot be reached", "there is no host nowhere.invalid");
        refused(server.getJdbcUrl("postgres", "nope"), "There is no database", "/nope", "createdb");
        refused(server.getJdbcUrl("postgres", "postgres") + "&currentSchema=nope", "schema", "currentSchema=");
        refused(url.replace("user=postgres", "user=nobody_here"), "does not let this user in", "FETCHBACK_STORE_PASSWORD");
    }

    @Test
    void refusesUrlsThatTheDriverWouldReadInItsOwnWay() {
        refused("jdbc:postgresql:///x", "names no host");
        refused("jdbc:postgresql://db.example", "names no database");
        refused("jdbc:postgresql://db.example:99999/x", "port 99999", "65535");
        refused("jdbc:postgresql://me:s3cret@db.example/x", "is no host");
        refused(url + "&curentSchema=x", "'curentSchema'", "is currentSchema meant?");
        refused(url + "&options=-c%20fsync%3Doff", "options", "ALTER ROLE");
        assertThatThrownBy(() -> PostgresSettings.check(url + "&password=s3cret")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("FETCHBACK_STORE_PASSWORD").hasMessageNotContaining("s3cret");
        PostgresSettings.check("jdbc:postgresql://[::1]:5432,db-2.example/x?ssl=true&sslmode=verify-full&user=a");
    }

    @Test
    void refusesAWrongPassword() throws Exception {
        String role = "guarded_" + schema;
        Servers.execute(server, "CREATE ROLE " + role + " LOGIN PASSWORD 'right'");
        Path rules = Path.of(Servers.ask(server, "SHOW hba_file"));
        Files.writeString(rules, "host all " + role + " all scram-sha-256\n" + Files.readString(rules)); // for this user only
        Servers.execute(server, "SELECT pg_reload_conf()");
        String guarded = url.replace("user=postgres", "user=" + role);
        until(() -> Servers.ask(server, "SELECT count(*) FROM pg_hba_file_rules WHERE user_name='{" + role + "}'").equals("1"));
        PostgresSettings settings = PostgresSettings.of(guarded, "s3cret", "n", Retention.DEFAULT, () -> 1_800_000_000_000L);
        assertThatThrownBy(() -> PostgresStore.open(settings)).isInstanceOf(StoreException.class)
                .hasMessageContainingAll("does not let this user in", role, "FETCHBACK_STORE_PASSWORD")
                .hasMessageNotContaining("s3cret").hasMessageNotContaining("\n");
        assertThat(tables()).isZero();
    }

    private static void until(BooleanSupplier done) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("it takes too long").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    /** The server is asked for its version by name, and here another function of that name comes first. */
    @Test
    void refusesTooOldAServer() {
        Servers.execute(server, "CREATE FUNCTION " + schema + ".current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT CASE $1"
                + " WHEN 'server_version_num' THEN '140012' WHEN 'server_version' THEN '14.12' ELSE pg_catalog.current_setting($1) END $$");
        refused(url + ",pg_catalog", "is PostgreSQL 14.12", "needs 15 or newer");
        assertThat(tables()).isZero();
    }

    @Test
    void refusesAUserWithoutRights() {
        Servers.execute(server, "CREATE ROLE poor_" + schema + " LOGIN; GRANT USAGE ON SCHEMA " + schema + " TO poor_" + schema);
        refused(url.replace("user=postgres", "user=poor_" + schema), "right to make tables", "GRANT USAGE, CREATE ON SCHEMA " + schema);
        assertThat(tables()).isZero();
        Servers.execute(server, "REVOKE USAGE ON SCHEMA " + schema + " FROM poor_" + schema);
        refused(url.replace("user=postgres", "user=poor_" + schema), "schema", "currentSchema=");
        PostgresStore.open(settings(url, "n")).close();
        String before = Servers.ask(server, "SELECT last_value FROM " + schema + ".node_epoch");
        Servers.execute(server, "GRANT ALL ON SCHEMA " + schema + " TO poor_" + schema + "; GRANT ALL ON ALL TABLES IN SCHEMA " + schema
                + " TO poor_" + schema);
        refused(url.replace("user=postgres", "user=poor_" + schema), "belong to the user postgres", "GRANT postgres TO poor_" + schema);
        assertThat(Servers.ask(server, "SELECT last_value FROM " + schema + ".node_epoch")).isEqualTo(before);
    }

    @Test
    void refusesADatabaseThatCannotBeWrittenTo() {
        Servers.execute(server, "CREATE ROLE reader_" + schema + " LOGIN SUPERUSER; ALTER ROLE reader_" + schema
                + " SET default_transaction_read_only=on");
        refused(url.replace("user=postgres", "user=reader_" + schema), "read-only for this user", "default_transaction_read_only");
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

    /** A node that is asked for its tables one by one sees the later ones only, when another node makes them all just then. */
    @Test
    void takesNoTablesForAnotherProgramsThatANodeIsJustMaking() {
        Servers.execute(server, "CREATE FUNCTION " + schema + ".to_regclass(name text) RETURNS regclass LANGUAGE plpgsql AS $$ DECLARE"
                + " seen regclass := pg_catalog.to_regclass(name); BEGIN WHILE name='fetchback' AND seen IS NULL"
                + " AND NOT EXISTS(SELECT FROM pg_class WHERE relname='running' AND relnamespace='" + schema + "'::regnamespace) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN seen; END $$");
        CompletableFuture<PostgresStore> slow = CompletableFuture.supplyAsync(() -> PostgresStore.open(settings(url + ",pg_catalog", "slow")));
        PostgresStore.open(settings(url, "quick")).close();
        assertThat(slow).succeedsWithin(Duration.ofSeconds(20)).satisfies(PostgresStore::close);
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
