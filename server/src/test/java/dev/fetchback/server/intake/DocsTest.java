package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.TaskId;
import dev.fetchback.work.WaitingOn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The examples in docs/api.md are sent and compared, and docs/errors.md lists the errors there are. */
class DocsTest {
    private static final Path DOCS = Path.of("..", "docs");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(http|ndjson|json)( [a-z-]+)?\n(.*?)^```$");
    private static final Pattern ERROR = Pattern.compile("(?m)^\\| `([a-z_]+)` \\| (\\d{3}) \\|");

    private static List<String[]> blocks() throws IOException {
        List<String[]> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(Files.readString(DOCS.resolve("api.md")));
        while (matcher.find()) {
            String kind = matcher.group(1) + (matcher.group(2) == null ? "" : matcher.group(2));
            blocks.add(new String[] {kind, matcher.group(3)});
        }
        return blocks;
    }

    @Test
    void everyExampleThatIsSentIsTaken() throws Exception {
        int sent = 0;
        try (Api api = Api.open()) {
            for (String[] block : blocks()) {
                String text = block[1];
                if (block[0].equals("json task")) {
                    assertThat(api.post("/v1/tasks", text).statusCode()).as(text).isEqualTo(202);
                } else if (block[0].equals("json batch")) {
                    assertThat(Json.text(api.post("/v1/batches", text).body(), "/rejected")).as(text).isEqualTo("0");
                } else if (block[0].equals("ndjson")) {
                    String answer = api.post("/v1/batches", text, "Content-Type", "application/x-ndjson").body();
                    assertThat(Json.text(answer, "/rejected")).as(text).isEqualTo("0");
                } else if (block[0].equals("http") && !text.startsWith("HTTP/")) {
                    String[] line = text.lines().findFirst().orElseThrow().split(" ");
                    String body = text.substring(text.indexOf("\n\n") + 2);
                    assertThat(Route.of(line[1]).route().takes(line[0])).isTrue();
                    assertThat(api.send(line[0], line[1], body).statusCode()).as(text).isIn(200, 202);
                } else {
                    continue;
                }
                sent++;
            }
        }
        assertThat(sent).isEqualTo(8);
    }

    @Test
    void answersHoldWhatTheExamplesShow() throws Exception {
        try (Api api = Api.open()) {
            TaskId id = api.submit(
                    "{\"url\":\"https://example.com/p/1\",\"headers\":{\"Authorization\":\"x\"},\"labels\":[\"nightly\"],"
                            + "\"metadata\":{\"order\":\"42\"}}");
            api.tasks.succeed(id, new byte[5], "text/html", "abcd");
            String batch = api.post("/v1/batches", "{\"items\":[{\"url\":\"https://example.com/1\"},{\"uri\":1}]}").body();
            String batchPath = Json.text(batch, "/status_url");
            api.tasks.succeed(api.tasks.newest().task().id(), new byte[1], "text/html", "ab");
            int compared = 0;
            for (String[] block : blocks()) {
                String real = switch (block[0]) {
                    case "json" -> batch;
                    case "json status" -> api.get("/v1/tasks/" + id).body();
                    case "json batch-status" -> api.get(batchPath).body();
                    case "json check" -> api.post("/v1/check", "{\"url\":\"https://example.com/p/1\"}").body();
                    case "json redrive" -> api.post("/v1/dead/redrive", "").body();
                    case "http" -> block[1].startsWith("HTTP/") ? api.post("/v1/tasks", "{\"url\":\"http://a/\"}").body() : "";
                    default -> "";
                };
                if (!real.isEmpty()) {
                    String shown = block[0].equals("http") ? block[1].substring(block[1].indexOf("\n\n") + 2) : block[1];
                    assertThat(Json.flat(shown).keySet()).as(block[0]).isEqualTo(Json.flat(real).keySet());
                    compared++;
                }
            }
            assertThat(compared).isEqualTo(6);
        }
    }

    @Test
    void everyFieldAndRouteIsDescribed() throws Exception {
        String text = Files.readString(DOCS.resolve("api.md"), StandardCharsets.UTF_8);
        for (String field : TaskField.NAMES) {
            assertThat(text).contains("`" + field);
        }
        for (WaitingOn.Kind kind : WaitingOn.Kind.values()) {
            assertThat(text).contains("`" + kind.wire() + "`");
        }
        for (String parameter : Filter.LIST_PARAMETERS) {
            assertThat(text).contains(parameter + "=");
        }
        for (String call : List.of(
                "POST /v1/tasks", "POST /", "POST /v1/batches", "GET /v1/batches/{id}", "GET /v1/tasks/{id}", "GET /v1/tasks",
                "GET /v1/tasks/{id}/result", "GET /v1/tasks/{id}/processed", "POST /v1/tasks/{id}/cancel", "POST /v1/tasks/{id}/retry",
                "POST /v1/tasks/{id}/redrive",
                "DELETE /v1/tasks/{id}", "GET /v1/dead", "POST /v1/dead/redrive", "GET /v1/nodes", "GET /v1/receivers",
                "POST /v1/receivers/{id}/resume",
                "POST /v1/receivers/{id}/pause", "POST /v1/check", "GET /health/live", "GET /health/ready", "GET /metrics")) {
            assertThat(text).contains("`" + call + "`");
            String[] parts = call.split(" ");
            assertThat(Route.of(parts[1].replace("{id}", "x")).route().takes(parts[0])).as(call).isTrue();
        }
    }

    @Test
    void everyErrorIsListedWithItsStatus() throws Exception {
        String text = Files.readString(DOCS.resolve("errors.md"), StandardCharsets.UTF_8);
        String part = text.substring(text.indexOf("## Answers of the HTTP API"));
        Set<String> listed = new TreeSet<>();
        Matcher matcher = ERROR.matcher(part);
        while (matcher.find()) {
            listed.add(matcher.group(1) + " " + matcher.group(2));
        }
        Set<String> real = new TreeSet<>();
        for (ApiError error : ApiError.values()) {
            real.add(error.code() + " " + error.status());
        }
        assertThat(listed).isEqualTo(real);
    }
}
