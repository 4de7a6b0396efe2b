package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.process.WorkerSettings.Layers;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that is killed leaves no worker behind, busy or not. */
@Timeout(60)
final class OrphanTest {
    @TempDir Path plugins;
    @TempDir Path temporary;

    /** A server of nothing but a pool, with one worker that is busy for ever and one that is ready. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws InterruptedException {
            WorkerSettings workers = WorkerSettings.DEFAULT.withCount(1).withHeap(64).withLayers(Layers.valueOf(args[1]));
            WorkerPool pool = new WorkerPool(ProcessSettings.DEFAULT.withPlugins(Path.of(args[0])).with(workers),
                    new ProcessMetrics(new PrometheusRegistry()));
            Chain endless = new Chain(new FetchedPage.Facts("tsk", "http://a.test", "http://a.test", 200, null, List.of()),
                    new byte[0],
                    List.of(new Chain.Link("hostile", "{\"do\":\"loop\"}", false, Duration.ofHours(1))), 100);
            Thread.startVirtualThread(() -> {
                try {
                    pool.run(endless);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            while (pool.workers() < 2) {
                Thread.sleep(10);
            }
            System.out.println(ProcessHandle.current().descendants().count());
            Thread.sleep(Duration.ofHours(1));
        }
    }

    @ParameterizedTest
    @EnumSource(Layers.class)
    void allWorkersEndWithTheServer(Layers layers) throws Exception {
        Fixture.jar(plugins.resolve("hostile.jar"), Hostile.class.getName());
        Process server = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary, "-cp", System.getProperty("java.class.path"), Main.class.getName(),
                        plugins.toString(),
                layers.name()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<ProcessHandle> workers = new ArrayList<>();
        try (BufferedReader out = server.inputReader()) {
            assertThat(Integer.parseInt(out.readLine())).isGreaterThanOrEqualTo(2);
            server.descendants().forEach(workers::add);
        } finally {
            server.destroyForcibly().waitFor();
        }
        for (ProcessHandle worker : workers) {
            assertThat(worker.onExit()).as("%s, a worker", worker).succeedsWithin(20, TimeUnit.SECONDS);
        }
        clean();
    }

    /** A folder that may not be written to can only be emptied by its owner, who first says so. */
    private void clean() throws IOException {
        try (Stream<Path> files = Files.walk(temporary)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).filter(file -> !file.equals(temporary)).toList()) {
                Files.delete(file);
            }
        }
    }
}
