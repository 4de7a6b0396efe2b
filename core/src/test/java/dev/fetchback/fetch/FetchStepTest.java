package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.outbound.SystemResolver;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.Problem;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.FetchInput;
import dev.fetchback.work.FetchResult;
import dev.fetchback.work.HostPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FetchStepTest {
    private static final long NOW = 1_795_348_800_000L;
    private static final TaskId ID = new TaskId(1, 2);
    private static final Task TASK = Task.submitted(ID, new Task.Plan("h:80", null, 5, 3, 3, 0, 0), 0, 1);

    @TempDir
    private Path directory;

    private final ByteBudget budget = new ByteBudget(1 << 20);
    private final AtomicReference<com.sun.net.httpserver.Headers> seen = new AtomicReference<>();
    private final AtomicReference<String> received = new AtomicReference<>();
    private final SystemResolver resolver = new SystemResolver();
    private final Outbound outbound = new Outbound(OutboundSettings.DEFAULT, AddressPolicy.parse("127.0.0.0/8"), resolver);
    private HostPolicy policy = new HostPolicy(2, Duration.ofMillis(500), 8, null);
    private HttpServer server;
    private FetchStep step;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 50);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/robots.txt", exchange -> {
            exchange.sendResponseHeaders(404, -1);
            exchange.close();
        });
        server.start();
        step = new FetchStep(
                outbound, new FetchStep.Manners(host -> policy, (_, _) -> {}, "Fetchback-Test/1"), budget, directory, () -> NOW);
    }

    @AfterEach
    void stop() {
        server.stop(0);
        outbound.close();
        resolver.close();
    }

    @FunctionalInterface
    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    private void serve(Answer answer) {
        server.createContext("/", exchange -> {
            seen.set(exchange.getRequestHeaders());
            received.set(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            try (exchange) {
                answer.to(exchange);
            }
        });
    }

    private static Answer text(int status, String body) {
        return exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/plain");
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    private FetchResult run(TaskSpec.Request request, FetchOptions options) throws InterruptedException {
        String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/page?q";
        return step.run(TASK, new TaskSpec(url, request, options, List.of(), null, TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE), FetchInput.NONE);
    }

    private FetchResult run() throws InterruptedException {
        return run(TaskSpec.Request.GET, FetchOptions.DEFAULT);
    }

    private static FetchOptions options(long maxBytes, StatusSet accept) {
        return new FetchOptions(Duration.ofSeconds(20), maxBytes, 3, 3, accept, FetchOptions.Robots.OBEY, false);
    }

    @Test
    void givesThePageWithItsBodyAndHash() throws Exception {
        serve(text(200, "hellö"));
        FetchResult.Fetched fetched = (FetchResult.Fetched) run();
        byte[] expected = "hellö".getBytes(StandardCharsets.UTF_8);
        assertThat(fetched.page().status()).isEqualTo(200);
        assertThat(fetched.page().finalUrl()).endsWith("/page?q");
        assertThat(fetched.page().contentType()).isEqualTo("text/plain");
        assertThat(fetched.page().bytes()).isEqualTo(expected.length);
        assertThat(fetched.page().sha256())
                .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(expected)));
        assertThat(fetched.page().fetchedAt()).isEqualTo(NOW);
        assertThat(fetched.page().headers()).contains(new Header("Content-type", "text/plain"));
        try (Body body = fetched.body()) {
            assertThat(body.bytes()).isEqualTo(expected);
            assertThat(budget.used()).isEqualTo(expected.length);
        }
        assertThat(budget.used()).isZero();
        assertThat(seen.get().getFirst("User-Agent")).isEqualTo("Fetchback-Test/1");
        assertThat(seen.get().getFirst("Accept")).isEqualTo("*/*");
    }

    @Test
    void sendsWhatTheTaskSays() throws Exception {
        serve(text(200, ""));
        List<Header> headers = List.of(new Header("User-Agent", "mine"), new Header("X-A", "b"), new Header("Accept",
                "text/html"));
        FetchResult result = run(new TaskSpec.Request("POST", headers, "bödy"), FetchOptions.DEFAULT);
        ((FetchResult.Fetched) result).body().close();
        assertThat(received.get()).isEqualTo("bödy");
        assertThat(seen.get().get("User-Agent")).containsExactly("mine");
        assertThat(seen.get().get("Accept")).containsExactly("text/html");
        assertThat(seen.get().getFirst("X-A")).isEqualTo("b");
    }

    @ParameterizedTest
    @CsvSource({
        "404, false, false", "403, false, false", "301, false, false", "408, true, false", "425, true, false", "429, true, true",
        "500, true, false", "501, false, false", "502, true, false", "503, true, true", "504, true, false", "522, true, false",
        "524, true, false"
    })
    void judgesTheStatus(int status, boolean retryable, boolean pauses) throws Exception {
        serve(text(status, "no"));
        FetchResult.Failed failed = (FetchResult.Failed) run();
        assertThat(failed.problem().code()).isEqualTo(Problem.HTTP_STATUS);
        assertThat(failed.problem().status()).isEqualTo(status);
        assertThat(failed.retryable()).isEqualTo(retryable);
        assertThat(failed.news().busy()).isEqualTo(pauses);
        assertThat(failed.notBefore()).isZero();
        assertThat(budget.used()).isZero();
    }

    @Test
    void takesAnyStatusThatTheTaskAccepts() throws Exception {
        serve(text(404, "gone"));
        FetchResult result = run(TaskSpec.Request.GET, options(1000, new StatusSet(List.of("2xx", "404"))));
        try (Body body = ((FetchResult.Fetched) result).body()) {
            assertThat(new String(body.bytes(), StandardCharsets.UTF_8)).isEqualTo("gone");
        }
    }

    @Test
    void passesOnWhenToComeBack() throws Exception {
        serve(exchange -> {
            exchange.getResponseHeaders().set("Retry-After", "7");
            exchange.sendResponseHeaders(429, -1);
        });
        FetchResult.Failed failed = (FetchResult.Failed) run();
        assertThat(failed.notBefore()).isEqualTo(NOW + 7_000);
        assertThat(failed.news().busy()).isTrue();
    }

    @Test
    void refusesAPageThatIsTooLarge() throws Exception {
        serve(text(200, "x".repeat(1001)));
        FetchResult.Failed failed = (FetchResult.Failed) run(TaskSpec.Request.GET, options(1000, StatusSet.SUCCESS));
        assertThat(failed.problem().code()).isEqualTo("too_large");
        assertThat(failed.retryable()).isFalse();
        assertThat(budget.used()).isZero();
    }

    @Test
    void givesBackMemoryWhenTheBodyBreaksOff() throws Exception {
        serve(exchange -> {
            exchange.sendResponseHeaders(200, 500_000);
            exchange.getResponseBody().write(new byte[300_000]);
            exchange.getResponseBody().flush();
            throw new IOException("break off");
        });
        FetchResult.Failed failed = (FetchResult.Failed) run();
        assertThat(failed.problem().code()).isEqualTo("truncated");
        assertThat(failed.retryable()).isTrue();
        assertThat(budget.used()).isZero();
    }

    @Test
    void putsWhatDoesNotFitOnDisk() throws Exception {
        String large = "0123456789".repeat(200_000);
        serve(text(200, large));
        FetchResult.Fetched fetched = (FetchResult.Fetched) run();
        assertThat(budget.used()).isZero();
        assertThat(directory.toFile().list()).hasSize(1);
        try (Body body = fetched.body()) {
            assertThat(new String(body.bytes(), StandardCharsets.UTF_8)).isEqualTo(large);
        }
        assertThat(directory.toFile().list()).isEmpty();
    }

    @Test
    void boundsTheHeadersItKeeps() throws Exception {
        serve(exchange -> {
            for (int i = 0; i < 150; i++) {
                exchange.getResponseHeaders().set("X-" + i, "v");
            }
            exchange.sendResponseHeaders(200, -1);
        });
        FetchResult.Fetched fetched = (FetchResult.Fetched) run();
        fetched.body().close();
        assertThat(fetched.page().headers()).hasSize(100);
    }

    @ParameterizedTest
    @CsvSource({
        "ftp://example.com/, bad_url, false",
        "http://user:pw@example.com/, bad_url, false",
        "http://10.0.0.1/, blocked_address, false",
        "http://169.254.169.254/latest/meta-data/, blocked_address, false",
        "http://[::1]/, blocked_address, false"
    })
    void refusesUrlsAndAddresses(String url, String code, boolean retryable) throws Exception {
        FetchResult.Failed failed = (FetchResult.Failed) step.run(TASK, TaskSpec.get(url, null), FetchInput.NONE);
        assertThat(failed.problem().code()).isEqualTo(code);
        assertThat(failed.problem().detail()).doesNotContain("pw").doesNotContain("169.254");
        assertThat(failed.retryable()).isEqualTo(retryable);
    }
}
