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
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Seen;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.FetchInput;
import dev.fetchback.work.FetchResult;
import dev.fetchback.work.HostPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the step makes of a page that it has seen before, whatever the server says to that. */
class IfChangedTest {
    private static final long NOW = 1_795_348_800_000L;
    private static final Task TASK = Task.submitted(new TaskId(1, 2), new Task.Plan("h:80", null, 5, 3, 3, 0, 0, false, "key"), 0, 1);
    private static final String OLD = "Sat, 21 Nov 2015 10:00:00 GMT";
    private static final StatusSet WITH_304 = new StatusSet(List.of("2xx", "3xx"));

    @TempDir
    private Path directory;

    private final ByteBudget budget = new ByteBudget(1 << 20);
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final SystemResolver resolver = new SystemResolver();
    private final Outbound outbound = new Outbound(OutboundSettings.DEFAULT, AddressPolicy.parse("127.0.0.0/8"), resolver);
    private HttpServer server;
    private FetchStep step;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 50);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        step = new FetchStep(
                outbound,
                new FetchStep.Manners(_ -> new HostPolicy(2, Duration.ZERO, 8, null), (_, _) -> {}, "Fetchback-Test/1"),
                budget, directory, () -> NOW);
    }

    @AfterEach
    void stop() {
        server.stop(0);
        outbound.close();
        resolver.close();
        assertThat(budget.used()).as("bodies nobody took").isZero();
    }

    @FunctionalInterface
    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    private void serve(String path, Answer answer) {
        server.createContext(path, exchange -> {
            asked.add(exchange.getRequestURI() + " " + exchange.getRequestHeaders().getFirst("If-None-Match") + " "
                    + exchange.getRequestHeaders().getFirst("If-Modified-Since"));
            try (exchange) {
                answer.to(exchange);
            }
        });
    }

    private static Answer page(int status, String body, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    private String url(String path) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + path;
    }

    private FetchResult run(@Nullable Seen last, StatusSet accept) throws InterruptedException {
        FetchOptions options =
                new FetchOptions(Duration.ofSeconds(20), 1000, 3, 3, accept, FetchOptions.Robots.OBEY, true);
        TaskSpec.Schedule schedule = TaskSpec.Schedule.NOW;
        FetchResult result = step.run(
                TASK, new TaskSpec(url("/p"), TaskSpec.Request.GET, options, List.of(), null, schedule, TaskSpec.Tags.NONE), new FetchInput(last, null, FetchInput.NONE.visit()));
        if (result instanceof FetchResult.Fetched fetched) {
            fetched.body().close();
        }
        return result;
    }

    private FetchResult run(@Nullable Seen last) throws InterruptedException {
        return run(last, StatusSet.SUCCESS);
    }

    /** What the server's present answer is remembered as. */
    private Seen seen() throws InterruptedException {
        Seen seen = Seen.of(((FetchResult.Fetched) run(null)).page());
        asked.clear();
        return seen;
    }

    private void replace(String path, Answer answer) {
        server.removeContext(path);
        serve(path, answer);
    }

    @Test
    void theFirstTimeNothingIsAsked() throws Exception {
        serve("/p", page(200, "v1", "ETag", "\"1\""));
        assertThat(run(null)).isInstanceOf(FetchResult.Fetched.class);
        assertThat(asked).containsExactly("/p null null");
    }

    @Test
    void a304IsUnchangedWithTheHashOfTheLastTime() throws Exception {
        serve("/p", page(200, "v1", "ETag", "W/\"1\"", "Last-Modified", OLD));
        Seen last = seen();
        replace("/p", page(304, "", "ETag", "\"1\""));
        Page page = ((FetchResult.Unchanged) run(last)).page();
        assertThat(asked).containsExactly("/p W/\"1\" " + OLD);
        assertThat(page.status()).isEqualTo(304);
        assertThat(page.sha256()).isEqualTo(last.sha256());
        assertThat(page.bytes()).isEqualTo(2);
        assertThat(page.finalUrl()).isEqualTo(url("/p"));
        assertThat(page.fetchedAt()).isEqualTo(NOW);
        assertThat(page.headers()).contains(new Header("Etag", "\"1\""));
    }

    @Test
    void aDateAloneIsAskedWith() throws Exception {
        serve("/p", page(200, "v1", "Last-Modified", OLD));
        Seen last = seen();
        replace("/p", page(304, "", "Last-Modified", OLD));
        assertThat(run(last)).isInstanceOf(FetchResult.Unchanged.class);
        assertThat(asked).containsExactly("/p null " + OLD);
    }

    @Test
    void withoutValidatorsTheHashDecides() throws Exception {
        serve("/p", page(200, "v1"));
        Seen last = seen();
        assertThat(((FetchResult.Unchanged) run(last)).page().status()).isEqualTo(200);
        replace("/p", page(200, "v2"));
        assertThat(run(last)).isInstanceOf(FetchResult.Fetched.class);
        assertThat(asked).containsExactly("/p null null", "/p null null");
    }

    @Test
    void aServerThatIgnoresConditionsIsComparedWith() throws Exception {
        serve("/p", page(200, "v1", "ETag", "\"1\""));
        Seen last = seen();
        replace("/p", page(200, "v1", "ETag", "\"2\""));
        Page same = ((FetchResult.Unchanged) run(last)).page();
        assertThat(same.headers()).as("its new validators").contains(new Header("Etag", "\"2\""));
        replace("/p", page(200, "v2", "ETag", "\"1\""));
        assertThat(run(last)).as("the tag is the same, the page is not").isInstanceOf(FetchResult.Fetched.class);
    }

    @Test
    void anotherStatusIsAChange() throws Exception {
        StatusSet accept = new StatusSet(List.of("2xx", "404"));
        serve("/p", page(200, "gone"));
        Seen last = seen();
        replace("/p", page(404, "gone"));
        assertThat(run(last, accept)).isInstanceOf(FetchResult.Fetched.class);
    }

    @Test
    void aFailureIsAFailure() throws Exception {
        serve("/p", page(200, "v1", "ETag", "\"1\""));
        Seen last = seen();
        replace("/p", page(503, ""));
        FetchResult.Failed failed = (FetchResult.Failed) run(last);
        assertThat(failed.problem().status()).isEqualTo(503);
        assertThat(failed.retryable()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a304ThatNobodyAskedForIsAFailure(boolean accepted) throws Exception {
        serve("/p", page(304, ""));
        FetchResult.Failed failed = (FetchResult.Failed) run(null, accepted ? WITH_304 : StatusSet.SUCCESS);
        assertThat(failed.problem().code()).isEqualTo(Problem.HTTP_STATUS);
        assertThat(failed.problem().status()).isEqualTo(304);
        assertThat(failed.problem().detail()).contains("nobody had asked");
        assertThat(failed.retryable()).isFalse();
        assertThat(asked).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"\"1\" | \"2\" |", "W/\"1\" | W/\"10\" |", "| | Sun, 22 Nov 2015 10:00:00 GMT"})
    void a304OfAnotherVersionIsNotBelieved(@Nullable String etag, @Nullable String wrongTag, @Nullable String wrongDate)
            throws Exception {
        List<String> first = new ArrayList<>(List.of("Last-Modified", OLD));
        if (etag != null) {
            first.addAll(List.of("ETag", etag));
        }
        serve("/p", page(200, "v1", first.toArray(String[]::new)));
        Seen last = seen();
        List<String> wrong = new ArrayList<>();
        wrong.addAll(wrongTag == null ? List.of() : List.of("ETag", wrongTag));
        wrong.addAll(wrongDate == null ? List.of() : List.of("Last-Modified", wrongDate));
        replace("/p", exchange -> {
            boolean conditional = exchange.getRequestHeaders().containsKey("If-Modified-Since");
            page(conditional ? 304 : 200, conditional ? "" : "v2", wrong.toArray(String[]::new)).to(exchange);
        });
        assertThat(run(last)).as("the page did change").isInstanceOf(FetchResult.Fetched.class);
        assertThat(asked).containsExactly("/p " + etag + " " + OLD, "/p null null");
    }

    @Test
    void aServerThatSays304WhateverItIsAskedIsAskedTwiceAtMost() throws Exception {
        serve("/p", page(200, "v1", "ETag", "\"1\""));
        Seen last = seen();
        replace("/p", page(304, "", "ETag", "\"2\""));
        FetchResult.Failed failed = (FetchResult.Failed) run(last);
        assertThat(failed.problem().status()).isEqualTo(304);
        assertThat(asked).containsExactly("/p \"1\" null", "/p null null");
    }

    @Test
    void behindARedirectTheEndIsAsked() throws Exception {
        serve("/p", page(302, "", "Location", "/end"));
        serve("/end", page(200, "v1", "ETag", "\"1\""));
        Seen last = seen();
        assertThat(last.url()).isEqualTo(url("/end"));
        replace("/end", page(304, "", "ETag", "\"1\""));
        assertThat(run(last)).isInstanceOf(FetchResult.Unchanged.class);
        assertThat(asked).containsExactly("/p null null", "/end \"1\" null");
    }

    @Test
    void aRedirectToAnotherPageIsAskedNothing() throws Exception {
        serve("/p", page(200, "v1", "ETag", "\"1\""));
        Seen last = seen();
        replace("/p", page(302, "", "Location", "/new"));
        serve("/new", page(200, "v1", "ETag", "\"1\""));
        assertThat(run(last)).as("the same body is the same page").isInstanceOf(FetchResult.Unchanged.class);
        assertThat(asked).containsExactly("/p \"1\" null", "/new null null");
        replace("/new", page(304, ""));
        assertThat(run(last)).as("a 304 of a page that was not asked").isInstanceOf(FetchResult.Failed.class);
    }

    @Test
    void aRememberedUrlThatCannotBeUsedIsNotAsked() throws Exception {
        serve("/p", page(200, "v1"));
        Seen seen = seen();
        Seen odd = new Seen(200, "http://a b/", "\"1\"", null, seen.bytes(), seen.sha256(), seen.at());
        assertThat(run(odd)).isInstanceOf(FetchResult.Unchanged.class);
        assertThat(asked).containsExactly("/p null null");
    }
}
