package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.ProcessorUse.OnError;
import dev.fetchback.task.TaskId;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A page that takes the process down that parses it. */
@Timeout(60)
final class PoisonTest {
    @TempDir Path plugins;

    private static ProcessorUse exit(String name, OnError onError) {
        return new ProcessorUse("hostile", name, "{\"do\":\"exit\"}", onError, null);
    }

    @Test
    void isTriedOnceMoreAndThenGivenUp() throws Exception {
        Fixture.jar(plugins.resolve("hostile.jar"), Hostile.class.getName());
        ProcessSettings settings = ProcessSettings.DEFAULT.withPlugins(plugins)
                .with(WorkerSettings.DEFAULT.withCount(1).withHeap(64).withSpare(false));
        Processors processors = Processors.find(settings, List.of(new Fixture.Simple("own", _ -> 1)), List.of());
        try (ProcessStep step = new ProcessStep(processors, settings, () -> 1, new PrometheusRegistry())) {
            TaskId poison = Fixture.newId();
            List<ProcessorUse> strict = List.of(Fixture.use("own"), exit("x", OnError.FAIL), Fixture.use("own"));
            assertThat(Fixture.text(Fixture.run(step, poison, Fixture.bytes("p"),
                    strict))).isEqualTo("failed process_crashed again");
            assertThat(Fixture.text(Fixture.run(step, poison, Fixture.bytes("p"), strict))).isEqualTo("failed process_crashed");

            TaskId lenient = Fixture.newId();
            List<ProcessorUse> uses = List.of(Fixture.use("own"), exit("x", OnError.DELIVER), Fixture.use("hostile"));
            assertThat(Fixture.text(Fixture.run(step, lenient, Fixture.bytes("p"),
                    uses))).isEqualTo("failed process_crashed again");
            assertThat(Fixture.text(Fixture.run(step, lenient, Fixture.bytes("p"), uses)))
                    .isEqualTo("{\"own\":1,\"hostile\":1} x=process_crashed");
        }
        assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive)).isEmpty();
    }
}
