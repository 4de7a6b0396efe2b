package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.postgres.Servers;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MigrateCommandTest {
    @TempDir
    Path folder;

    private TestTerminal terminal;

    private int run(String... arguments) {
        terminal = new TestTerminal(folder, Map.of("FETCHBACK_STORE_PASSWORD", "s3cret"), "");
        return new Commands(StubServer::start, terminal.terminal()).run(arguments);
    }

    private void refused(String word, String... arguments) {
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(terminal.err()).contains(word).containsOnlyOnce("\n").doesNotContain("s3cret", "\tat ");
        assertThat(terminal.out()).isEmpty();
    }

    @Test
    void bringsADatabaseToTheNewestVersionAndSaysWhatItDid() {
        String url = Servers.url();
        assertThat(run("migrate", "--dry-run", "--store", url)).isZero();
        assertThat(terminal.out()).startsWith("to do: version 1: ").doesNotContain("done");
        assertThat(run("migrate", "--store", url)).isZero();
        assertThat(terminal.out()).startsWith("done: version 1: ").doesNotContain("to do");
        assertThat(run("migrate", "--store", url)).isZero();
        assertThat(terminal.out()).isEqualTo("the schema has the newest version\n");
    }

    @Test
    void refusesWhatItCannotMigrate() {
        refused("store is sqlite", "migrate");
        refused("cannot be reached", "migrate", "--store", "jdbc:postgresql://127.0.0.1:1/x?user=postgres");
        refused("There is no database", "migrate", "--store", Servers.url().replace("/postgres?", "/nope?"));
        assertThat(run("migrate", "--store", "jdbc:postgresql://db.example:99999/x")).isEqualTo(2);
        assertThat(terminal.err()).contains("store's URL", "65535");
    }
}
