package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.outbound.Kind;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import dev.fetchback.task.Problem;
import dev.fetchback.task.State;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the docs list is what there is, both ways: problems of tasks, metrics, states. Settings and API errors have tests of their own. */
@OnOneEngine(value = Engine.SQLITE, because = "it reads documents, which no engine changes")
final class DocsTest {
    private static final Path DOCS = Path.of("..", "docs");

    @TempDir
    Path folder;

    @Test
    void everyProblemOfATaskIsListed() throws Exception {
        Set<String> codes = new TreeSet<>();
        for (Kind kind : Kind.values()) {
            codes.add(kind.code());
        }
        for (Field field : Problem.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class) {
                codes.add((String) field.get(null));
            }
        }
        String errors = read("errors.md");
        assertThat(firstCells(errors.substring(errors.indexOf("## Problems of a task")))).isEqualTo(codes);
    }

    @Test
    void everyMetricIsListed() throws Exception {
        try (Server server = Server.start(new ConfigReader(Map.of(), folder)
                        .read(List.of("--port", "0", "--data-dir", folder.resolve("data").toString())));
                HttpClient client = HttpClient.newHttpClient()) {
            URI metrics = URI.create("http://127.0.0.1:" + server.port() + "/metrics");
            client.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString()); // so that a request has been counted
            String text = client.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString()).body();
            Set<String> exported = all(text, "(?m)^# TYPE (fetchback_[a-z_]+)");
            String operations = read("operations.md");
            assertThat(firstCells(operations.substring(operations.indexOf("## Metrics")))).isEqualTo(exported);
        }
    }

    @Test
    void everyStateIsNamed() throws IOException {
        String states = read("task-states.md");
        for (State state : State.values()) {
            assertThat(states).contains(state.wire());
        }
    }

    @Test
    void everyDecisionIsInTheIndex() throws IOException {
        String index = read("adr/README.md");
        try (var files = Files.list(DOCS.resolve("adr"))) {
            for (Path file : files.filter(f -> !f.endsWith("README.md")).toList()) {
                assertThat(index).contains("(" + file.getFileName() + ")");
            }
        }
    }

    private static String read(String name) throws IOException {
        return Files.readString(DOCS.resolve(name));
    }

    private static Set<String> firstCells(String section) {
        return all(section, "(?m)^\\| `([a-z_]+)` \\|");
    }

    private static Set<String> all(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).results().map((MatchResult r) -> r.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
