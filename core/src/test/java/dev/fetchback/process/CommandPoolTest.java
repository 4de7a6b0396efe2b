package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.ProcessorUse.OnError;
import dev.fetchback.work.ProcessResult;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real commands. */
@Timeout(60)
final class CommandPoolTest {
    private static final int OUTPUT_MAX = 100_000;

    @TempDir Path folder;

    @AfterEach
    void nothingIsLeft() {
        assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive)).isEmpty();
    }

    private static CommandProcessor shell(String name, String script) {
        return new CommandProcessor(name, List.of("sh", "-c", script), null, OUTPUT_MAX);
    }

    private static ProcessStep step(CommandProcessor... commands) {
        ProcessSettings settings = ProcessSettings.DEFAULT;
        return new ProcessStep(Processors.find(settings, List.of(), List.of(commands)), settings, () -> 1,
                new PrometheusRegistry());
    }

    private static String run(ProcessStep step, String... names) throws InterruptedException {
        ProcessorUse[] uses = new ProcessorUse[names.length];
        for (int i = 0; i < names.length; i++) {
            uses[i] = Fixture.use(names[i]);
        }
        return Fixture.text(Fixture.run(step, uses));
    }

    @Test
    void getsThePageAndTheFactsAndNothingElse() throws Exception {
        try (ProcessStep step = step(shell("page", "cat"), shell("facts", "env | cut -d= -f1 | sort | tr '\\n' ' '"),
                shell("final", "printf %s \"$FETCHBACK_STATUS $FETCHBACK_FINAL_URL $FETCHBACK_CONTENT_TYPE\""),
                shell("options", "printf %s \"$FETCHBACK_OPTIONS\""))) {
            assertThat(run(step, "page")).isEqualTo("{\"page\":\"<p>page</p>\"}");
            assertThat(run(step, "final")).isEqualTo("{\"final\":\"200 " + Fixture.URL + "?final text/html\"}");
            String names = run(step, "facts").replaceAll("\\b(LANG|PATH|PWD|SHLVL|OLDPWD|_) ", "");
            assertThat(names).isEqualTo("{\"facts\":\"FETCHBACK_CONTENT_TYPE FETCHBACK_FINAL_URL FETCHBACK_OPTIONS FETCHBACK_STATUS "
                    + "FETCHBACK_TASK_ID FETCHBACK_URL \"}");
            ProcessorUse given = new ProcessorUse("options", "o", "{\"name\":\"ä😀\",\"n\":[1,2.50]}", OnError.FAIL, null);
            assertThat(Fixture.text(Fixture.run(step, given))).isEqualTo("{\"o\":{\"name\":\"ä😀\",\"n\":[1,2.50]}}");
        }
    }

    @Test
    void jsonIsEmbeddedAndAllElseIsText() throws Exception {
        try (ProcessStep step = step(shell("json", "echo ' {\"a\" : [1.10] }'"), shell("text", "echo '{a'"), shell("nothing",
                ":"),
                shell("bytes", "printf '\\377x'"))) {
            assertThat(run(step, "json", "text", "nothing", "bytes"))
                    .isEqualTo("{\"json\":{\"a\":[1.10]},\"text\":\"{a\\n\",\"nothing\":\"\",\"bytes\":\"\uFFFDx\"}");
        }
    }

    @Test
    void whatItPrintsIsWhatTheOperatorSays() throws Exception {
        try (ProcessStep step = step(printing("text", "12", CommandProcessor.Output.TEXT), printing("json", "{}", CommandProcessor.Output.JSON),
                printing("wrong", "{a", CommandProcessor.Output.JSON))) {
            assertThat(run(step, "text", "json")).isEqualTo("{\"text\":\"12\",\"json\":{}}");
            assertThat(run(step, "wrong")).isEqualTo("failed process_failed");
        }
    }

    private static CommandProcessor printing(String name, String text, CommandProcessor.Output output) {
        return new CommandProcessor(name, List.of("printf", "%s", text), null, OUTPUT_MAX, output);
    }

    @Test
    void itsFailureIsToldWithItsLastLine() throws Exception {
        try (ProcessStep step = step(shell("bad", "echo first >&2; echo 'no luck' >&2; exit 3"), shell("later",
                "echo busy >&2; exit 75"),
                shell("dies", "kill -9 $$"), shell("a", "echo 1"))) {
            assertThat(Fixture.run(step, Fixture.use("bad"))).isInstanceOfSatisfying(ProcessResult.Failed.class, failed -> {
                assertThat(failed.problem().code()).isEqualTo("process_failed");
                assertThat(failed.problem().detail()).isEqualTo("bad: the command ended with code 3: no luck");
                assertThat(failed.retryable()).isFalse();
            });
            assertThat(run(step, "later")).isEqualTo("failed process_failed again");
            assertThat(run(step, "dies")).isEqualTo("failed process_failed");
            assertThat(Fixture.text(Fixture.run(step, Fixture.lenient("bad"),
                    Fixture.use("a")))).isEqualTo("{\"a\":1} bad=process_failed");
        }
    }

    @Test
    void whatItPrintsAndDoesNotReadIsBounded() throws Exception {
        byte[] large = new byte[4 << 20];
        java.util.Arrays.fill(large, (byte) 'x');
        try (ProcessStep step = step(shell("fits", "head -c 99998 /dev/zero | tr '\\0' a"), shell("endless", "yes"),
                shell("ignores", "exec <&-; echo 1"), shell("errors", "head -c 3000000 /dev/zero >&2; echo 2"), shell("count",
                        "wc -c"))) {
            assertThat(run(step, "fits")).hasSize(99_998 + "{'fits':''}".length());
            assertThat(run(step, "endless")).isEqualTo("failed process_too_large");
            assertThat(run(step, "errors")).isEqualTo("{\"errors\":2}");
            List<ProcessorUse> uses = List.of(Fixture.use("ignores"), Fixture.use("count"));
            assertThat(Fixture.text(Fixture.run(step, Fixture.newId(), large,
                    uses))).isEqualTo("{\"ignores\":1,\"count\":4194304}");
        }
    }

    @Test
    void isKilledWithAllThatItStartedWhenItsTimeIsUp() throws Exception {
        Path pids = folder.resolve("pids");
        String script = "echo $$ >>" + pids + "; sleep 4712 & echo $! >>" + pids + "; (setsid sleep 4712 & echo $! >>" + pids
                + "); sleep 4712";
        CommandProcessor slow = new CommandProcessor("slow", List.of("/bin/sh", "-c", script), Duration.ofMillis(500),
                OUTPUT_MAX);
        try (ProcessStep step = step(slow)) {
            assertThat(run(step, "slow")).isEqualTo("failed process_timeout");
            List<String> started = Files.readAllLines(pids);
            assertThat(started).hasSize(3);
            for (String pid : started) {
                ProcessHandle.of(Long.parseLong(pid)).ifPresent(left -> assertThat(left.onExit()).succeedsWithin(10,
                        TimeUnit.SECONDS));
            }
        }
    }

    @Test
    void isKilledWithAllThatItStartedWhenItPrintsTooMuch() throws Exception {
        Path pids = folder.resolve("pids");
        String script = "sleep 4712 >/dev/null 2>&1 & echo $! >>" + pids + "; (setsid sleep 4712 >/dev/null 2>&1 & echo $! >>" + pids + "); yes";
        try (ProcessStep step = step(shell("endless", script))) {
            assertThat(run(step, "endless")).isEqualTo("failed process_too_large");
            List<String> started = Files.readAllLines(pids);
            assertThat(started).hasSize(2);
            for (String pid : started) {
                ProcessHandle.of(Long.parseLong(pid)).ifPresent(left -> assertThat(left.onExit()).succeedsWithin(5, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    void isKilledInTimeThoughWhatItStartedReadsNothingOfItsInput() throws Exception {
        Path pid = folder.resolve("pid");
        String script = "exec 3<&0; (setsid sleep 4712 <&3 >/dev/null 2>&1 & echo $! >>" + pid + "); sleep 4712";
        CommandProcessor slow = new CommandProcessor("slow", List.of("/bin/sh", "-c", script), Duration.ofMillis(500), OUTPUT_MAX);
        try (ProcessStep step = step(slow)) {
            assertThat(Fixture.text(Fixture.run(step, Fixture.newId(), new byte[1 << 20], List.of(Fixture.use("slow")))))
                    .isEqualTo("failed process_timeout");
            ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
                    .ifPresent(left -> assertThat(left.onExit()).succeedsWithin(5, TimeUnit.SECONDS));
        }
    }

    @Test
    void noThreadStaysWithWhatItLeftBehind() throws Exception {
        Path pids = folder.resolve("pids");
        byte[] large = new byte[1 << 20];
        // What a thread of ours has not begun to read or write when the command ends is closed by the JDK, and keeps none: so each is
        // given work that only its thread can do, more than a pipe holds, before that.
        String input = "exec 3<&0; setsid sleep 4712 <&3 >/dev/null 2>&1 & echo $! >>" + pids + "; head -c 200000 <&3 >/dev/null; echo 1";
        String errors = "setsid sleep 4712 >/dev/null & echo $! >>" + pids + "; head -c 200000 /dev/zero >&2; sleep 0.2; echo 2";
        try (ProcessStep step = step(shell("input", input), shell("errors", errors))) {
            assertThat(Fixture.text(Fixture.run(step, Fixture.newId(), large, List.of(Fixture.use("input"), Fixture.use("errors")))))
                    .isEqualTo("{\"input\":1,\"errors\":2}");
            for (String pid : Files.readAllLines(pids)) {
                ProcessHandle.of(Long.parseLong(pid)).ifPresent(left -> assertThat(left.onExit()).succeedsWithin(5, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    void endsWithItsCallerOrTheServer() throws Exception {
        Path begun = folder.resolve("begun");
        CountDownLatch stopped = new CountDownLatch(1);
        ProcessStep step = step(shell("slow", "echo >" + begun + "; sleep 4712"));
        try (step) {
            Thread caller = Thread.startVirtualThread(() -> {
                try {
                    run(step, "slow");
                } catch (InterruptedException e) {
                    stopped.countDown();
                }
            });
            while (!Files.exists(begun)) {
                Thread.onSpinWait();
            }
            caller.interrupt();
            assertThat(stopped.await(30, TimeUnit.SECONDS)).isTrue();
            Files.delete(begun);
            java.util.concurrent.CompletableFuture<String> ended = new java.util.concurrent.CompletableFuture<>();
            Thread.startVirtualThread(() -> {
                try {
                    ended.complete(run(step, "slow"));
                } catch (InterruptedException e) {
                    ended.completeExceptionally(e);
                }
            });
            while (!Files.exists(begun)) {
                Thread.onSpinWait();
            }
            step.close();
            assertThat(ended.get(30, TimeUnit.SECONDS)).startsWith("busy process_unavailable");
        }
    }

    /** As one does whose process was just being started when the pool was closed. */
    @Test
    void isEndedWhenThePoolWasClosedMeanwhile() throws Exception {
        ProcessStep step = step(shell("slow", "sleep 4712"));
        step.close();
        java.util.concurrent.FutureTask<String> ended = new java.util.concurrent.FutureTask<>(() -> run(step, "slow"));
        Thread.startVirtualThread(ended);
        assertThat(ended.get(15, TimeUnit.SECONDS)).startsWith("busy process_unavailable");
    }

    @Test
    void isRefusedAtStartWhenItIsNotThereOrMayNotRun() throws IOException {
        assertThatThrownBy(() -> new CommandProcessor("c", List.of("/no/such/program"), null, 1))
                .hasMessageContainingAll("'c'", "/no/such/program", "no file");
        assertThatThrownBy(() -> new CommandProcessor("c", List.of("no-such-program-anywhere"), null, 1))
                .hasMessageContainingAll("'c'", "no-such-program-anywhere", "PATH");
        Path plain = Files.writeString(folder.resolve("plain"), "#!/bin/sh\n", StandardCharsets.UTF_8);
        assertThatThrownBy(() -> new CommandProcessor("c", List.of(plain.toString()), null, 1)).hasMessageContaining("chmod +x");
        Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThat(new CommandProcessor("c", List.of(plain.toString(), "x"), null, 1).argv()).containsExactly(plain.toString(),
                "x");
        assertThatThrownBy(() -> new CommandProcessor("c", List.of(folder.toString()), null, 1)).hasMessageContaining("no file");
        assertThatThrownBy(() -> new CommandProcessor("c", List.of(), null, 1)).hasMessageContaining("at least one word");
        assertThatThrownBy(() -> new CommandProcessor("c", List.of(""), null, 1)).hasMessageContaining("no program");
    }

    @Test
    void optionsThatFitNoEnvironmentAreRefusedAtSubmit() throws Exception {
        try (Processors found = Processors.find(ProcessSettings.DEFAULT, List.of(), List.of(shell("c", "cat")))) {
            found.check("c", "{\"any\":\"" + "x".repeat(10_000) + "\"}");
            assertThatThrownBy(() -> found.check("c", "{\"any\":\"" + "x".repeat(40_000) + "\"}")).isInstanceOf(BadOption.class)
                    .hasMessageContaining("32768");
        }
    }
}
