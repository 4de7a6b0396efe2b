package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.server.cli.Commands;
import dev.fetchback.server.cli.Terminal;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real server as a process, and the folder that holds its tasks. */
@Timeout(120)
@OnOneEngine(value = Engine.SQLITE, because = "the other one keeps no tasks in a folder")
final class FolderEndToEndTest {
    @TempDir
    Path folder;

    @Test
    void aForeignOrDamagedFolderIsRefusedInOneLine() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.writeString(data.resolve("fetchback.db"), "This is the diary of somebody else.\n".repeat(200));
        try (ChildServer server = ChildServer.launch(List.of(), Map.of(), folder, "--port", "0", "--data-dir", data.toString())) {
            assertThat(server.exit()).isEqualTo(1);
            assertThat(server.log()).hasLineCount(1).contains("start failed", data.toString()).doesNotContain("stack=");
        }
        assertThat(Files.readString(data.resolve("fetchback.db"))).as("left as it was").startsWith("This is the diary");
    }

    /** The command that proves it to users, on the server as it is shipped. */
    @Test
    void killedUnderLoadItLosesNothing() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        Terminal terminal = new Terminal(print, print, InputStream.nullInputStream(), Map.of(), folder, false);
        int exitCode = new Commands(Server::start, terminal, Checks::reader, Wiring::builder)
                .run("verify-durability", "--rounds", "2", "--tasks-per-round", "400");
        assertThat(exitCode).as(out.toString(StandardCharsets.UTF_8)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("lost                 0", "PASSED");
    }
}
