package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** Tokens on the real server with its real store: who sees what, and that no secret leaves it. */
@Timeout(120)
@OnEachEngine
final class TokensEndToEndTest {
    private static final String ANN = "annas-token-0123456789";
    private static final String BOB = "bobs-token-9876543210";
    private static final String BOSS = "the-boss-token-555555";
    private static final String NEW = "a-new-token-7777777777";
    private static final String OPERATOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String TASK_SECRET = "whsec_dGhlIHNlY3JldCBvZiBvbmUgdGFzayBvbmx5";
    private static final String PAGE_PASSWORD = "page-password-31337";
    private static final String HOOK_PASSWORD = "hook-password-31337";
    private static final List<String> SECRETS = List.of(ANN, BOB, BOSS, NEW, OPERATOR_SECRET, TASK_SECRET, PAGE_PASSWORD,
            HOOK_PASSWORD, OPERATOR_SECRET.substring(6), TASK_SECRET.substring(6));
    private static final String BODY = "the-body-of-a-page-31337";
    private static final Pattern ID = Pattern.compile("\"id\":\"(tsk_[0-9a-zA-Z]{26})\"");
    private static final long PATIENCE_SECONDS = 20;

    @TempDir
    Path folder;

    @Parameter
    Engine engine;

    private final List<String> answers = new ArrayList<>();
    private Web pages;
    private Web receiver;
    private Path tokens;
    private ChildServer server;

    @BeforeEach
    void open() throws Exception {
        pages = new Web(seen -> Web.Answer.of(seen.path().startsWith("/bad") ? 403 : 200, BODY));
        receiver = new Web(seen -> Web.Answer.of(seen.path().startsWith("/gone") ? 410 : 204));
        tokens = Files.writeString(folder.resolve("tokens"), "ann:" + ANN + "\nbob:" + BOB + "\nboss:" + BOSS + ":admin\n");
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rw-------"));
        server = ChildServer.launch(List.of(), Map.of("FETCHBACK_DELIVER_SECRET", OPERATOR_SECRET), folder, "--port", "0",
                "--data-dir", folder.resolve("data").toString(), "--store", engine.fresh(), "--deliver-to", receiver.url("/hook"), "--api-token-file",
                tokens.toString(), "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks", "127.0.0.0/8",
                "--fetch-per-host-gap", "0s", "--deliver-schedule", "0s,50ms").listening();
    }

    @AfterEach
    void close() {
        server.close();
        pages.close();
        receiver.close();
    }

    private HttpResponse<String> call(String token, String method, String path, String body, String... headers) throws Exception {
        List<String> all = new ArrayList<>(List.of(headers));
        if (!token.isEmpty()) {
            all.addAll(List.of("authorization", "Bearer " + token));
        }
        HttpResponse<String> answer = server.call(method, path, body, all.toArray(String[]::new));
        answers.add(answer.statusCode() + " " + answer.headers().map() + " " + answer.body());
        return answer;
    }

    private String submit(String token, String json, String... headers) throws Exception {
        HttpResponse<String> answer = call(token, "POST", "/v1/tasks", json, headers);
        assertThat(answer.statusCode()).as(answer.body()).isIn(200, 202);
        Matcher id = ID.matcher(answer.body());
        assertThat(id.find()).isTrue();
        return id.group(1);
    }

    private String task(String path) {
        return "{\"url\":\"" + pages.url(path) + "\"}";
    }

    @Test
    void eachTokenHasItsOwnTasksAndKeysAndTheAdminSeesAll() throws Exception {
        String ofAnn = submit(ANN, task("/a"), "idempotency-key", "k1");
        assertThat(submit(ANN, task("/a"), "idempotency-key", "k1")).isEqualTo(ofAnn);
        String ofBob = submit(BOB, task("/a"), "idempotency-key", "k1");
        assertThat(ofBob).as("the same key of another token").isNotEqualTo(ofAnn);
        assertThat(call(ANN, "POST", "/v1/tasks", task("/other"), "idempotency-key", "k1").statusCode()).isEqualTo(409);

        assertThat(call(ANN, "GET", "/v1/tasks", "").body()).contains(ofAnn).doesNotContain(ofBob);
        assertThat(call(BOB, "GET", "/v1/tasks", "").body()).contains(ofBob).doesNotContain(ofAnn);
        assertThat(call(BOSS, "GET", "/v1/tasks", "").body()).contains(ofAnn, ofBob);
        for (String path : List.of("", "/result")) {
            assertThat(call(BOB, "GET", "/v1/tasks/" + ofAnn + path, "").statusCode()).isEqualTo(404);
        }
        for (String action : List.of("cancel", "retry", "redrive")) {
            assertThat(call(BOB, "POST", "/v1/tasks/" + ofAnn + "/" + action, "").statusCode()).isEqualTo(404);
        }
        assertThat(call(BOB, "DELETE", "/v1/tasks/" + ofAnn, "").statusCode()).isEqualTo(404);
        assertThat(call(ANN, "GET", "/v1/tasks/" + ofAnn + "?wait=20s", "").body()).contains("succeeded");
        assertThat(call(BOSS, "GET", "/v1/tasks/" + ofAnn, "").statusCode()).isEqualTo(200);
        assertThat(call(ANN, "GET", "/metrics", "").statusCode()).isEqualTo(403);
        assertThat(call(BOSS, "GET", "/metrics", "").statusCode()).isEqualTo(200);

        for (String wrong : List.of("", "wrong-token-0123456789", ANN + "x", ANN.substring(1))) {
            HttpResponse<String> refused = call(wrong, "POST", "/v1/tasks", task("/a"));
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.headers().firstValue("www-authenticate")).hasValueSatisfying(v -> assertThat(v).startsWith("Bearer"));
        }
        assertThat(call("", "GET", "/health/ready", "").statusCode()).isEqualTo(200);
        tellsNoSecret();
    }

    @Test
    void aChangedTokenFileHoldsAtOnceAndABadOneIsLeftAside() throws Exception {
        String before = submit(ANN, task("/a"));
        Files.writeString(tokens, "ann:" + NEW + "\nboss:" + BOSS + ":admin\n");
        until(() -> call(NEW, "GET", "/v1/tasks", "").statusCode() == 200);
        assertThat(call(ANN, "GET", "/v1/tasks", "").statusCode()).as("the old one ended").isEqualTo(401);
        assertThat(call(NEW, "GET", "/v1/tasks", "").body()).as("tasks belong to the name").contains(before);

        Files.writeString(tokens, "ann:" + NEW + "\nthis is not a token file: " + BOB + "\n");
        until(() -> {
            call(NEW, "GET", "/v1/tasks", "");
            return !server.lines("WARN").isEmpty();
        });
        assertThat(call(NEW, "GET", "/v1/tasks", "").statusCode()).as("the last good file holds").isEqualTo(200);
        assertThat(server.lines("WARN")).first().asString().contains(tokens.toString(), "line 2");
        tellsNoSecret();
    }

    @Test
    void tokensOfTheEnvironmentOpenAnyAddress() throws Exception {
        server.close();
        server = ChildServer.launch(List.of(), Map.of("FETCHBACK_API_TOKENS", "ann:" + ANN + ",boss:" + BOSS + ":admin"), folder,
                "--port", "0", "--host", "0.0.0.0", "--data-dir", folder.resolve("other").toString(), "--store", engine.fresh(),
                "--fetch-allow-networks", "127.0.0.0/8").listening();
        String id = submit(ANN, task("/a"));
        assertThat(call(ANN, "GET", "/v1/tasks/" + id + "?wait=20s", "").body()).contains("\"delivery\":\"kept\"");
        assertThat(call(BOSS, "GET", "/v1/tasks", "").body()).contains(id);
        assertThat(call(ANN, "GET", "/metrics", "").statusCode()).isEqualTo(403);
        assertThat(call(BOSS, "GET", "/metrics", "").statusCode()).isEqualTo(200);
        for (String wrong : List.of("", BOB)) {
            assertThat(call(wrong, "GET", "/v1/tasks", "").statusCode()).isEqualTo(401);
        }
        assertThat(call("", "GET", "/health/ready", "").statusCode()).isEqualTo(200);
        tellsNoSecret();
        server.close();
        server = ChildServer.launch(List.of(), Map.of(), folder, "--port", "0", "--host", "0.0.0.0", "--data-dir",
                folder.resolve("other").toString());
        assertThat(server.exit()).as("nothing is open without tokens").isEqualTo(2);
        assertThat(server.log()).contains("--insecure");
    }

    @Test
    void noSecretComesBackOrIsLogged() throws Exception {
        String headers = "\"headers\":{\"Authorization\":\"Basic " + PAGE_PASSWORD + "\",\"X-Api-Key\":\"" + PAGE_PASSWORD + "\"}";
        String deliver = "\"deliver\":{\"to\":\"%s\",\"secret\":\"" + TASK_SECRET + "\",\"headers\":{\"Authorization\":\"Bearer "
                + HOOK_PASSWORD + "\"}}";
        List<String> ids = new ArrayList<>();
        for (String way : List.of("/good /hook", "/bad /hook", "/good /gone")) {
            String[] parts = way.split(" ");
            ids.add(submit(ANN, "{\"url\":\"" + pages.url(parts[0]) + "\"," + headers + ","
                    + deliver.formatted(receiver.url(parts[1])) + "}"));
        }
        assertThat(pages.next().headers().get("X-Api-Key")).isEqualTo(PAGE_PASSWORD);
        for (String id : ids) {
            call(ANN, "GET", "/v1/tasks/" + id + "?wait=1s", "");
            call(BOSS, "GET", "/v1/tasks/" + id, "");
        }
        call(ANN, "POST", "/v1/tasks", "{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"to\":\"" + receiver.url("/hook")
                + "\",\"secret\":\"" + TASK_SECRET + "!\"}}");
        call(ANN, "POST", "/v1/tasks", "{\"url\":\"" + pages.url("/") + "\",\"headers\":{\"Connection\":\"" + PAGE_PASSWORD + "\"}}");
        call(ANN, "POST", "/v1/tasks", "{\"url\":\"http://user:" + PAGE_PASSWORD + "@127.0.0.1/\"}");
        call(ANN, "POST", "/v1/tasks", "{\"url\":\"" + pages.url("/") + "\",\"headers\":{\"Authorization\":\"" + PAGE_PASSWORD + "\\n\"}}");
        for (String path : List.of("/v1/tasks", "/v1/dead", "/v1/receivers", "/metrics", "/health/ready", "/nowhere")) {
            call(BOSS, "GET", path, "");
        }
        assertThat(server.stop()).isZero();
        assertThat(server.log()).doesNotContain(BODY);
        tellsNoSecret();
    }

    private interface Check {
        boolean so() throws Exception;
    }

    private static void until(Check check) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!check.so()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(50);
        }
    }

    /** Looks through every answer and every line of the log. */
    private void tellsNoSecret() throws IOException {
        assertThat(answers).isNotEmpty();
        for (String secret : SECRETS) {
            assertThat(answers).noneMatch(answer -> answer.contains(secret));
            assertThat(server.log()).doesNotContain(secret);
        }
    }
}
