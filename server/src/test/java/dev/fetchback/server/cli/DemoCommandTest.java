package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoCommandTest {
    @TempDir
    Path folder;

    private int run(ServerStart start, TestTerminal terminal, String... arguments) {
        return new Commands(start, terminal.terminal()).run(arguments);
    }

    @Test
    void showsTheWayOfATaskAndThePage() {
        TestTerminal terminal = new TestTerminal(folder, Map.of("FETCHBACK_PORT", "not looked at"), "");
        assertThat(run(StubServer.with("none"), terminal, "demo", "--tasks", "4")).as(terminal.err()).isZero();
        assertThat(terminal.out())
                .contains("accepted   202, on disk, tsk_", "signature verified", "さようなら", "4 more tasks", "Done")
                .containsPattern("[0-9]+\\.[0-9] ms  delivered");
    }

    @Test
    void aWrongSignatureAndAFailureFail() {
        TestTerminal terminal = new TestTerminal(folder, Map.of(), "");
        assertThat(run(StubServer.with("unsigned"), terminal, "demo")).isEqualTo(1);
        assertThat(terminal.err()).contains("the signature of tsk_").contains("is wrong");
        assertThat(run(StubServer.with("fails"), terminal, "demo")).isEqualTo(1);
        assertThat(terminal.err()).contains("a failure was delivered instead of a page");
    }

    @Test
    void aServerThatDoesNotStartFailsWithItsReason() {
        TestTerminal terminal = new TestTerminal(folder, Map.of(), "");
        ServerStart refuses = config -> {
            throw new IOException("the disk is full");
        };
        assertThat(run(refuses, terminal, "demo")).isEqualTo(1);
        assertThat(terminal.err()).isEqualTo("fetchback: the disk is full\n");
    }
}
