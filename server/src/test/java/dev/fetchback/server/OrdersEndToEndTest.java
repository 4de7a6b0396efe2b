package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import dev.fetchback.store.postgres.Servers;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one of two nodes is told, or learns, holds on both. */
@Timeout(60)
@OnOneEngine(value = Engine.POSTGRES, because = "nodes share it")
final class OrdersEndToEndTest {
    private static final int HOSTS = 12; // with 32 shards each, some of them are on either node, but for one run in 2,000

    @TempDir
    Path folder;

    private final String url = Servers.url();
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Server> nodes = new ArrayList<>();
    private final List<Web> hosts = new ArrayList<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger status = new AtomicInteger(204);
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        for (int i = 0; i < HOSTS; i++) {
            hosts.add(new Web(seen -> {
                if (seen.path().equals("/held")) {
                    held();
                }
                return Web.Answer.of(200, "<p>page</p>");
            }));
        }
        receiver = new Web(seen -> status.get() == 429
                ? new Web.Answer(429, Map.of("retry-after", "3600"), new byte[0]) : Web.Answer.of(status.get()));
        for (String name : List.of("n0", "n1")) {
            nodes.add(Server.start(new ConfigReader(Map.of(), folder).read(List.of("--port", "0", "--store", url, "--node-name", name,
                    "--data-dir", folder.resolve(name).toString(), "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks",
                    "127.0.0.0/8", "--fetch-per-host-gap", "0s", "--fetch-per-address-concurrency", "64", "--deliver-schedule", "0s,1h,1h",
                    "--node-lease", "2s", "--drain", "0s"))));
        }
        until(() -> Servers.ask("SELECT count(*) FROM " + table("shard") + " GROUP BY epoch ORDER BY 1 LIMIT 1").equals("32"));
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
        nodes.forEach(Server::close);
        hosts.forEach(Web::close);
        receiver.close();
        client.close();
    }

    private String table(String name) {
        return Servers.schema(url) + "." + name;
    }

    private static void until(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("it takes too long").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private String call(int node, String method, String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + nodes.get(node).port() + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.setHeader("content-type", "application/json");
        }
        try {
            HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
            return answer.body();
        } catch (java.io.IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private String submit(int host, String page) {
        return EndToEndFixture.field(call(0, "POST", "/v1/tasks",
                "{\"url\":\"" + hosts.get(host).url(page) + "\",\"deliver\":{\"to\":\"" + receiver.url("/hook") + "\"}}"), "id");
    }

    /** One of each host: what their owners do with the receiver, both of them do. */
    private List<String> submitAll() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < HOSTS; i++) {
            ids.add(submit(i, "/"));
        }
        return ids;
    }

    private String task(int node, String id) {
        return call(node, "GET", "/v1/tasks/" + id, "");
    }

    private void untilReceiver(int node, String status) {
        until(() -> call(node, "GET", "/v1/receivers", "").contains("\"status\":\"" + status + "\""));
    }

    private void untilStates(List<String> ids, String state) {
        for (String id : ids) {
            until(() -> task(1, id).contains("\"state\":\"" + state + "\""));
        }
    }

    private void untilNothingIsUnderWay() {
        for (int node = 0; node < nodes.size(); node++) {
            int asked = node;
            until(() -> call(asked, "GET", "/metrics", "").contains("fetchback_tasks_in_flight 0.0"));
        }
    }

    private long delivered() {
        long all = receiver.seen.size();
        receiver.seen.clear();
        return all;
    }

    @Test
    void aReceiverIsPausedAndResumedOnAllNodes() {
        untilStates(submitAll(), "succeeded");
        assertThat(delivered()).isEqualTo(HOSTS);
        String id = EndToEndFixture.field(call(0, "GET", "/v1/receivers", ""), "id");
        call(0, "POST", "/v1/receivers/" + id + "/pause", "{}");
        untilReceiver(1, "paused");
        List<String> waiting = submitAll();
        for (String one : waiting) {
            until(() -> task(1, one).contains("\"deliver\":1"));
        }
        assertThat(delivered()).as("by either node").isZero();
        call(1, "POST", "/v1/receivers/" + id + "/resume", "{}");
        untilReceiver(0, "active");
        untilStates(waiting, "succeeded");
        assertThat(delivered()).isEqualTo(HOSTS);
    }

    @Test
    void aReceiverThatIsGoneOrAskedForTimeIsLeftAloneByAllNodes() {
        status.set(429);
        String first = submit(0, "/");
        until(() -> task(1, first).contains("\"deliver\":1"));
        for (int node = 0; node < nodes.size(); node++) {
            int asked = node;
            until(() -> call(asked, "GET", "/v1/receivers", "").contains("It asked to be left alone until"));
        }
        assertThat(delivered()).isEqualTo(1);
        List<String> waiting = submitAll();
        for (String one : waiting) {
            until(() -> task(0, one).contains("\"deliver\":1"));
        }
        assertThat(delivered()).as("by either node").isZero();

        status.set(410);
        String id = EndToEndFixture.field(call(0, "GET", "/v1/receivers", ""), "id");
        call(0, "POST", "/v1/receivers/" + id + "/resume", "{}");
        untilReceiver(0, "gone");
        untilReceiver(1, "gone");
        untilNothingIsUnderWay(); // what had left before that
        delivered();
        String last = submit(1, "/");
        until(() -> task(0, last).contains("\"deliver\":1"));
        assertThat(delivered()).as("by neither node").isZero();
    }

    @Test
    void aTaskIsCancelledWhereverItRuns() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < HOSTS; i++) {
            ids.add(submit(i, "/held"));
        }
        for (Web host : hosts) {
            assertThat(host.arrived.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(Servers.ask("SELECT count(DISTINCT epoch) FROM " + table("running"))).isEqualTo("2");
        for (String id : ids) {
            assertThat(call(0, "POST", "/v1/tasks/" + id + "/cancel", "")).contains("\"state\":\"cancelled\"");
        }
        untilNothingIsUnderWay();
        gate.countDown();
        untilStates(ids, "cancelled");
        assertThat(delivered()).isZero();
        assertThat(Servers.ask("SELECT count(*) FROM " + table("recall"))).isEqualTo("0");
    }
}
