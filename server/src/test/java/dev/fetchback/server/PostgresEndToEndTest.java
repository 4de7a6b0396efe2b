package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import dev.fetchback.store.postgres.Servers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real server as a process, which keeps its tasks in PostgreSQL. */
@Timeout(120)
@OnOneEngine(value = Engine.POSTGRES, because = "it is about what only it has: a password, and a server that is not there")
final class PostgresEndToEndTest {
    private static final Pattern ID = Pattern.compile("\"id\":\"(tsk_[0-9a-zA-Z]{26})\"");

    @TempDir
    Path folder;

    private final String url = Servers.url();
    private final Set<String> delivered = ConcurrentHashMap.newKeySet();
    private final CountDownLatch gate = new CountDownLatch(1);
    private Web pages;
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        pages = new Web(seen -> {
            if (seen.path().equals("/held")) {
                held();
            }
            return Web.Answer.of(200, "<p>page</p>");
        });
        receiver = new Web(seen -> {
            delivered.add(seen.path());
            return Web.Answer.of(204);
        });
    }

    private void held() {
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void close() {
        gate.countDown();
        pages.close();
        receiver.close();
    }

    private ChildServer launch(String store) throws Exception {
        return ChildServer.launch(List.of(), Map.of("FETCHBACK_STORE_PASSWORD", "s3cret"), folder, "--port", "0", "--store", store,
                "--data-dir", folder.resolve("data").toString(), "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks",
                "127.0.0.0/8", "--fetch-per-host-gap", "0s", "--node-lease", "2s", "--drain", "1s");
    }

    private String submit(ChildServer server, String path) throws Exception {
        HttpResponse<String> answer = server.call("POST", "/v1/tasks",
                "{\"url\":\"" + pages.url(path) + "\",\"deliver\":{\"to\":\"" + receiver.url(path) + "\"}}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        Matcher id = ID.matcher(answer.body());
        assertThat(id.find()).isTrue();
        return id.group(1);
    }

    private String finished(ChildServer server, String id) throws Exception {
        return server.call("GET", "/v1/tasks/" + id + "?wait=20s", "").body();
    }

    @Test
    void deliversAndKeepsWhatItWasGivenOverARestart() throws Exception {
        String first;
        String held;
        try (ChildServer server = launch(url).listening()) {
            first = submit(server, "/first");
            assertThat(finished(server, first)).contains("\"state\":\"succeeded\"");
            held = submit(server, "/held");
            pages.arrived.acquire(2);
            assertThat(server.stop()).isZero();
            assertThat(server.log()).doesNotContain("s3cret").doesNotContain("stack=");
        }
        gate.countDown();
        try (ChildServer server = launch(url).listening()) {
            assertThat(finished(server, first)).contains("\"state\":\"succeeded\"");
            assertThat(finished(server, held)).contains("\"state\":\"succeeded\"").contains("\"fetch\":1");
            assertThat(delivered).containsExactlyInAnyOrder("/first", "/held");
            assertThat(server.call("GET", "/health/ready", "").body()).contains("\"status\":\"ready\"");
            assertThat(server.stop()).isZero();
        }
    }

    @Test
    void endsWithOneClearLineWhenTheDatabaseCannotBeUsed() throws Exception {
        try (ChildServer server = launch(url.replace("/postgres?", "/nowhere?"))) {
            assertThat(server.exit()).as("a mistake, which a service manager need not try again").isEqualTo(2);
            assertThat(server.log()).hasLineCount(1).contains("There is no database", "/nowhere").doesNotContain("s3cret");
        }
        try (ChildServer server = launch("jdbc:postgresql://127.0.0.1:1/x?user=me")) {
            assertThat(server.exit()).as("may be there later").isEqualTo(1);
            assertThat(server.log()).hasLineCount(1).contains("cannot be reached", "127.0.0.1:1/x").doesNotContain("s3cret");
        }
    }
}
