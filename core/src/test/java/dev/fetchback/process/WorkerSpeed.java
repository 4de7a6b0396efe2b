package dev.fetchback.process;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Not a test: how long a worker takes to start, and what handing a page over and a result back costs. */
final class WorkerSpeed {
    private static final int WARM_UP = 3_000;
    private static final int RUNS = 5_000;
    private static final int STARTS = 10;
    private static final int PAGE = 100_000;
    private static final Duration LONG = Duration.ofSeconds(60);

    private WorkerSpeed() {}

    public static void main(String[] args) throws Exception {
        Path plugins = Files.createTempDirectory("worker-speed");
        Files.setPosixFilePermissions(plugins, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path jar = Fixture.jar(plugins.resolve("hostile.jar"), Hostile.class.getName());
        try {
            starts(plugins);
            chains(plugins);
        } finally {
            Files.delete(jar);
            Files.delete(plugins);
        }
    }

    private static WorkerPool pool(Path plugins) {
        WorkerSettings one = WorkerSettings.DEFAULT.withCount(1).withSpare(false).withLives(1_000_000, Duration.ofHours(1),
                Duration.ofHours(1));
        return new WorkerPool(ProcessSettings.DEFAULT.withPlugins(plugins).with(one),
                new ProcessMetrics(new PrometheusRegistry()));
    }

    private static Chain chain(String deed, byte[] page) {
        return new Chain(new FetchedPage.Facts("tsk", Fixture.URL, Fixture.URL, 200, "text/html", List.of()), page,
                List.of(new Chain.Link("hostile", "{\"do\":\"" + deed + "\"}", false, LONG)), 8 << 20);
    }

    private static void starts(Path plugins) throws InterruptedException {
        long[] nanos = new long[STARTS];
        for (int i = 0; i < STARTS; i++) {
            try (WorkerPool pool = pool(plugins)) {
                Thread.sleep(200); // for the look at the system's isolation
                long began = System.nanoTime();
                pool.run(chain("nothing", new byte[1]));
                nanos[i] = System.nanoTime() - began;
                if (i == 0) {
                    System.out.println("isolation: " + pool.isolation());
                }
            }
        }
        report("first chain, worker started for it", nanos);
    }

    private static void chains(Path plugins) throws Exception {
        byte[] page = new byte[PAGE];
        Arrays.fill(page, (byte) 'x');
        try (WorkerPool pool = pool(plugins)) {
            measure("1 byte there, a number back", () -> pool.run(chain("nothing", new byte[1])));
            measure("100 KB there, a number back", () -> pool.run(chain("nothing", page)));
            measure("100 KB there, 100 KB of JSON back", () -> pool.run(chain("echo", page)));
        }
        Hostile direct = new Hostile();
        measure("the same, called directly", () -> ChainRun.run(chain("echo", page), _ -> direct, new ChainRun.Progress() {
            @Override
            public boolean begins(int index) {
                return true; // nobody waits
            }

            @Override
            public void ended(Ran.Outcome outcome) {
                // It is dropped.
            }
        }));
    }

    private interface Run {
        void run() throws Exception;
    }

    private static void measure(String what, Run run) throws Exception {
        long[] nanos = new long[RUNS];
        Thread caller = Thread.startVirtualThread(() -> {
            try {
                for (int i = 0; i < WARM_UP; i++) {
                    run.run();
                }
                for (int i = 0; i < RUNS; i++) {
                    long began = System.nanoTime();
                    run.run();
                    nanos[i] = System.nanoTime() - began;
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        caller.join();
        report(what, nanos);
    }

    private static void report(String what, long[] nanos) {
        Arrays.sort(nanos);
        System.out.printf("%-40s median %,9.1f µs   p99 %,9.1f µs%n", what, nanos[nanos.length / 2] / 1e3,
                nanos[nanos.length * 99 / 100] / 1e3);
    }
}
