package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";
    private static final String ANN = "Bearer 0123456789abcdef";
    private static final String BOB = "Bearer bbbbbbbbbbbbbbbb";
    private static final String BOSS = "Bearer fedcba9876543210";
    private static final String TEXT = "# who\nann:0123456789abcdef\n\nbob:bbbbbbbbbbbbbbbb\nboss:fedcba9876543210:admin\n";

    @Test
    void tokensAreNamed() {
        Tokens tokens = Tokens.parse(TEXT, "test");
        assertThat(tokens.find(ANN)).isEqualTo(new Caller("ann", false));
        assertThat(tokens.find("bearer  0123456789abcdef ")).isEqualTo(new Caller("ann", false));
        assertThat(tokens.find(BOSS)).isEqualTo(new Caller("boss", true));
        assertThat(Tokens.parse("a:0123456789abcdef,b:bbbbbbbbbbbbbbbb", "env").find(BOB)).isEqualTo(new Caller("b", false));
        assertThat(Tokens.none().find(null)).isEqualTo(Caller.ANYBODY);
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "", "Bearer", "Bearer ", "Bearer x", "Basic 0123456789abcdef", "0123456789abcdef", "Bearer 0123456789ABCDEF"})
    void othersAreNobody(String authorization) {
        assertThat(Tokens.parse(TEXT, "test").find(authorization)).isNull();
        assertThat(Tokens.parse(TEXT, "test").find(null)).isNull();
        assertThat(Tokens.parse(TEXT, "test").find("Bearer " + "x".repeat(100_000))).isNull();
    }

    @Test
    void allProblemsAreToldAtOnceWithoutTheTokens() {
        assertThatThrownBy(() -> Tokens.parse(
                "ann:short\nb b:0123456789abcdef\nann\nx:0123456789abcdef:root\ny:0123456789abcdef\ny:bbbbbbbbbbbbbbbb", "f"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("f line 1", "f line 2", "f line 3", "f line 4", "f line 6")
                .message()
                .doesNotContain("short\n")
                .doesNotContain("0123456789abcdef");
        assertThatThrownBy(() -> Tokens.parse("# nobody\n", "f")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aChangedFileIsReadAgain(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("tokens"), "ann:0123456789abcdef\n");
        AtomicLong clock = new AtomicLong(1_000_000);
        Tokens tokens = Tokens.file(file, clock::get);
        assertThat(tokens.find(ANN)).isNotNull();
        change(file, "bob:bbbbbbbbbbbbbbbb\n", 5);
        assertThat(tokens.find(BOB)).as("within a second nobody looks").isNull();
        clock.addAndGet(1001);
        assertThat(tokens.find(BOB)).isNotNull();
        assertThat(tokens.find(ANN)).isNull();
        change(file, "nonsense", 10);
        clock.addAndGet(1001);
        assertThat(tokens.find(BOB)).as("the old tokens stay").isNotNull();
        Files.delete(file);
        clock.addAndGet(1001);
        assertThat(tokens.find(BOB)).isNotNull();
        clock.set(500); // a clock that was set back
        change(file, "ann:0123456789abcdef\n", 15);
        assertThat(tokens.find(ANN)).isNotNull();
    }

    @Test
    void aFileThatCouldNotBeReadIsTriedAgainAlthoughItsTimeStays(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("tokens");
        Files.writeString(file, "ann:0123456789abcdef\n");
        AtomicLong clock = new AtomicLong(1_000_000);
        Tokens tokens = Tokens.file(file, clock::get);
        FileTime later = FileTime.fromMillis(System.currentTimeMillis() + 5_000);
        Files.delete(file);
        Files.createDirectory(file); // nor can this be read, by root either
        Files.setLastModifiedTime(file, later);
        clock.addAndGet(1001);
        assertThat(tokens.find(ANN)).as("the old tokens stay").isNotNull();
        Files.delete(file);
        Files.writeString(file, "bob:bbbbbbbbbbbbbbbb\n");
        Files.setLastModifiedTime(file, later);
        clock.addAndGet(1001);
        assertThat(tokens.find(BOB)).isNotNull();
        assertThat(tokens.find(ANN)).isNull();
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whatIsNoFileOrTooLargeAFileIsNotRead(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("tokens");
        Files.writeString(file, "ann:0123456789abcdef\n");
        AtomicLong clock = new AtomicLong(1_000_000);
        Tokens tokens = Tokens.file(file, clock::get);
        change(file, "bob:bbbbbbbbbbbbbbbb\n" + "#".repeat(1 << 20), 5);
        clock.addAndGet(1001);
        assertThat(tokens.find(BOB)).isNull();
        Files.delete(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
        clock.addAndGet(1001);
        assertThat(tokens.find(ANN)).as("nobody writes to the pipe, and nobody waits for it").isNotNull();
    }

    private static void change(Path file, String text, int seconds) throws IOException {
        Files.writeString(file, text);
        Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() + seconds * 1000L));
    }

    @Test
    void everyTokenSeesItsOwn() throws Exception {
        try (Api api = Api.open(Tokens.parse(TEXT, "test"), s -> s)) {
            TaskId anns = api.submit(URL, "Authorization", ANN, "Idempotency-Key", "k");
            TaskId bobs = api.submit("{\"url\":\"https://example.com/b\"}", "Authorization", BOB, "Idempotency-Key", "k");
            assertThat(api.get("/v1/tasks/" + anns, "Authorization", ANN).statusCode()).isEqualTo(200);
            for (String path : new String[] {"", "/result"}) {
                assertThat(api.get("/v1/tasks/" + anns + path, "Authorization", BOB).statusCode()).isEqualTo(404);
            }
            for (String action : new String[] {"cancel", "retry", "redrive"}) {
                assertThat(api.post("/v1/tasks/" + anns + "/" + action, null, "Authorization", BOB).statusCode()).isEqualTo(404);
            }
            assertThat(api.send("DELETE", "/v1/tasks/" + anns, null, "Authorization", BOB).statusCode()).isEqualTo(404);
            assertThat(
                    api.get("/v1/tasks", "Authorization", BOB).body()).contains(bobs.toString()).doesNotContain(anns.toString());
            assertThat(api.get("/v1/dead", "Authorization", BOB).statusCode()).isEqualTo(200);
            assertThat(api.get("/v1/tasks", "Authorization", BOSS).body()).contains(bobs.toString(), anns.toString());
            assertThat(api.get("/v1/tasks/" + anns, "Authorization", BOSS).statusCode()).isEqualTo(200);
            HttpResponse<String> batch = api.post("/v1/batches", "{\"items\":[" + URL + "]}", "Authorization", ANN);
            String path = "/v1/batches/" + Json.text(batch.body(), "/id");
            assertThat(api.get(path, "Authorization", ANN).statusCode()).isEqualTo(200);
            assertThat(api.get(path, "Authorization", BOB).statusCode()).isEqualTo(404);
            assertThat(api.get(path, "Authorization", BOSS).statusCode()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
            "GET,/v1/receivers",
            "POST,/v1/receivers/rcv_1/resume",
            "POST,/v1/receivers/rcv_1/pause",
            "POST,/v1/dead/redrive",
            "GET,/metrics"})
    void someThingsNeedAnAdmin(String method, String path) throws Exception {
        try (Api api = Api.open(Tokens.parse(TEXT, "test"), s -> s)) {
            HttpResponse<String> nobody = api.send(method, path, null);
            assertThat(nobody.statusCode()).isEqualTo(401);
            assertThat(nobody.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
            assertThat(api.send(method, path, null, "Authorization", ANN).statusCode()).isEqualTo(403);
            assertThat(api.send(method, path, null, "Authorization", BOSS).statusCode()).isIn(200, 404);
        }
    }

    @Test
    void onlyAnAdminIsToldOfTheNetwork() throws Exception {
        try (Api api = Api.open(Tokens.parse(TEXT, "test"), s -> s)) {
            assertThat(api.post("/v1/check", URL, "Authorization", ANN).statusCode()).isEqualTo(403);
            assertThat(api.post("/v1/check", URL, "Authorization", BOSS).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void healthNeedsNoToken() throws Exception {
        try (Api api = Api.open(Tokens.parse(TEXT, "test"), s -> s)) {
            assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
            assertThat(api.get("/health/ready").statusCode()).isEqualTo(200);
            assertThat(api.get("/v1/tasks").statusCode()).isEqualTo(401);
            assertThat(api.post("/v1/tasks", URL).statusCode()).isEqualTo(401);
            assertThat(api.get("/v1/check").statusCode()).isEqualTo(401);
        }
    }
}
