package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.OnEachEngine;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pages through built-in processors, programs and plugins, in the whole server with its worker processes. */
@Timeout(120)
@OnEachEngine
final class ProcessEndToEndTest extends EndToEndFixture {
    private static final String DOCUMENT = "processors.md";
    private static final String PAGE = "<html><head><title>T</title></head><body><h1>Lamp</h1><a href='/x' rel=next>Next</a>"
            + "<p class=price>9.50</p></body></html>";

    private String deliver(Web receiver, String mode) {
        return "\"deliver\":{\"to\":\"" + receiver.url("/hook") + "\",\"mode\":\"" + mode + "\"}";
    }

    private String config(String yaml) throws Exception {
        return Files.writeString(folder.resolve("fetchback.yaml"), yaml).toString();
    }

    @Test
    void builtInOnesProcessPagesOnTheirWayToTheReceiver() throws Exception {
        config("process: {commands: {fails: [sh, -c, 'echo no luck >&2; exit 3']}, workers: 1}\n");
        start();
        Web site = web(seen -> Web.Answer.of(200, PAGE));
        Web receiver = web(seen -> Web.Answer.of(200));
        String uses = "\"process\":[{\"use\":\"text\"},{\"use\":\"links\"},"
                + "{\"use\":\"select\",\"as\":\"price\",\"css\":\".price\",\"list\":false}]";
        String results = "{\"text\":\"Lamp\\n\\nNext\\n\\n9.50\",\"links\":[{\"url\":\"" + site.url("/x") + "\",\"text\":\"Next\","
                + "\"rel\":[\"next\"]}],\"price\":\"9.50\"}";
        String id = submit("{\"url\":\"" + site.url("/") + "\"," + uses + "," + deliver(receiver, "envelope") + "}");
        assertThat(receiver.next().text()).contains("\"processed\":" + results, "\"body\":\"<html>");
        assertThat(finished(id)).contains("\"state\":\"succeeded\"", "\"process\":1", "\"use\":\"select\",\"as\":\"price\"");

        submit("{\"url\":\"" + site.url("/") + "\"," + uses + "," + deliver(receiver, "processed") + "}");
        assertThat(receiver.next().text()).contains("\"processed\":" + results).doesNotContain("\"body\"", "\"headers\"");

        String lenient = "\"process\":[{\"use\":\"fails\",\"on_error\":\"deliver\"},{\"use\":\"text\"}]";
        submit("{\"url\":\"" + site.url("/") + "\"," + lenient + "," + deliver(receiver, "envelope") + "}");
        assertThat(receiver.next().text()).contains("\"type\":\"task.succeeded\"", "\"processed\":{\"text\":\"Lamp\\n\\nNext\\n\\n9.50\"}",
                "\"process_errors\":{\"fails\":{\"code\":\"process_failed\",\"detail\":\"the command ended with code 3: no luck\"}}");

        String strict = submit("{\"url\":\"" + site.url("/") + "\",\"process\":[{\"use\":\"fails\"}]," + deliver(receiver, "envelope") + "}");
        assertThat(receiver.next().text()).contains("\"type\":\"task.failed\"", "\"code\":\"process_failed\"");
        assertThat(finished(strict)).contains("\"state\":\"failed\"", "fails: the command ended with code 3: no luck");

        String kept = submit("{\"url\":\"" + site.url("/") + "\",\"process\":[{\"use\":\"text\"}],\"deliver\":null}");
        assertThat(finished(kept)).contains("\"state\":\"succeeded\"", "\"delivery\":\"kept\"");
        assertThat(call("GET", "/v1/tasks/" + kept + "/processed", "").body()).isEqualTo("{\"text\":\"Lamp\\n\\nNext\\n\\n9.50\"}");
    }

    @Test
    void whatCannotBeProcessedIsRefusedWhenItIsSubmitted() throws Exception {
        config("process.commands: {words: wc -w}\n");
        start();
        assertThat(refused("{\"use\":\"txet\"}")).contains("\"code\":\"unknown_processor\"", "\"pointer\":\"/process/0/use\"", "text");
        assertThat(refused("{\"use\":\"text\",\"max_char\":5}"))
                .contains("\"code\":\"invalid_value\"", "\"pointer\":\"/process/0/max_char\"", "did you mean max_chars?");
        assertThat(refused("{\"use\":\"select\",\"css\":\"h1 >\"}"))
                .contains("\"code\":\"invalid_value\"", "\"pointer\":\"/process/0/css\"", "no selector");
        assertThat(refused("{\"use\":\"words\",\"timeout\":\"6m\"}")).contains("\"code\":\"out_of_range\"", "\"pointer\":\"/process/0/timeout\"");
        String nested = ":not(".repeat(90) + "a" + ")".repeat(90);
        assertThat(call("POST", "/v1/tasks", "{\"url\":\"http://127.0.0.1:1234/\",\"process\":[{\"use\":\"select\",\"css\":\"" + nested + "\"}]}")
                .statusCode()).isIn(202, 400);
    }

    private String refused(String use) throws Exception {
        HttpResponse<String> answer = call("POST", "/v1/tasks", "{\"url\":\"http://127.0.0.1:1234/\",\"process\":[" + use + "]}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        return answer.body();
    }

    @Test
    void healthSaysHowWorkersAreIsolatedAndMetricsWhatTheyDo() throws Exception {
        start("--process-worker-isolation", "none");
        assertThat(call("GET", "/health/ready", "").body()).contains("\"workers\":{\"isolation\":{\"priority\":\"no\"",
                "\"network\":\"no\"", "\"user\":\"no\"},\"suspended\":null}");
        assertThat(call("GET", "/metrics", "").body()).contains("fetchback_workers 0.0");
        Web site = web(seen -> Web.Answer.of(200, PAGE));
        String id = submit("{\"url\":\"" + site.url("/") + "\",\"process\":[{\"use\":\"text\"}],\"deliver\":null}");
        assertThat(finished(id)).contains("\"state\":\"succeeded\"");
        assertThat(call("GET", "/metrics", "").body()).contains("fetchback_process_attempts_total{result=\"processed\"} 1.0",
                "fetchback_process_seconds_count{pool=\"processes\"} 1");
    }

    /** What docs/processors.md says that processors return for the page that it shows, and the plugin and the programs in it. */
    @Test
    void theExamplesInTheDocumentAreTrue() throws Exception {
        String document = Files.readString(Path.of("..", "docs", DOCUMENT));
        Path plugins = Files.createDirectory(folder.resolve("plugins"));
        String source = blocks(document, "java plugin").getFirst();
        PluginJar.build(plugins.resolve("example.jar"), "com.example.Occurrences", source);
        config(blocks(document, "yaml commands").getFirst());
        start("--plugins-dir", plugins.toString());
        String page = blocks(document, "html page").getFirst();
        byte[] pdf = blocks(document, "text pdf").getFirst().getBytes(StandardCharsets.US_ASCII);
        Web site = web(seen -> seen.path().equals("/lamps.pdf")
                ? new Web.Answer(200, Map.of("content-type", "application/pdf"), pdf) : Web.Answer.of(200, page));
        List<String> uses = blocks(document, "json use");
        List<String> results = blocks(document, "json result");
        assertThat(uses).hasSameSizeAs(results).hasSizeGreaterThanOrEqualTo(9);
        for (int i = 0; i < uses.size(); i++) {
            String use = field(uses.get(i), "use");
            String url = site.url(use.equals("pdf-text") ? "/lamps.pdf" : "/shop/");
            String id = submit("{\"url\":\"" + url + "\",\"process\":[" + uses.get(i) + "],\"deliver\":null}");
            assertThat(finished(id)).as(uses.get(i)).contains("\"state\":\"succeeded\"");
            String shown = results.get(i).strip().replace("https://example.com", site.url("")).replaceAll("\\n *", "");
            assertThat(call("GET", "/v1/tasks/" + id + "/processed", "").body()).as(uses.get(i)).isEqualTo("{\"" + use + "\":" + shown + "}");
        }
    }

    private static List<String> blocks(String document, String kind) {
        return Pattern.compile("(?s)\n```" + kind + "\n(.*?)\n```").matcher(document).results().map((MatchResult r) -> r.group(1)).toList();
    }
}
