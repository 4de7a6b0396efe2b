package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ClientCommandsTest {
    private static final String ID = "tsk_01K9V5M3W8Q2R7T4X6Z0A1B2C3";

    @TempDir
    Path folder;

    private final Queue<String> requests = new ConcurrentLinkedQueue<>();
    private final Map<String, Queue<Loopback.Answer>> answers = new HashMap<>();
    private Loopback server;
    private TestTerminal terminal;

    @BeforeEach
    void start() throws IOException {
        server = new Loopback(this::answer);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Loopback.Answer answer(HttpExchange request, byte[] body) {
        String line = request.getRequestMethod() + " " + request.getRequestURI();
        String token = request.getRequestHeaders().getFirst("Authorization");
        requests.add(line + (token == null ? "" : " [" + token + "]")
                + (body.length == 0 ? "" : " " + new String(body, StandardCharsets.UTF_8)));
        synchronized (answers) {
            Queue<Loopback.Answer> queue = answers.get(line);
            if (queue == null) {
                return Loopback.Answer.NOT_FOUND;
            }
            return queue.size() > 1 ? queue.remove() : queue.peek();
        }
    }

    private void on(String request, int status, String json) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        answers.computeIfAbsent(request, key -> new ArrayDeque<>()).add(new Loopback.Answer(status, "application/json", body));
    }

    private int run(String in, String... arguments) {
        return run(Map.of("FETCHBACK_SERVER", server.origin()), in, arguments);
    }

    private int run(Map<String, String> environment, String in, String... arguments) {
        terminal = new TestTerminal(folder, environment, in);
        return new Commands(StubServer::start, terminal.terminal()).run(arguments);
    }

    @Test
    void submitSendsEachUrlAndPrintsItsId() {
        on("POST /v1/tasks", 202, "{\"id\":\"" + ID + "\",\"state\":\"queued\"}");
        assertThat(run("", "submit", "https://a.example/?q=\"1\"", "--deliver-to", "https://r.example/", "--delay", "30s",
                "--priority", "7",
                "--label", "x", "--label", "y")).as(terminal.err()).isZero();
        assertThat(terminal.out()).isEqualTo(ID + "  queued  https://a.example/?q=\"1\"\n");
        assertThat(requests).containsExactly("POST /v1/tasks {\"url\":\"https://a.example/?q=\\\"1\\\"\","
                + "\"deliver\":{\"to\":\"https://r.example/\"},"
                + "\"delay\":\"30s\",\"priority\":7,\"labels\":[\"x\",\"y\"]}");
    }

    @Test
    void submitOfALineStreamIsOneBatch() {
        on("POST /v1/batches", 202, "{\"id\":\"bat_1\",\"accepted\":2,\"rejected\":1,"
                + "\"errors\":[{\"index\":2,\"detail\":\"no\\u001b scheme\"}]}");
        on("GET /v1/batches/bat_1", 200, "{\"finished\":0,\"states\":{\"queued\":2}}");
        on("GET /v1/batches/bat_1", 200, "{\"finished\":2,\"states\":{\"succeeded\":1,\"dead\":1}}");
        String in = "# pages\nhttps://a.example/1\n\n {\"url\":\"https://a.example/2\",\"priority\":9}\r\nexample\n";
        assertThat(run(in, "submit", "-", "--follow")).isEqualTo(1);
        assertThat(terminal.out()).isEqualTo("bat_1  2 accepted, 1 rejected\n");
        assertThat(terminal.err()).isEqualTo("  item 3: no? scheme\nall finished; fetchback status bat_1 says how\n");
        assertThat(requests).containsExactly(
                "POST /v1/batches {\"url\":\"https://a.example/1\"}\n"
                        + "{\"url\":\"https://a.example/2\",\"priority\":9}\n{\"url\":\"example\"}\n",
                "GET /v1/batches/bat_1", "GET /v1/batches/bat_1");
    }

    @Test
    void submitStreamsManyLines() {
        int many = 50_000;
        on("POST /v1/batches", 202, "{\"id\":\"bat_1\",\"accepted\":50000,\"rejected\":0,\"errors\":[]}");
        String in = IntStream.range(0, many).mapToObj(i -> "https://a.example/" + i).collect(Collectors.joining("\n"));
        assertThat(run(in, "submit", "-")).as(terminal.err()).isZero();
        assertThat(requests.element().lines().count()).isEqualTo(many);
    }

    @Test
    void manyArgumentsAreABatchAndDashStandsAlone() {
        on("POST /v1/batches", 202, "{\"id\":\"bat_1\",\"accepted\":21,\"rejected\":0}");
        String[] arguments = new String[22];
        arguments[0] = "submit";
        IntStream.range(1, 22).forEach(i -> arguments[i] = "https://a.example/" + i);
        assertThat(run("", arguments)).isZero();
        assertThat(requests.element().lines().count()).isEqualTo(21);
        assertThat(run("", "submit", "-", "https://a.example/")).isEqualTo(2);
    }

    @Test
    void aRefusalIsToldInTheServersWords() {
        on("POST /v1/tasks", 400, "{\"code\":\"invalid_url\",\"title\":\"t\",\"detail\":\"the scheme is\\u001b[2J ftp\"}");
        assertThat(run("", "submit", "ftp://x/")).isEqualTo(1);
        assertThat(terminal.err()).isEqualTo("fetchback: the server refused (400, invalid_url): the scheme is?[2J ftp\n");
    }

    @Test
    void oneRefusalDoesNotStopTheOthers() {
        on("POST /v1/tasks", 400, "{\"code\":\"invalid_url\",\"detail\":\"x\"}");
        on("POST /v1/tasks", 202, "{\"id\":\"" + ID + "\",\"state\":\"queued\"}");
        assertThat(run("", "submit", "bad", "https://a.example/")).isEqualTo(1);
        assertThat(terminal.out()).isEqualTo(ID + "  queued  https://a.example/\n");
    }

    @Test
    void theTokenIsSentAndMissingOnesAreHintedAt() {
        on("GET /v1/tasks/" + ID, 401, "{\"code\":\"unauthorized\",\"title\":\"a token is needed\"}");
        assertThat(run(Map.of("FETCHBACK_SERVER", server.origin() + "/", "FETCHBACK_TOKEN", "s3cret-s3cret-s3cret"), "", "status",
                ID)).isEqualTo(1);
        assertThat(requests).containsExactly("GET /v1/tasks/" + ID + " [Bearer s3cret-s3cret-s3cret]");
        assertThat(terminal.err()).contains("401", "FETCHBACK_TOKEN").doesNotContain("s3cret");
        assertThat(run(Map.of("FETCHBACK_TOKEN", "two\nlines"), "", "status", ID)).isEqualTo(2);
        assertThat(terminal.err()).doesNotContain("lines");
    }

    @Test
    void noServerSaysHowToStartOne() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        assertThat(run(Map.of(), "", "status", ID, "--server", "http://127.0.0.1:" + free)).isEqualTo(1);
        assertThat(terminal.err()).isEqualTo("fetchback: no server at http://127.0.0.1:" + free
                + "; start one with ./fetchback serve, or name another with --server or FETCHBACK_SERVER\n");
    }

    @Test
    void anotherKindOfServerIsNoticed() {
        on("GET /v1/tasks/" + ID, 200, "<html>");
        assertThat(run("", "status", ID)).isEqualTo(1);
        assertThat(terminal.err()).contains("not JSON");
        on("GET /v1/dead?limit=50", 502, "<html>");
        assertThat(run("", "dead")).isEqualTo(1);
        assertThat(terminal.err()).isEqualTo("fetchback: the server refused (502): it gives no reason\n");
    }

    @Test
    void statusShowsWhateverThereIs() {
        on("GET /v1/tasks/" + ID, 200, "{\"id\":\"" + ID + "\",\"state\":\"dead\",\"labels\":[\"a\",\"b\"],\"result\":null,"
                + "\"last_error\":{\"code\":\"http_500\",\"detail\":\"x\\ny\"}}");
        assertThat(run("", "status", ID)).isZero();
        assertThat(terminal.out()).isEqualTo("id          " + ID
                + "\nstate       dead\nlabels      a, b\nlast_error\n  code    http_500\n  detail  x?y\n");
        assertThat(run("", "status", ID, "--json")).isZero();
        assertThat(terminal.out()).startsWith("{\"id\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tsk_../../dead", "x", "tsk_", "tsk_a?b"})
    void anIdThatIsNoneNeverReachesTheServer(String id) {
        assertThat(run("", "status", id)).isEqualTo(2);
        assertThat(run("", "redrive", id)).isEqualTo(2);
        assertThat(requests).isEmpty();
    }

    @Test
    void deadListsTasks() {
        on("GET /v1/dead?limit=50", 200, "{\"tasks\":[{\"id\":\"" + ID + "\",\"state\":\"dead\",\"url\":\"https://a.example/\","
                + "\"last_error\":{\"code\":\"http_500\"}}],\"next_cursor\":\"c\"}");
        assertThat(run("", "dead")).isZero();
        assertThat(terminal.out()).isEqualTo(ID + "  dead       https://a.example/  http_500\n"
                + "… and more; --limit shows up to 1000\n");
    }

    @Test
    void nodesAreATable() {
        on("GET /v1/nodes", 200, "{\"nodes\":[{\"name\":\"a\",\"self\":true,\"since\":\"2026-11-22T00:00:00Z\",\"program\":\"0.1.0\",\"shards\":33,"
                + "\"lease_ms\":9260},{\"name\":\"b\",\"self\":false,\"since\":null,\"program\":null,\"shards\":31,\"lease_ms\":-20}]}");
        assertThat(run("", "nodes")).isZero();
        assertThat(terminal.out().lines().map(line -> line.replaceAll(" +", " "))).containsExactly(
                "node since program shards lease", "a 2026-11-22T00:00:00Z 0.1.0 33 9.2 s", "b ? ? 31 over");
    }

    @Test
    void aServerOnSqliteIsOneNode() {
        on("GET /v1/nodes", 200, "{\"nodes\":[]}");
        assertThat(run("", "nodes")).isZero();
        assertThat(terminal.out()).startsWith("one node");
    }

    @Test
    void redriveSendsOneAgain() {
        on("POST /v1/tasks/" + ID + "/redrive", 202, "{\"id\":\"" + ID + "\"}");
        on("POST /v1/tasks/" + ID + "/redrive", 409, "{\"code\":\"task_not_dead\",\"detail\":\"it is not dead\"}");
        assertThat(run("", "redrive", ID)).isZero();
        assertThat(terminal.out()).isEqualTo(ID + " will be sent again\n");
        assertThat(run("", "redrive", ID)).isEqualTo(1);
        assertThat(terminal.err()).contains("task_not_dead", "it is not dead");
        assertThat(run("", "redrive")).isEqualTo(2);
        assertThat(run("", "redrive", ID, "--all")).isEqualTo(2);
        assertThat(run("", "redrive", ID, "--dry-run")).isEqualTo(2);
    }

    @Test
    void redriveAllCountsFirstAndGoesOnUntilThatManyAreDone() {
        on("POST /v1/dead/redrive", 200, "{\"matched\":12000,\"redriven\":0}");
        on("POST /v1/dead/redrive", 200, "{\"matched\":12001,\"redriven\":10000}");
        on("POST /v1/dead/redrive", 200, "{\"matched\":2001,\"redriven\":1990}");
        on("POST /v1/dead/redrive", 200, "{\"matched\":0,\"redriven\":0}");
        assertThat(run("", "redrive", "--all")).isZero();
        assertThat(terminal.out()).isEqualTo("11990 tasks will be sent again\n");
        assertThat(requests).containsExactly("POST /v1/dead/redrive {\"dry_run\":true}",
                "POST /v1/dead/redrive {\"dry_run\":false,\"limit\":10000}",
                        "POST /v1/dead/redrive {\"dry_run\":false,\"limit\":2000}",
                "POST /v1/dead/redrive {\"dry_run\":false,\"limit\":10}");
        requests.clear();
        answers.clear();
        on("POST /v1/dead/redrive", 200, "{\"matched\":3,\"redriven\":0}");
        assertThat(run("", "redrive", "--all", "--dry-run")).isZero();
        assertThat(terminal.out()).isEqualTo("3 tasks would be sent again\n");
        assertThat(requests).hasSize(1);
    }

    @Test
    void tailShowsEachFinishedTaskOnce() throws Exception {
        String list = "GET /v1/tasks?state=succeeded,failed,dead,cancelled,expired&limit=200";
        on(list, 200, "{\"tasks\":[{\"id\":\"tsk_1\",\"state\":\"succeeded\",\"url\":\"https://a.example/1\"}]}");
        on(list, 200, "{\"tasks\":[{\"id\":\"tsk_3\",\"state\":\"failed\"},{\"id\":\"tsk_2\",\"state\":\"dead\"},"
                + "{\"id\":\"tsk_1\"}]}");
        TailCommand tail = new TailCommand(1);
        CommandLine line = new CommandLine(tail.spec());
        terminal = new TestTerminal(folder, Map.of(), "");
        assertThat(tail.run(line.parseArgs("--server", server.origin(), "--rounds", "3"), terminal.terminal())).isZero();
        assertThat(terminal.out().lines().map(shown -> shown.substring(0, 5))).isEqualTo(List.of("tsk_1", "tsk_2", "tsk_3"));
    }

    @Test
    void checkShowsTheVerdictAndExitsByIt() {
        on("POST /v1/check", 200, "{\"url\":\"https://a.example/\",\"for\":\"deliver\",\"allowed\":false,"
                + "\"reason\":\"because\",\"target\":{\"host\":\"a.example\"},\"aliases\":[],\"addresses\":["
                + "{\"address\":\"8.8.8.8\",\"allowed\":true,\"rule\":\"public\",\"entry\":null},"
                + "{\"address\":\"10.0.0.1\",\"allowed\":false,\"rule\":\"special\",\"entry\":\"10.0.0.0/8\"}]}");
        assertThat(run("", "check", "https://a.example/", "--for", "deliver")).isEqualTo(1);
        assertThat(terminal.out()).contains("because", "allowed  8.8.8.8  public\n", "denied   10.0.0.1  special 10.0.0.0/8\n");
        assertThat(requests).contains("POST /v1/check {\"url\":\"https://a.example/\",\"for\":\"deliver\"}");
    }

    @Test
    void checkOfWhatIsAllowedSucceeds() {
        String verdict = "{\"allowed\":true,\"addresses\":[]}";
        on("POST /v1/check", 200, verdict);
        assertThat(run("", "check", "https://a.example/", "--json")).isZero();
        assertThat(terminal.out()).isEqualTo(verdict + "\n");
    }

    @Test
    void misuseIs2AndHelps() {
        assertThat(run("")).isEqualTo(2);
        assertThat(terminal.err()).contains("verify-durability");
        assertThat(run("", "statsu", ID)).isEqualTo(2);
        assertThat(terminal.err()).contains("status");
        assertThat(run("", "status", ID, "--serv", "x")).isEqualTo(2);
        assertThat(run("", "status", ID, "--server", "nonsense")).isEqualTo(2);
        assertThat(terminal.err()).contains("--server: \"nonsense\" is not a server; give a URL such as http://127.0.0.1:8080");
        assertThat(run("", "status")).isEqualTo(2);
        assertThat(run("", "submit")).isEqualTo(2);
        assertThat(run("", "--help")).isZero();
        assertThat(run("", "submit", "--help")).isZero();
        assertThat(terminal.out()).contains("--deliver-to");
        assertThat(run("", "version")).isZero();
        assertThat(run("", "bench")).isZero();
        assertThat(terminal.out()).contains("bench/README.md");
    }
}
