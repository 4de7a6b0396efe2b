package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {
    @TempDir
    Path folder;

    static List<String> stub(String flaw) {
        List<String> command = new ArrayList<>(ServerProcess.likeThisOne(StubMain.class.getName()));
        command.add(1, "-Dflaw=" + flaw);
        return command;
    }

    @Test
    void listensTellsItAndEndsWith0OnSigterm() throws Exception {
        List<String> flags = List.of("--port", "0", "--data-dir", folder.resolve("d").toString());
        try (ServerProcess server = ServerProcess.start(stub("none"), flags, Receiver.newSecret(new java.security.SecureRandom()),
                folder)) {
            assertThat(server.port()).isPositive();
            assertThat(server.stop(20)).as(server.log()).isZero();
            server.awaitEndOfLog();
            assertThat(server.log()).contains(" INFO  no contact hint=\"set fetch-contact,", " INFO  stopping drain=8s\n").endsWith(" INFO  stopped");
        }
    }

    @Test
    void badConfigurationEndsWith2AndEveryProblem() {
        TestTerminal terminal = new TestTerminal(folder, Map.of("FETCHBACK_DRAIN", "x"), "");
        assertThat(new Commands(StubServer::start, terminal.terminal()).run("serve", "--port", "x")).isEqualTo(2);
        assertThat(terminal.err()).startsWith("fetchback: 2 problems in the configuration\n  FETCHBACK_DRAIN")
                .doesNotContain("\tat ");
    }

    @Test
    void aFailedStartIsOneLineAnd1() {
        TestTerminal terminal = new TestTerminal(folder, Map.of(), "");
        ServerStart taken = config -> {
            throw new IOException("port 8080 is taken; stop what uses it or give another --port");
        };
        assertThat(new Commands(taken, terminal.terminal()).run("serve")).isEqualTo(1);
        assertThat(terminal.err()).containsOnlyOnce("\n").contains("ERROR start failed reason=\"port 8080 is taken;");
    }

    @Test
    void helpListsEverySettingButSecretsAsFlags() {
        TestTerminal terminal = new TestTerminal(folder, Map.of(), "");
        assertThat(new Commands(StubServer::start, terminal.terminal()).run("serve", "--help")).isZero();
        dev.fetchback.server.config.Settings.ALL.forEach(setting -> assertThat(terminal.out())
                .contains(setting.secret() ? setting.variable() : setting.flag()));
        assertThat(terminal.out()).doesNotContain("--api-tokens ", "--deliver-secret ").contains("Default: 500ms.");
    }
}
