package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.process.WorkerSettings.Layers;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real worker processes, and what runs in them at its worst. */
@Timeout(120)
final class WorkerPoolTest {
    private static final int KILL_TRIES = 20;
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration STALL = Duration.ofSeconds(3);
    private static final int BESIDE = 50; // chains of others while one misbehaves
    private static final int RESULT_MAX = 4 << 20;

    @TempDir Path plugins;

    /** Of the sockets of this process. */
    private static Set<Path> folders() {
        String prefix = "fetchback-" + ProcessHandle.current().pid() + "-";
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix)).collect(Collectors.toSet());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive)).isEmpty();
        assertThat(processes("sleep", "4711")).isEmpty();
    }

    /** Of the whole system, however they hide. */
    private static List<String> processes(String... words) {
        String wanted = String.join("\0", words) + "\0";
        List<String> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path one : all.filter(path -> path.getFileName().toString().matches("\\d+")).toList()) {
                try {
                    if (Files.readString(one.resolve("cmdline"), StandardCharsets.ISO_8859_1).equals(wanted)) {
                        found.add(one.toString());
                    }
                } catch (IOException e) {
                    continue; // it ended
                }
            }
        } catch (IOException e) {
            return found; // not such a system
        }
        return found;
    }

    private WorkerPool pool(WorkerSettings workers) throws IOException {
        Fixture.jar(plugins.resolve("hostile.jar"), Hostile.class.getName());
        Files.setPosixFilePermissions(plugins, PosixFilePermissions.fromString("rwxr-xr-x")); // workers may be another user's
        return new WorkerPool(ProcessSettings.DEFAULT.withPlugins(plugins).with(workers),
                new ProcessMetrics(new PrometheusRegistry()));
    }

    private static WorkerSettings workers(int count) {
        return WorkerSettings.DEFAULT.withCount(count).withHeap(64);
    }

    private static Chain chain(Duration timeout, byte[] page, String... deeds) {
        List<Chain.Link> links = new ArrayList<>();
        for (String deed : deeds) {
            links.add(new Chain.Link("hostile", deed.startsWith("{") ? deed : "{\"do\":\"" + deed + "\"}", true, timeout));
        }
        FetchedPage.Facts facts = new FetchedPage.Facts(Fixture.newId().toString(), Fixture.URL, Fixture.URL, 200, null,
                List.of());
        return new Chain(facts, page, links, RESULT_MAX);
    }

    private static String run(WorkerPool pool, Duration timeout, String... deeds) throws InterruptedException {
        return text(pool.run(chain(timeout, new byte[] {1, 2, 3}, deeds)));
    }

    private static String text(Ran ran) {
        return switch (ran) {
            case Ran.Busy busy -> "busy " + busy.problem().detail();
            case Ended ended -> ended.outcomes().stream().map(WorkerPoolTest::text).collect(Collectors.joining(" "))
                    + (ended.broken() == null ? "" : " " + ended.broken().problem().code());
        };
    }

    private static String text(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Value(byte[] json) -> new String(json, StandardCharsets.UTF_8);
            case Outcome.Failed(var problem) -> problem.code();
        };
    }

    private static String expected(String deed) {
        return switch (deed) {
            case "loop", "deaf", "children", "hang at exit" -> " process_timeout";
            case "allocate", "exit", "halt", "return a gigabyte" -> " process_crashed";
            case "recurse", "throw" -> "process_failed 3";
            case "nest", "return much" -> "process_too_large 3";
            case "noise", "print" -> "\"printed\" 3";
            case "leave a thread" -> "\"left\" 3";
            default -> throw new IllegalArgumentException(deed);
        };
    }

    @ParameterizedTest
    @EnumSource(Layers.class)
    void eachDeedCostsOneAttemptOfOneTaskWhileOthersGoOn(Layers layers) throws Exception {
        try (WorkerPool pool = pool(workers(2).withLayers(layers)); var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (String deed : layers == Layers.ALL ? Hostile.deeds() : List.of("exit", "allocate", "loop", "leave a thread")) {
                Duration timeout = expected(deed).contains("timeout") ? SHORT : LONG;
                Future<String> attempt = callers.submit(() -> run(pool, timeout, deed, "nothing"));
                for (int i = 0; i < BESIDE && (i == 0 || !attempt.isDone()); i++) {
                    assertThat(run(pool, LONG, "nothing", "nothing")).as("beside %s", deed).isEqualTo("3 3");
                }
                assertThat(attempt.get()).as("%s with %s", deed, pool.isolation()).isEqualTo(expected(deed));
            }
            assertThat(pool.workers()).isLessThanOrEqualTo(3);
            assertThat(folders()).hasSize(1);
        }
        assertThat(folders()).isEmpty();
    }

    @Test
    void aThreadBombEndsItsOwnProcess() throws Exception {
        try (WorkerPool pool = pool(workers(1).withSpare(false))) {
            assumeTrue(pool.isolation().get("limits") != null && run(pool, LONG, "nothing").equals("3")
                    && !pool.isolation().get("limits").startsWith("no"), "needs prlimit to bound a worker's threads");
            assertThat(run(pool, LONG, "threads")).isEqualTo(" process_crashed");
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
        }
    }

    @Test
    void aWorkerThatIsKilledOrStoppedFromOutsideCostsItsTaskOneAttempt() throws Exception {
        WorkerSettings reachable = workers(1).withSpare(false).withStall(STALL).withLayers(Layers.NONE);
        try (WorkerPool pool = pool(reachable); var callers = Executors.newVirtualThreadPerTaskExecutor();
                ServerSocket begun = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (String signal : List.of("KILL", "STOP")) {
                Future<String> attempt = callers.submit(() -> run(pool, LONG, "{\"do\":\"call and loop\",\"port\":"
                        + begun.getLocalPort() + "}"));
                begun.accept().close();
                assertThat(pool.pids()).hasSize(1);
                new ProcessBuilder("kill", "-" + signal, Long.toString(pool.pids().getFirst())).start().waitFor();
                assertThat(attempt.get()).as(signal).isEqualTo(" process_crashed");
            }
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
        }
    }

    @Test
    void aWorkerThatDiedWhileItHadNothingToDoCostsNobodyAnything() throws Exception {
        try (WorkerPool pool = pool(workers(1).withSpare(false))) {
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
            ProcessHandle worker = ProcessHandle.of(pool.pids().getFirst()).orElseThrow();
            worker.destroyForcibly();
            worker.onExit().get();
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
        }
    }

    @Test
    void workersAreReusedReplacedAfterSomeChainsAndEndedWhenIdle() throws Exception {
        try (WorkerPool pool = pool(workers(1).withSpare(false).withLives(3, LONG, Duration.ofMillis(300)))) {
            Set<Long> seen = new java.util.LinkedHashSet<>();
            for (int i = 0; i < 6; i++) {
                assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
                seen.addAll(pool.pids());
            }
            assertThat(seen).as("the third and the sixth chain were the last of their workers").hasSize(2);
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
            ProcessHandle last = ProcessHandle.of(pool.pids().getFirst()).orElseThrow();
            last.onExit().get(30, TimeUnit.SECONDS);
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
        }
    }

    @Test
    void aPageGoesThereAndItsResultBackWhole() throws Exception {
        byte[] page = new byte[3 << 20];
        for (int i = 0; i < page.length; i++) {
            page[i] = (byte) ('a' + i % 23);
        }
        try (WorkerPool pool = pool(workers(1).withSpare(false))) {
            for (int length : new int[] {0, 1, 65_530, 65_536, 100_000, page.length}) {
                byte[] part = java.util.Arrays.copyOf(page, length);
                assertThat(text(pool.run(chain(LONG, part, "echo"))))
                        .isEqualTo('"' + new String(part, StandardCharsets.ISO_8859_1) + '"');
            }
        }
    }

    @Test
    void aCallerThatIsToStopAndAServerThatEndsKillWhatRuns() throws Exception {
        CountDownLatch stopped = new CountDownLatch(2);
        WorkerPool pool = pool(workers(2));
        try (pool) {
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
            Runnable loop = () -> {
                try {
                    run(pool, LONG, "loop");
                } catch (InterruptedException e) {
                    stopped.countDown();
                }
            };
            Thread first = Thread.startVirtualThread(loop);
            while (pool.crew().busy() == 0) {
                Thread.onSpinWait();
            }
            first.interrupt();
            first.join();
            assertThat(stopped.getCount()).isEqualTo(1);
            assertThat(run(pool, LONG, "nothing")).isEqualTo("3");
            Thread.startVirtualThread(() -> {
                try {
                    assertThat(run(pool, LONG, "loop")).isEqualTo("busy the server stops");
                    stopped.countDown();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            while (pool.crew().busy() == 0) {
                Thread.onSpinWait();
            }
        }
        assertThat(stopped.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(run(pool, LONG, "nothing")).isEqualTo("busy the server stops");
    }

    @Test
    void workersSeeNothingOfTheServer() throws Exception {
        try (WorkerPool pool = pool(workers(1).withSpare(false));
                ServerSocket canary = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String seen = run(pool, LONG, "look");
            assertThat(seen).contains("\"environment\":[\"LANG\",\"MALLOC_ARENA_MAX\"]").contains("\"files\":0");
            java.util.Map<String, String> isolation = pool.isolation();
            assertThat(isolation).containsOnlyKeys("priority", "privileges", "network", "processes", "limits", "user");
            assertThat(seen.contains("\"noNewPrivileges\":\"1\"")).isEqualTo(!isolation.get("privileges").startsWith("no:"));
            assertThat(seen.contains("\"uid\":\"65534\"")).as("%s %s", seen, isolation)
                    .isEqualTo(isolation.get("user").equals("nobody") || System.getProperty("user.name").equals("nobody"));
            boolean network = isolation.get("network").startsWith("no:");
            assertThat(run(pool, LONG, "{\"do\":\"connect\",\"port\":" + canary.getLocalPort() + "}"))
                    .isEqualTo(network ? "\"connected true\"" : "\"refused\"");
        }
    }

    @Test
    void whenNoWorkerComesUpTheStepIsUnavailableForAWhile() throws Exception {
        Fixture.jar(plugins.resolve("broken.jar"), "no.such.Class");
        try (WorkerPool pool = pool(workers(1).withLayers(Layers.NONE))) {
            assertThat(run(pool, LONG, "nothing")).isEqualTo("busy no worker process can be started");
            assertThat(run(pool, LONG, "nothing")).contains("keep crashing or cannot be started");
        }
    }

    /** A worker may have started before the kill comes: then another pool is tried. */
    @Test
    void keepsItsIsolationThoughTheFirstWorkerIsKilledWhileItStarts() throws Exception {
        for (int tries = 0; tries < KILL_TRIES; tries++) {
            try (WorkerPool pool = pool(workers(1).withSpare(false)); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                pool.prepare();
                Future<String> first = threads.submit(() -> run(pool, LONG, "fine"));
                while (!first.isDone() && !killStartingWorker()) {
                    Thread.onSpinWait();
                }
                if (first.get().startsWith("busy ")) {
                    assertThat(pool.isolation().values()).noneMatch(layer -> layer.contains("a worker does not start with it"));
                    return;
                }
            }
        }
        throw new AssertionError("no worker was killed while it started");
    }

    private static boolean killStartingWorker() {
        return ProcessHandle.current().descendants()
                .filter(one -> one.info().commandLine().orElse("").contains("/java -Xmx")) // its main class may be too far behind to be shown
                .map(ProcessHandle::destroyForcibly).toList().contains(true);
    }
}
