package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.process.CommandProcessor;
import dev.fetchback.process.ProcessSettings;
import dev.fetchback.process.Processor;
import dev.fetchback.process.Processor.Isolation;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Phase;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.WorkSettings;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processors of a program that embeds the library, from the builder to the results. */
@Timeout(60)
final class OwnProcessorsTest {
    private static final int STUCK = 200; // more than may be in the step at once
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path dir;

    private HttpServer web;

    @BeforeEach
    void serve() throws IOException {
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.createContext("/", call -> {
            byte[] page = "three words here".getBytes(StandardCharsets.UTF_8);
            call.sendResponseHeaders(200, page.length);
            call.getResponseBody().write(page);
            call.close();
        });
        web.start();
    }

    @AfterEach
    void close() {
        web.stop(0);
    }

    private Builder builder() {
        return Fetchback.builder().dataDir(dir)
                .fetchNetworks("127.0.0.0/8", "")
                .processor(new OwnProcessor("count", page -> page.bytes().length))
                .command(new CommandProcessor("words", List.of("wc", "-w"), null, 100));
    }

    private TaskSpec spec(ProcessorUse... uses) {
        FetchOptions fetch = new FetchOptions(PATIENCE, 1 << 20, 5, 1, StatusSet.SUCCESS, FetchOptions.Robots.IGNORE, false);
        return new TaskSpec("http://127.0.0.1:" + web.getAddress().getPort() + "/", TaskSpec.Request.GET, fetch, List.of(uses), null,
                TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE);
    }

    private static Tasks.Submitted submit(Fetchback fetchback, TaskSpec spec) {
        return fetchback.submit(List.of(new Tasks.Submission(spec, null))).getFirst();
    }

    private static ProcessorUse use(String name, String options) {
        return new ProcessorUse(name, name, options, ProcessorUse.OnError.FAIL, null);
    }

    @Test
    void thoseHandedOverAndCommandsProcessPages() throws Exception {
        try (Fetchback fetchback = builder().start()) {
            assertThat(fetchback.processors().names()).containsExactly("count", "words");
            Tasks.Submitted.Accepted accepted = (Tasks.Submitted.Accepted) submit(fetchback,
                    spec(ProcessorUse.of("count"), ProcessorUse.of("words")));
            assertThat(fetchback.await(accepted.task().id(), PATIENCE).orElseThrow().task().phase()).isEqualTo(Phase.SUCCEEDED);
            try (var results = fetchback.results(accepted.task().id()).orElseThrow()) {
                assertThat(new String(results.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("{\"count\":16,\"words\":3}");
            }
            assertThat(fetchback.isolation()).as("as nothing runs in a worker process").isEmpty();
            assertThat(fetchback.processingSuspended()).isEmpty();
        }
    }

    @Test
    void whatCouldNeverBeProcessedIsRefused() {
        try (Fetchback fetchback = builder().start()) {
            assertThatThrownBy(() -> submit(fetchback, spec(ProcessorUse.of("cuont"))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("there is no processor 'cuont'; did you mean 'count'? There are count, words");
            assertThatThrownBy(() -> submit(fetchback, spec(ProcessorUse.of("count"), use("count", "{\"unit\":\"kilo\"}"))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the processor 'count' cannot be used like that (/unit): it has no options");
            assertThatThrownBy(() -> submit(fetchback, spec(use("words", "{\"x\":\"" + "y".repeat(40_000) + "\"}"))))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at most 32768");
        }
    }

    @Test
    void processorsThatAreBusyHoldUpNoneThatRunElsewhere() throws Exception {
        CountDownLatch enough = new CountDownLatch(1);
        Processor stuck = new OwnProcessor("stuck", page -> {
            enough.await();
            return 1;
        });
        try (Fetchback fetchback = builder().processor(stuck)
                .work(new WorkSettings(512, 512, Duration.ZERO, 16, Duration.ofMillis(100)))
                .outbound(OutboundSettings.DEFAULT.withPerAddress(512))
                .process(ProcessSettings.DEFAULT.withPlaces(1, 64, PATIENCE)).start()) {
            for (int i = 0; i < STUCK; i++) {
                submit(fetchback, spec(ProcessorUse.of("stuck")));
            }
            for (int i = 0; i < 5; i++) {
                Tasks.Submitted.Accepted words = (Tasks.Submitted.Accepted) submit(fetchback, spec(ProcessorUse.of("words")));
                assertThat(fetchback.await(words.task().id(), PATIENCE.dividedBy(2)).orElseThrow().task().phase()).isEqualTo(Phase.SUCCEEDED);
            }
            enough.countDown();
        }
    }

    @Test
    void aStartThatFailsLeavesNothingOpen() throws Exception {
        Files.writeString(Files.createDirectory(dir.resolve("plugins")).resolve("broken.jar"), "no jar");
        ProcessSettings broken = ProcessSettings.DEFAULT.withPlugins(dir.resolve("plugins"));
        assertThatThrownBy(() -> builder().process(broken).start()).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("broken.jar is no readable jar");
        ProcessSettings elsewhere = ProcessSettings.DEFAULT.withIsolation(Map.of("wrods", Isolation.THREAD));
        assertThatThrownBy(() -> builder().process(elsewhere).start()).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("did you mean 'words'?");
        PrometheusRegistry registry = new PrometheusRegistry();
        Builder good = builder().registry(registry);
        Path lock = Files.createDirectories(dir.resolve("bodies"));
        Files.delete(lock);
        Files.writeString(lock, "where a folder should be");
        assertThatThrownBy(good::start).hasMessageContaining("data folder");
        Files.delete(lock);
        builder().start().close();
    }
}
