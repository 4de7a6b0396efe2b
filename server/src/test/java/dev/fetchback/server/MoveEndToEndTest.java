package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.Fetch;
import dev.fetchback.Fetchback;
import dev.fetchback.server.cli.Commands;
import dev.fetchback.server.cli.Terminal;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import dev.fetchback.store.postgres.Servers;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that outgrew its folder: it is killed, what it holds is moved to PostgreSQL, and goes on there. */
@Timeout(120)
@OnOneEngine(value = Engine.POSTGRES, because = "it is about the way from the one to the other")
final class MoveEndToEndTest {
    private static final Pattern ID = Pattern.compile("\"id\":\"(tsk_[0-9a-zA-Z]{26})\"");
    private static final int WAITING = 5;
    private static final int MANY = 6_000; // some commits
    private static final long LOOK_MILLIS = 5;

    @TempDir
    Path folder;

    private final String url = Servers.url();
    private final Queue<String> delivered = new ConcurrentLinkedQueue<>();
    private volatile boolean up;
    private Web pages;
    private Web receiver;
    private String said = "";

    @BeforeEach
    void open() throws Exception {
        pages = new Web(seen -> Web.Answer.of(200, "<p>page</p>"));
        receiver = new Web(seen -> {
            if (!up) {
                return Web.Answer.of(503);
            }
            delivered.add(seen.path());
            return Web.Answer.of(204);
        });
    }

    @AfterEach
    void close() {
        pages.close();
        receiver.close();
    }

    private ChildServer launch(String... store) throws Exception {
        List<String> arguments = new java.util.ArrayList<>(List.of("--port", "0", "--data-dir", folder.resolve("data").toString(),
                "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks", "127.0.0.0/8", "--fetch-per-host-gap", "0s",
                "--deliver-schedule", "0s,1s", "--drain", "1s"));
        arguments.addAll(List.of(store));
        return ChildServer.launch(List.of(), Map.of(), folder, arguments.toArray(String[]::new));
    }

    private int run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        Terminal terminal = new Terminal(print, print, InputStream.nullInputStream(), Map.of(), folder, false);
        int exit = new Commands(Server::start, terminal, Checks::reader, Wiring::builder).run(arguments);
        said = out.toString(StandardCharsets.UTF_8);
        return exit;
    }

    private String submit(ChildServer server, String path, String deliver) throws Exception {
        HttpResponse<String> answer = server.call("POST", "/v1/tasks", "{\"url\":\"" + pages.url(path) + "\"" + deliver + "}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        Matcher id = ID.matcher(answer.body());
        assertThat(id.find()).isTrue();
        return id.group(1);
    }

    @Test
    void whatWasAcceptedOnSqliteIsDeliveredFromPostgresOnce() throws Exception {
        String data = folder.resolve("data").toString();
        String kept;
        try (ChildServer server = launch().listening()) {
            kept = submit(server, "/kept", "");
            for (int i = 0; i < WAITING; i++) {
                submit(server, "/" + i, ",\"deliver\":{\"to\":\"" + receiver.url("/" + i) + "\"}");
            }
            assertThat(server.call("GET", "/v1/tasks/" + kept + "?wait=20s", "").body()).contains("\"state\":\"succeeded\"");
            receiver.arrived.acquire(WAITING); // each was tried, and is to be tried again
            assertThat(run("export", "--data-dir", data, "all.fetchback")).as("a server runs: %s", said).isEqualTo(2);
            assertThat(folder.resolve("all.fetchback")).doesNotExist();
            server.kill();
        }
        assertThat(run("export", "--data-dir", data, "all.fetchback")).as(said).isZero();
        assertThat(said).startsWith((WAITING + 1) + " tasks, ");
        Files.move(folder.resolve("data"), folder.resolve("old"));
        assertThat(run("import", "--data-dir", data, "--store", url, "all.fetchback")).as(said).isZero();
        assertThat(run("import", "--data-dir", data, "--store", url, "all.fetchback")).as(said).isEqualTo(2);
        assertThat(said).contains("holds tasks already");
        up = true;
        try (ChildServer server = launch("--store", url, "--node-lease", "2s").listening()) {
            assertThat(server.call("GET", "/v1/tasks/" + kept + "/result", "").body()).isEqualTo("<p>page</p>");
            for (int i = 0; i < WAITING; i++) {
                receiver.arrived.acquire();
            }
            assertThat(server.call("GET", "/v1/tasks?state=succeeded&limit=10", "").body()).contains(kept);
            assertThat(server.stop()).isZero();
        }
        assertThat(delivered).containsExactlyInAnyOrder("/0", "/1", "/2", "/3", "/4");
    }

    @Test
    void whatIsNotThereIsSaidAndNothingIsMadeForIt() {
        String data = folder.resolve("typo").toString();
        assertThat(run("export", "--data-dir", data, "all.fetchback")).isEqualTo(2);
        assertThat(said).contains("There is no store in the data folder " + data);
        assertThat(run("import", "--data-dir", data, "all.fetchback")).isEqualTo(2);
        assertThat(said).contains("There is no file " + folder.resolve("all.fetchback"));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void anImportThatIsKilledAgainAndAgainIsWholeInTheEnd() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String data = folder.resolve("data").toString();
        try (Fetchback filled = Fetchback.builder().dataDir(folder.resolve("data")).start()) {
            filled.submitAll(IntStream.range(0, MANY).mapToObj(i -> Fetch.of("https://h" + i % 100 + ".example/" + i).delay(Duration.ofDays(1))
                    .idempotencyKey("key" + i)).toList());
        }
        assertThat(run("export", "--data-dir", data, "all.fetchback")).as(said).isZero();
        int kills = 0;
        Process importing = importing(folder.resolve("nodes").toString());
        for (long at = 1; !ended(importing, at); at = stored() + 1 + random.nextInt(MANY / 3)) {
            importing.destroyForcibly().waitFor();
            kills++;
            importing = importing(folder.resolve("nodes").toString());
        }
        assertThat(importing.exitValue()).as(Files.readString(folder.resolve("said"))).isZero();
        assertThat(kills).as("seed %d", seed).isPositive();
        String schema = Servers.schema(url) + ".";
        for (String count : List.of("count(*) FROM " + schema + "waiting", "count(DISTINCT facts) FROM " + schema + "waiting",
                "count(DISTINCT (key, task)) FROM " + schema + "idempotency", "sum(waiting_fetch) FROM " + schema + "tally")) {
            assertThat(Servers.ask("SELECT " + count)).as("%s, seed %d, %d kills", count, seed, kills).isEqualTo(Integer.toString(MANY));
        }
    }

    /** Waits until so many tasks are there, which is false, or it has ended by itself. */
    private boolean ended(Process importing, long tasks) throws InterruptedException {
        while (!importing.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (stored() >= tasks) {
                return false;
            }
        }
        return true;
    }

    private long stored() {
        String table = Servers.schema(url) + ".waiting";
        return Servers.ask("SELECT to_regclass('" + table + "') IS NULL").equals("t") ? 0 : Long.parseLong(Servers.ask("SELECT count(*) FROM " + table));
    }

    private Process importing(String data) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), Main.class.getName(), "import",
                "--data-dir", data, "--store", url, "all.fetchback").directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile());
        builder.environment().put("FETCHBACK_NODE_LEASE", "2s"); // the next one waits for that of the one before
        return builder.start();
    }
}
