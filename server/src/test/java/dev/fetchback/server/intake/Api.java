package dev.fetchback.server.intake;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Resolved;
import dev.fetchback.outbound.Rule;
import dev.fetchback.outbound.Target;
import dev.fetchback.outbound.Vetting;
import dev.fetchback.server.ops.Ops;
import dev.fetchback.server.ops.Readiness;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.TaskId;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** A server on a free port over {@link FakeTasks}, and ways to talk to it. */
final class Api implements AutoCloseable {
    /** 2026-11-22T00:00:00Z. */
    static final long NOW = 1_795_305_600_000L;

    static final String HOOK = "https://hooks.example/in";
    static final int PAGE_LINK_SECONDS = 1_795_305_700;
    static final String PAGE_LINK_SIGNATURE = "good";

    /** Held, so that the level stays set: a start and a stop for every test would fill the log. */
    private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");

    static {
        JETTY.setLevel(Level.WARNING);
    }

    final AtomicLong clock = new AtomicLong(NOW);
    final FakeTasks tasks = new FakeTasks(clock::get);
    final ApiServer server;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    volatile Readiness.Report readiness = Readiness.Report.ok();
    volatile ResultView results = Api::data;
    volatile GuardView guard = (url, stage) -> allowed(url);

    private Api(Tokens tokens, UnaryOperator<ApiSettings> change, LongSupplier nanos) {
        ApiParts parts = new ApiParts(
                Api::urlProblem,
                new FakeProcessors(),
                task -> results.data(task),
                (id, expires, signature) -> expires == PAGE_LINK_SECONDS && signature.equals(PAGE_LINK_SIGNATURE),
                (url, stage) -> guard.check(url, stage),
                new Ops(() -> readiness, new PrometheusRegistry()),
                clock::get,
                nanos);
        server = new ApiServer(change.apply(ApiSettings.onLoopback(0)), tasks, tokens, parts);
    }

    private static Vetting allowed(String url) {
        try {
            InetAddress address = InetAddress.ofLiteral("93.184.215.14");
            return new Vetting(Target.parse(url), Vetting.Source.DNS, Resolved.of(address),
                    List.of(new Vetting.Finding(address, new Rule(Rule.Ground.PUBLIC, ""))), null);
        } catch (BadUrl e) {
            throw new AssertionError(e);
        }
    }

    /** Without tokens, with every default. */
    static Api open() throws IOException {
        return open(Tokens.none(), settings -> settings);
    }

    static Api open(Tokens tokens, UnaryOperator<ApiSettings> change) throws IOException {
        return open(tokens, change, System::nanoTime);
    }

    static Api open(Tokens tokens, UnaryOperator<ApiSettings> change, LongSupplier nanos) throws IOException {
        Api api = new Api(tokens, change, nanos);
        api.server.start();
        return api;
    }

    static ApiSettings with(ApiSettings s, ApiLimits limits) {
        return new ApiSettings(s.address(), s.intake(), limits, s.drain());
    }

    static ApiSettings deliverTo(ApiSettings s, @Nullable String url) {
        IntakeDefaults intake = new IntakeDefaults(FetchOptions.DEFAULT, url, Duration.ofHours(24), 100L << 20, false);
        return new ApiSettings(s.address(), intake, s.limits(), s.drain());
    }

    static ApiSettings drain(ApiSettings s, Duration drain) {
        return new ApiSettings(s.address(), s.intake(), s.limits(), drain);
    }

    static ApiSettings opsPort(ApiSettings s) {
        ApiSettings.Address a = s.address();
        ApiSettings.Address address = new ApiSettings.Address(a.host(), a.port(), 0, a.publicUrl(), a.hosts());
        return new ApiSettings(address, s.intake(), s.limits(), s.drain());
    }

    static ApiSettings publicUrl(ApiSettings s, String url) {
        ApiSettings.Address address =
                new ApiSettings.Address(s.address().host(), s.address().port(), -1, url, Set.of("alias.example"));
        return new ApiSettings(address, s.intake(), s.limits(), s.drain());
    }

    /** What the real, strict parser will do, in three lines. */
    static @Nullable String urlProblem(String url) {
        if (!url.startsWith("http://") && !url.startsWith("https://")) {
            return "is not an http or https URL";
        }
        String rest = url.substring(url.indexOf("://") + 3);
        int slash = rest.indexOf('/');
        String authority = slash < 0 ? rest : rest.substring(0, slash);
        return authority.isEmpty() ? "has no host" : authority.contains("@") ? "holds userinfo" : null;
    }

    private static byte[] data(StoredTask task) {
        return new JsonBytes(64)
                .object()
                .field("id", task.task().id().toString())
                .field("url", task.spec().url())
                .endObject()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
    }

    int port() {
        return server.port();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    HttpResponse<String> get(String path, String... headers) throws Exception {
        return send("GET", path, null, headers);
    }

    HttpResponse<String> post(String path, @Nullable String json, String... headers) throws Exception {
        return send("POST", path, json, headers);
    }

    /** @param body null for none; sent as JSON unless the headers say otherwise */
    HttpResponse<String> send(String method, String path, @Nullable String body, String... headers) throws Exception {
        return client.send(request(method, path, body, headers), BodyHandlers.ofString());
    }

    HttpResponse<byte[]> bytes(String path, String... headers) throws Exception {
        return client.send(request("GET", path, null, headers), BodyHandlers.ofByteArray());
    }

    CompletableFuture<HttpResponse<String>> later(
            String method, String path, @Nullable String body, String... headers) {
        return client.sendAsync(request(method, path, body, headers), BodyHandlers.ofString());
    }

    HttpResponse<String> send(HttpRequest request) throws Exception {
        return client.send(request, BodyHandlers.ofString());
    }

    private HttpRequest request(String method, String path, @Nullable String body, String... headers) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(30));
        builder.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null && !List.of(headers).contains("Content-Type")) {
            builder.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            builder.headers(headers);
        }
        return builder.build();
    }

    /** Submits a plain task and returns its id. */
    TaskId submit(String json, String... headers) throws Exception {
        HttpResponse<String> response = post("/v1/tasks", json, headers);
        if (response.statusCode() != 202) {
            throw new AssertionError("not accepted: " + response.statusCode() + " " + response.body());
        }
        return TaskId.parse(Json.text(response.body(), "/id")).orElseThrow();
    }

    RawClient raw() throws IOException {
        return new RawClient(port());
    }

    @Override
    public void close() {
        server.close(); // first: the client waits for its answers
        client.close();
    }
}
