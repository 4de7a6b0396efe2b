package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Engine;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** What tests of the whole server share: it, web servers for pages and receivers, and ways to talk to it. */
abstract class EndToEndFixture {
    /** Signs what tasks without a secret of their own deliver. */
    protected static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    @TempDir
    Path folder;

    /** What the server keeps its tasks in. */
    @Parameter
    Engine engine = Engine.SQLITE;

    private final HttpClient client = HttpClient.newHttpClient();
    private String store = "";
    private final List<AutoCloseable> open = new ArrayList<>();
    protected Server server;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        client.close();
    }

    protected Web web(Function<Web.Seen, Web.Answer> handler) throws IOException {
        return web(handler, Web.Answer.of(404));
    }

    protected Web web(Function<Web.Seen, Web.Answer> handler, Web.Answer robotsTxt) throws IOException {
        return closed(new Web(handler, robotsTxt));
    }

    /** One that is closed at the end. */
    protected Web closed(Web web) {
        open.add(web);
        return web;
    }

    protected void start(String... flags) throws Exception {
        start(Map.of(), flags);
    }

    protected void start(Map<String, String> variables, String... flags) throws Exception {
        Map<String, String> settings = new LinkedHashMap<>(Map.of(
                "--port", "0", "--data-dir", folder.resolve("data").toString(), "--store", store(), "--fetch-allow-networks", "127.0.0.0/8",
                "--deliver-allow-networks", "127.0.0.0/8", "--fetch-per-host-gap", "0s", "--fetch-backoff", "20ms",
                "--deliver-schedule", "0s,20ms,20ms", "--drain", "1s"));
        for (int i = 0; i < flags.length; i += 2) {
            settings.put(flags[i], flags[i + 1]);
        }
        List<String> all = settings.entrySet().stream().flatMap(e -> Stream.of(e.getKey(), e.getValue())).toList();
        Map<String, String> environment = new HashMap<>(variables);
        environment.put("FETCHBACK_DELIVER_SECRET", SECRET);
        server = Server.start(new ConfigReader(environment, folder).read(all));
        open.add(server);
    }

    /** The same for all servers of one test, so the next one finds what the first one left. */
    private String store() {
        if (store.isEmpty()) {
            store = engine.fresh();
        }
        return store;
    }

    protected HttpResponse<String> call(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.setHeader("content-type", "application/json");
        }
        if (headers.length > 0 && headers[0].equals("content-type")) {
            request.setHeader(headers[0], headers[1]);
        } else if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    protected String submit(String json, String... headers) throws Exception {
        HttpResponse<String> answer = call("POST", "/v1/tasks", json, headers);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        return field(answer.body(), "id");
    }

    /** The status once the task is finished. */
    protected String finished(String id, String... headers) throws Exception {
        return call("GET", "/v1/tasks/" + id + "?wait=20s", "", headers).body();
    }

    static String field(String json, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
        assertThat(matcher.find()).as("%s in %s", name, json).isTrue();
        return matcher.group(1);
    }
}
