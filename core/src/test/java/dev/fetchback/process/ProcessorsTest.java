package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.process.Processor.Isolation;
import dev.fetchback.process.Processors.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessorsTest {
    @TempDir Path folder;

    /** A plugin. */
    public static final class Plugin implements Processor {
        @Override
        public String name() {
            return "plugin";
        }

        @Override
        public Job prepare(Map<String, @Nullable Object> options) {
            return _ -> "plugin";
        }
    }

    /** Another of the same name, light. */
    public static final class Twin implements Processor {
        @Override
        public String name() {
            return "plugin";
        }

        @Override
        public Isolation isolation() {
            return Isolation.THREAD;
        }

        @Override
        public Job prepare(Map<String, @Nullable Object> options) {
            throw new IllegalStateException("out of order");
        }
    }

    private static Processor own(String name) {
        return new Fixture.Simple(name, _ -> 1);
    }

    private Processors find(Collection<Processor> own) {
        return Processors.find(ProcessSettings.DEFAULT.withPlugins(folder), own, List.of());
    }

    @Test
    void findsThoseOfPluginsAndThoseHandedOver() throws IOException {
        Fixture.jar(folder.resolve("a.jar"), Plugin.class.getName());
        Files.writeString(folder.resolve("README.txt"), "no jar");
        try (Processors found = find(List.of(own("own")))) {
            assertThat(found.names()).contains("own", "plugin").isSorted();
            assertThat(found.place(Fixture.use("plugin"))).isEqualTo(Place.PROCESS);
            assertThat(found.place(Fixture.use("own"))).isEqualTo(Place.THREAD);
        }
    }

    @Test
    void runsThemWhereTheOperatorWants() throws IOException {
        Fixture.jar(folder.resolve("a.jar"), Plugin.class.getName());
        ProcessSettings settings = ProcessSettings.DEFAULT.withPlugins(folder);
        try (Processors found = Processors.find(settings.withIsolation(Map.of("plugin", Isolation.THREAD)), List.of(),
                List.of())) {
            assertThat(found.place(Fixture.use("plugin"))).isEqualTo(Place.THREAD);
        }
        assertThatThrownBy(() -> Processors.find(settings.withIsolation(Map.of("plugn", Isolation.THREAD)), List.of(), List.of()))
                .hasMessageContaining("'plugn'").hasMessageContaining("plugin");
        assertThatThrownBy(() -> Processors.find(settings.withIsolation(Map.of("own", Isolation.PROCESS)), List.of(own("own")),
                List.of()))
                .hasMessageContaining("'own'").hasMessageContaining("can be moved");
    }

    @Test
    void refusesTwoOfOneNameAndNamesBoth() throws IOException {
        Fixture.jar(folder.resolve("a.jar"), Plugin.class.getName(), Twin.class.getName());
        assertThatThrownBy(() -> find(List.of())).hasMessageContainingAll("'plugin'", Plugin.class.getName(),
                Twin.class.getName());
        Fixture.jar(folder.resolve("a.jar"), Plugin.class.getName());
        assertThatThrownBy(() -> find(List.of(own("plugin")))).hasMessageContainingAll("'plugin'", "the program's own");
    }

    @Test
    void refusesNamesThatNoTaskCanName() {
        for (String name : List.of("", "Upper", "1st", "a_b", "a b", "a".repeat(33), "a\n")) {
            assertThatThrownBy(() -> find(List.of(own(name)))).as(name).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("allowed");
        }
        try (Processors found = find(List.of(own("a".repeat(32)), own("a-1")))) {
            assertThat(found.names()).contains("a-1");
        }
    }

    @Test
    void saysWhichPluginIsBroken() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.jar"), "no zip");
        assertThatThrownBy(() -> find(List.of())).hasMessageContaining(broken.toString()).hasMessageContaining("no readable jar");
        Fixture.jar(broken, "no.such.Class");
        assertThatThrownBy(() -> find(List.of())).hasMessageContaining("no.such.Class").hasMessageContaining(broken.toString());
        Fixture.jar(broken, ProcessorsTest.class.getName());
        assertThatThrownBy(() -> find(List.of())).hasMessageContaining("not a subtype");
        Files.delete(broken);
        Files.createDirectory(broken);
        assertThatThrownBy(() -> find(List.of())).hasMessageContaining(broken.toString());
        assertThatThrownBy(() -> Processors.find(ProcessSettings.DEFAULT.withPlugins(folder.resolve("none")), List.of(),
                List.of()))
                .hasMessageContaining("none").hasMessageContaining("is it a folder");
    }

    @Test
    void checksWhatATaskAsksFor() throws UnknownProcessor, BadOption {
        try (Processors found = Processors.find(ProcessSettings.DEFAULT, List.of(own("own"), new Twin()), List.of())) {
            found.check("own", "{}");
            assertThatThrownBy(() -> found.check("own", "{\"css\":1}")).isInstanceOf(BadOption.class)
                    .extracting(e -> ((BadOption) e).pointer()).isEqualTo("/css");
            assertThatThrownBy(() -> found.check("own", "[]")).isInstanceOf(BadOption.class);
            assertThatThrownBy(() -> found.check("plugin",
                    "{}")).isInstanceOf(BadOption.class).hasMessageContaining("out of order");
            assertThatThrownBy(() -> found.check("owl",
                    "{}")).isInstanceOf(UnknownProcessor.class).hasMessageContainingAll("'owl'", "own")
                    .extracting(e -> ((UnknownProcessor) e).names()).asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                    .contains("own", "plugin");
        }
    }
}
