package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.outbound.SystemResolver;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.FetchInput;
import dev.fetchback.work.FetchResult;
import dev.fetchback.work.HostPolicy;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetches of pages from servers with a robots.txt, seen from the servers: what they are asked for, and what never. */
@Timeout(30)
class RobotsFetchTest {
    private static final long NOW = 1_795_348_800_000L;
    private static final Task TASK = Task.submitted(new TaskId(1, 2), new Task.Plan("h:80", null, 5, 3, 3, 0, 0), 0, 1);
    private static final String DENY_ALL = "User-agent: *\nDisallow: /\n";
    private static final int FILE_MAX = 500 * 1024;

    @TempDir
    private Path directory;

    private final ByteBudget budget = new ByteBudget(1 << 20);
    private final SystemResolver resolver = new SystemResolver();
    private final List<AutoCloseable> open = new ArrayList<>(List.of(resolver));
    private final List<String> delays = new ArrayList<>();
    private final Map<String, FetchOptions.Robots> ruled = new ConcurrentHashMap<>();
    private Site site;
    private FetchStep step;

    /** A web server on loopback that counts what it is asked for. */
    private static final class Site implements AutoCloseable {
        final Map<String, AtomicInteger> hits = new ConcurrentHashMap<>();
        final Map<String, Headers> headers = new ConcurrentHashMap<>();
        final Map<String, Answer> answers = new ConcurrentHashMap<>();
        private final HttpServer server;

        @FunctionalInterface
        interface Answer {
            void to(HttpExchange exchange) throws IOException;
        }

        Site() throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 200);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/", exchange -> {
                String path = exchange.getRequestURI().toString();
                hits.computeIfAbsent(path, _ -> new AtomicInteger()).incrementAndGet();
                headers.put(path, exchange.getRequestHeaders());
                try (exchange) {
                    answers.getOrDefault(path, text(200, "page")).to(exchange);
                }
            });
            server.start();
        }

        static Answer text(int status, String body) {
            return exchange -> {
                byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
            };
        }

        static Answer redirect(String location) {
            return exchange -> {
                exchange.getResponseHeaders().set("Location", location);
                exchange.sendResponseHeaders(302, -1);
            };
        }

        /** Never ends by itself. */
        static Answer endless(String first, String again) {
            return exchange -> {
                exchange.sendResponseHeaders(200, 0);
                OutputStream out = exchange.getResponseBody();
                out.write(first.getBytes(StandardCharsets.UTF_8));
                byte[] piece = again.repeat(100).getBytes(StandardCharsets.UTF_8);
                while (true) {
                    out.write(piece);
                }
            };
        }

        void robots(String text) {
            answers.put("/robots.txt", text(200, text));
        }

        int hits(String path) {
            AtomicInteger count = hits.get(path);
            return count == null ? 0 : count.get();
        }

        String url(String path) {
            return "http://127.0.0.1:" + server.getAddress().getPort() + path;
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    private Site site() throws IOException {
        Site one = new Site();
        open.add(one);
        return one;
    }

    private void start(OutboundSettings settings) throws IOException {
        site = site();
        Outbound outbound = new Outbound(settings, AddressPolicy.parse("127.0.0.0/8"), resolver);
        open.add(outbound);
        FetchStep.Manners manners = new FetchStep.Manners(
                host -> new HostPolicy(2, Duration.ofMillis(500), 100, ruled.get(host)),
                (host, millis) -> delays.add(host + " " + millis),
                "Fetchback-Test/1");
        step = new FetchStep(outbound, manners, budget, directory, () -> NOW);
    }

    private void start() throws IOException {
        start(OutboundSettings.DEFAULT);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        assertThat(budget.used()).isZero();
        assertThat(directory.toFile().list()).isEmpty();
    }

    private FetchResult run(String url, TaskSpec.Request request, FetchOptions.Robots robots, Duration timeout)
            throws InterruptedException {
        FetchOptions options = new FetchOptions(timeout, 10 << 20, 10, 3, StatusSet.SUCCESS, robots, false);
        FetchResult result =
                step.run(TASK, new TaskSpec(url, request, options, List.of(), null, TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE), FetchInput.NONE);
        if (result instanceof FetchResult.Fetched fetched) {
            fetched.body().close();
        }
        return result;
    }

    private FetchResult run(String url) throws InterruptedException {
        return run(url, TaskSpec.Request.GET, FetchOptions.Robots.OBEY, Duration.ofSeconds(20));
    }

    private FetchResult.Failed failed(String url) throws InterruptedException {
        return (FetchResult.Failed) run(url);
    }

    private void assertFetched(String path) throws InterruptedException {
        assertThat(run(site.url(path))).isInstanceOf(FetchResult.Fetched.class);
        assertThat(site.hits(path)).isEqualTo(1);
    }

    @Test
    void aDeniedPageIsNeverRequested() throws Exception {
        start();
        site.robots("User-agent: fetchback-test\nDisallow: /private*secret\n");
        FetchResult.Failed failed = failed(site.url("/private/secret?token=abc"));
        assertThat(failed.problem().code()).isEqualTo("robots_denied");
        assertThat(failed.problem().detail()).isEqualTo(site.url("/robots.txt") + " does not allow " + site.url("/private/secret")
                + " (Disallow: /private*secret)");
        assertThat(failed.retryable()).isFalse();
        assertThat(failed.news()).isNull();
        assertThat(site.hits).containsOnlyKeys("/robots.txt");
        assertFetched("/public");
        assertThat(site.hits("/robots.txt")).isEqualTo(1);
        assertThat(step.robots().denied()).isEqualTo(1);
        assertThat(step.robots().read()).isEqualTo(1);
        assertThat(step.robots().files()).isEqualTo(1);
    }

    @Test
    void whatWouldTakeTooLongToMatchIsNotRequested() throws Exception {
        start();
        StringBuilder file = new StringBuilder("User-agent: *\n");
        for (int i = 0; file.length() < FILE_MAX - 100; i++) {
            file.append("Disallow: /*aaaaaaaaaaaaaaaac").append(i).append('\n');
        }
        site.robots(file.toString());
        FetchResult.Failed failed = failed(site.url("/" + "a".repeat(4000)));
        assertThat(failed.problem().code()).isEqualTo("robots_denied");
        assertThat(failed.problem().detail()).endsWith(" (more rules than are matched with one URL)");
        assertThat(site.hits).containsOnlyKeys("/robots.txt");
    }

    @Test
    void methodsThatChangeThingsAreCheckedToo() throws Exception {
        start();
        site.robots(DENY_ALL);
        FetchResult result = run(
                site.url("/form"), new TaskSpec.Request("POST", List.of(), "x"), FetchOptions.Robots.OBEY, Duration.ofSeconds(5));
        assertThat(((FetchResult.Failed) result).problem().code()).isEqualTo("robots_denied");
        assertThat(site.hits("/form")).isZero();
    }

    @Test
    void theFileItselfIsAlwaysAllowed() throws Exception {
        start();
        site.robots(DENY_ALL);
        assertFetched("/robots.txt");
    }

    @Test
    void whoIgnoresItNeverAsksForIt() throws Exception {
        start();
        site.robots(DENY_ALL);
        FetchResult result = run(site.url("/a"), TaskSpec.Request.GET, FetchOptions.Robots.IGNORE, Duration.ofSeconds(5));
        assertThat(result).isInstanceOf(FetchResult.Fetched.class);
        assertThat(site.hits).containsOnlyKeys("/a");
    }

    @Test
    void aPolicyDecidesForEachHopWhateverTheTaskAsksFor() throws Exception {
        start();
        Site other = site();
        site.robots(DENY_ALL);
        other.robots(DENY_ALL);
        site.answers.put("/there", Site.redirect(other.url("/b")));
        ruled.put(hostPort(site), FetchOptions.Robots.IGNORE);
        assertFetched("/a");
        assertThat(failed(site.url("/there")).problem().detail()).startsWith(other.url("/robots.txt") + " does not allow");
        assertThat(site.hits).as("its file is not asked for").containsOnlyKeys("/a", "/there");
        ruled.put(hostPort(other), FetchOptions.Robots.OBEY);
        FetchResult result = run(other.url("/b"), TaskSpec.Request.GET, FetchOptions.Robots.IGNORE, Duration.ofSeconds(5));
        assertThat(((FetchResult.Failed) result).problem().code()).isEqualTo("robots_denied");
        assertThat(other.hits("/b")).isZero();
    }

    private static String hostPort(Site one) {
        return URI.create(one.url("/")).getAuthority();
    }

    @Test
    void theFileIsAskedForAsOurselvesAndWithoutTheTasksFields() throws Exception {
        start();
        site.robots("User-agent: mybot\nDisallow:\n\nUser-agent: Fetchback-Test\nDisallow: /\n");
        List<Header> headers = List.of(new Header("User-Agent", "mybot/1"), new Header("Authorization", "Bearer x"));
        FetchResult result = run(
                site.url("/a"), new TaskSpec.Request("GET", headers, null), FetchOptions.Robots.OBEY, Duration.ofSeconds(5));
        assertThat(((FetchResult.Failed) result).problem().code()).isEqualTo("robots_denied");
        assertThat(site.headers.get("/robots.txt").getFirst("User-Agent")).isEqualTo("Fetchback-Test/1");
        assertThat(site.headers.get("/robots.txt")).doesNotContainKey("Authorization");
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 300, 304, 400, 401, 403, 404, 410, 451})
    void withoutAFileEverythingIsAllowed(int status) throws Exception {
        start();
        site.answers.put("/robots.txt", Site.text(status, ""));
        assertFetched("/a");
    }

    @ParameterizedTest
    @CsvSource({"429, 120, 120000", "500, , 10000", "503, 60, 60000", "503, 1, 10000", "502, 99999, 3600000", "999, , 10000"})
    void withoutAnAnswerNothingIsAllowedForAWhile(int status, String retryAfter, long millis) throws Exception {
        start();
        site.answers.put("/robots.txt", exchange -> {
            if (retryAfter != null) {
                exchange.getResponseHeaders().set("Retry-After", retryAfter);
            }
            exchange.sendResponseHeaders(status, -1);
        });
        for (int i = 0; i < 2; i++) {
            FetchResult.Failed failed = failed(site.url("/a"));
            assertThat(failed.problem().code()).isEqualTo("robots_unreachable");
            assertThat(failed.problem().detail()).isEqualTo(site.url("/robots.txt") + " answered " + status);
            assertThat(failed.retryable()).isTrue();
            assertThat(failed.notBefore()).isEqualTo(NOW + millis);
            assertThat(failed.news()).isNotNull();
        }
        assertThat(site.hits).containsOnlyKeys("/robots.txt");
        assertThat(site.hits("/robots.txt")).as("asked once").isEqualTo(1);
        assertThat(step.robots().unreachable()).isEqualTo(2);
    }

    @Test
    void aFileThatNeverComesEndsWithTheTasksOwnTime() throws Exception {
        start();
        CountDownLatch end = new CountDownLatch(1);
        open.add(end::countDown);
        site.answers.put("/robots.txt", _ -> await(end));
        FetchResult.Failed failed = (FetchResult.Failed)
                run(site.url("/a"), TaskSpec.Request.GET, FetchOptions.Robots.OBEY, Duration.ofMillis(300));
        assertThat(failed.problem().code()).isEqualTo("robots_unreachable");
        assertThat(failed.problem().detail()).startsWith(site.url("/robots.txt"));
        assertThat(failed.retryable()).isTrue();
        assertThat(failed.notBefore()).isZero();
        assertThat(site.hits("/a")).isZero();
    }

    @Test
    void aFileThatDoesNotBeginInTimeIsUnreachable() throws Exception {
        Duration second = Duration.ofSeconds(1);
        start(new OutboundSettings(
                new OutboundSettings.Timeouts(second, second, Duration.ofMillis(200), second, second, second), 10, 8));
        CountDownLatch end = new CountDownLatch(1);
        open.add(end::countDown);
        site.answers.put("/robots.txt", _ -> await(end));
        FetchResult.Failed failed = failed(site.url("/a"));
        assertThat(failed.problem().code()).isEqualTo("robots_unreachable");
        assertThat(failed.notBefore()).isEqualTo(NOW + 10_000);
        assertThat(site.hits("/a")).isZero();
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void aFileThatBreaksOffIsUnreachable() throws Exception {
        start();
        site.answers.put("/robots.txt", exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write("User-agent: *\n".getBytes(StandardCharsets.US_ASCII));
            exchange.getResponseBody().flush();
            throw new IOException("break off");
        });
        assertThat(failed(site.url("/a")).problem().code()).isEqualTo("robots_unreachable");
        assertThat(site.hits("/a")).isZero();
    }

    @Test
    void whatThePageItselfWouldMeetIsToldAsSuch() throws Exception {
        start();
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        FetchResult.Failed refused = failed("http://127.0.0.1:" + free + "/a");
        assertThat(refused.problem().code()).isEqualTo("connect_failed");
        assertThat(refused.retryable()).isTrue();
        assertThat(refused.notBefore()).isZero();
        FetchResult.Failed blocked = failed("http://10.0.0.1/a");
        FetchResult denied = run("http://10.0.0.1/a", TaskSpec.Request.GET, FetchOptions.Robots.IGNORE, Duration.ofSeconds(5));
        assertThat(blocked).as("the same as without robots.txt").isEqualTo(denied);
        assertThat(step.robots().files()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 5, 6})
    void followsFiveRedirectsAcrossServers(int redirects) throws Exception {
        start();
        Site other = site();
        String path = "/robots.txt";
        Site from = site;
        for (int i = 0; i < redirects; i++) {
            Site to = from == site ? other : site;
            from.answers.put(path, Site.redirect(to.url("/r" + i)));
            from = to;
            path = "/r" + i;
        }
        from.answers.put(path, Site.text(200, DENY_ALL));
        FetchResult result = run(site.url("/a"));
        if (redirects > 5) {
            assertThat(result).as("as if there were no file").isInstanceOf(FetchResult.Fetched.class);
        } else {
            assertThat(((FetchResult.Failed) result).problem().code()).isEqualTo("robots_denied");
            assertThat(site.hits("/a")).isZero();
        }
    }

    @Test
    void aRedirectInACircleIsNoFileAndOneToADeniedAddressIsBlocked() throws Exception {
        start();
        site.answers.put("/robots.txt", Site.redirect("/r"));
        site.answers.put("/r", Site.redirect("/robots.txt"));
        assertFetched("/a");
        Site inside = site();
        inside.answers.put("/robots.txt", Site.redirect("http://10.0.0.1/robots.txt"));
        FetchResult.Failed failed = failed(inside.url("/a"));
        assertThat(failed.problem()).isEqualTo(failed("http://10.0.0.1/a").problem());
        assertThat(inside.hits("/a")).isZero();
    }

    @Test
    void everyHopOfAPageIsCheckedWithItsOwnServer() throws Exception {
        start();
        Site other = site();
        site.answers.put("/go", Site.redirect(other.url("/private")));
        site.answers.put("/stay", Site.redirect(other.url("/public")));
        other.robots("User-agent: *\nDisallow: /private\n");
        FetchResult.Failed failed = failed(site.url("/go"));
        assertThat(failed.problem().code()).isEqualTo("robots_denied");
        assertThat(failed.problem().detail()).contains(other.url("/robots.txt"));
        assertThat(site.hits("/go")).isEqualTo(1);
        assertThat(other.hits).containsOnlyKeys("/robots.txt");
        assertThat(run(site.url("/stay"))).isInstanceOf(FetchResult.Fetched.class);
        assertThat(other.hits("/robots.txt")).isEqualTo(1);
        assertThat(site.hits("/robots.txt")).isEqualTo(1);
        Site down = site();
        down.answers.put("/robots.txt", Site.text(503, ""));
        site.answers.put("/down", Site.redirect(down.url("/a")));
        FetchResult.Failed unreachable = failed(site.url("/down"));
        assertThat(unreachable.problem().code()).isEqualTo("robots_unreachable");
        assertThat(unreachable.news()).as("its own host is well").isNull();
        assertThat(unreachable.notBefore()).isEqualTo(NOW + 10_000);
    }

    @Test
    void htmlInTheFilesPlaceSaysNothing() throws Exception {
        start();
        site.answers.put("/robots.txt", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            Site.text(200, "<!doctype html>\n<html><body>\nDisallow: /\n</body></html>").to(exchange);
        });
        assertFetched("/a");
    }

    @Test
    void onlyTheFirst500KiBCount() throws Exception {
        start();
        String start = "User-agent: *\nDisallow: /a\n";
        String rule = "Disallow: /b\n";
        String fill = ("#" + "x".repeat(98) + "\n").repeat(6000);
        String within = start + fill.substring(0, FILE_MAX - start.length() - rule.length() - 1) + "\n" + rule;
        assertThat(within).hasSize(FILE_MAX);
        site.robots(within + "Disallow: /c\n");
        assertThat(failed(site.url("/a")).problem().code()).isEqualTo("robots_denied");
        assertThat(failed(site.url("/b")).problem().code()).isEqualTo("robots_denied");
        assertFetched("/c");
        Site longer = site();
        longer.robots(start + fill.substring(0, FILE_MAX - start.length() - rule.length()) + "\n" + rule); // its end is cut off
        assertThat(failed(longer.url("/a")).problem().code()).isEqualTo("robots_denied");
        assertThat(run(longer.url("/b"))).isInstanceOf(FetchResult.Fetched.class);
    }

    @Test
    void anEndlessFileIsReadToThatPointAndItsConnectionClosed() throws Exception {
        start();
        site.answers.put("/robots.txt", Site.endless("User-agent: *\nDisallow: /a\n", "# no end\n"));
        assertThat(failed(site.url("/a")).problem().code()).isEqualTo("robots_denied");
        assertFetched("/b");
        Site line = site();
        line.answers.put("/robots.txt", Site.endless(DENY_ALL + "Allow: /", "no end "));
        assertThat(failed(line.url("/a")).problem().code()).isEqualTo("robots_denied");
        Site all = site();
        all.answers.put("/robots.txt", Site.endless("", "no end "));
        assertThat(run(all.url("/a"))).isInstanceOf(FetchResult.Fetched.class);
    }

    @Test
    void tellsTheHostsDelayWithEachFetch() throws Exception {
        start();
        site.robots("User-agent: *\nCrawl-delay: 2\nDisallow: /x\n");
        assertFetched("/a");
        assertFetched("/b");
        failed(site.url("/x"));
        String told = site.url("").substring("http://".length()) + " 2000";
        assertThat(delays).containsExactly(told, told);
    }

    @Test
    void oneReadServesAllThatBeginAtOnce() throws Exception {
        start(OutboundSettings.DEFAULT.withPerAddress(0));
        site.robots("User-agent: *\nDisallow: /deny\n");
        List<Future<FetchResult>> results = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 100; i++) {
                String url = site.url((i % 2 == 0 ? "/deny" : "/allow") + i);
                results.add(threads.submit(() -> run(url)));
            }
        }
        assertThat(results.stream().filter(r -> r.resultNow() instanceof FetchResult.Fetched)).hasSize(50);
        assertThat(site.hits("/robots.txt")).isEqualTo(1);
        assertThat(site.hits.keySet()).noneMatch(path -> path.startsWith("/deny"));
    }

    @Test
    void hostileFilesHoldUpNoOtherServer() throws Exception {
        start(OutboundSettings.DEFAULT.withPerAddress(0));
        site.robots("User-agent: *\nDisallow: /x\n");
        assertFetched("/warm-up");
        CountDownLatch end = new CountDownLatch(1);
        open.add(end::countDown);
        String slowToParse = "<html>\nUser-agent: *\n" + "Allow: *a*\n".repeat(46_000);
        List<Site.Answer> kinds = List.of(
                _ -> await(end), Site.endless("", "no end "), Site.endless("User-agent: *\n", "Allow: *a*\n"), Site.text(200, slowToParse));
        List<Site> hostile = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            Site one = site();
            one.answers.put("/robots.txt", kinds.get(i % kinds.size()));
            hostile.add(one);
        }
        Site good = site();
        good.robots("User-agent: *\nDisallow: /x\n");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Site one : hostile) {
                for (int i = 0; i < 4; i++) {
                    threads.submit(() -> run(one.url("/a")));
                }
            }
            for (Site one : hostile) {
                while (one.hits("/robots.txt") == 0) {
                    Thread.onSpinWait();
                    Thread.yield();
                }
            }
            long from = System.nanoTime();
            assertThat(run(good.url("/a"))).isInstanceOf(FetchResult.Fetched.class);
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(1));
            threads.shutdownNow();
        }
        for (Site one : hostile) {
            assertThat(one.hits("/robots.txt")).isEqualTo(1);
        }
        while (budget.used() > 0 || directory.toFile().list().length > 0) {
            Thread.yield(); // a file is parsed to its end although nobody waits for it any more
        }
    }
}
