package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyDurabilityTest {
    private static final long SEED = 42;

    @TempDir
    Path folder;

    private DurabilityTrial.Audit audit(String flaw, int rounds, int tasks) throws Exception {
        TestTerminal terminal = new TestTerminal(folder, Map.of(), "");
        DurabilityTrial.Plan plan = new DurabilityTrial.Plan(ServeCommandTest.stub(flaw), rounds, tasks,
                new SplittableRandom(SEED));
        try (DurabilityTrial trial = new DurabilityTrial(plan, terminal.terminal()).patient(2)) {
            return trial.run();
        }
    }

    @Test
    void aServerThatKeepsItsPromisePasses() throws Exception {
        DurabilityTrial.Audit audit = audit("none", 2, 300);
        assertThat(audit.lost()).isZero();
        assertThat(audit.acknowledged()).isPositive().isEqualTo(audit.delivered());
        assertThat(audit.unverified()).isZero();
        assertThat(audit.exitCode()).isZero();
    }

    @Test
    void aServerThatLosesTasksIsFound() throws Exception {
        assertThat(audit("loses", 1, 200).lost()).isPositive();
    }

    @Test
    void theVerdictNeedsAllOfIt() {
        assertThat(judge(new DurabilityTrial.Audit(10, 9, 9, 0, 3, 0, 0, 0))).startsWith("0")
                .contains("PASSED", "lost                 0");
        assertThat(judge(new DurabilityTrial.Audit(10, 9, 8, 1, 3, 0, 0, 0))).startsWith("1").contains("FAILED");
        assertThat(judge(new DurabilityTrial.Audit(10, 9, 9, 0, 99, 0, 0, 0))).startsWith("1").contains("came twice");
        assertThat(judge(new DurabilityTrial.Audit(10, 9, 9, 0, 3, 1, 0, 0))).startsWith("1");
        assertThat(judge(new DurabilityTrial.Audit(10, 9, 9, 0, 3, 0, 1, 0))).startsWith("1");
        assertThat(judge(new DurabilityTrial.Audit(10, 9, 9, 0, 3, 0, 0, 143))).startsWith("1").contains("SIGTERM");
    }

    private static String judge(DurabilityTrial.Audit audit) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int code = VerifyDurabilityCommand.judge(audit, 50, new PrintStream(out, true, StandardCharsets.UTF_8));
        return code + out.toString(StandardCharsets.UTF_8);
    }

    /** Without the launcher's cache each start takes twice as long. */
    @Test
    void serversStartAsTheLauncherStartsThem() {
        assertThat(ServerProcess.likeThisOne("x.Main", List.of("-XX:+UseSerialGC", "-Xmx512m", "-XX:AOTCache=/a b/fetchback.aot",
                "-Xlog:aot=off", "-Xlog:cds=off", "-Dx=y", "-XX:AOTCacheOutput=/never", "-XX:StartFlightRecording")))
                .containsSubsequence("-XX:+UseSerialGC", "-XX:AOTCache=/a b/fetchback.aot", "-Xlog:aot=off", "-Xlog:cds=off", "-Xmx256m")
                .doesNotContain("-Xmx512m", "-Dx=y", "-XX:AOTCacheOutput=/never", "-XX:StartFlightRecording");
    }

    @Test
    void theCommandStartsARealMain() throws Exception {
        List<String> command = ServerProcess.likeThisOne("dev.fetchback.server.Main");
        assertThat(command).endsWith("serve");
        assertThat(Class.forName(command.get(command.size() - 2)).getMethod("main", String[].class)).isNotNull();
        TestTerminal terminal = new TestTerminal(folder, Map.of(), "");
        assertThat(new Commands(StubServer::start, terminal.terminal()).run("verify-durability", "--rounds", "0")).isEqualTo(2);
        assertThat(terminal.err()).contains("--rounds is 0; allowed: 1 to");
    }
}
