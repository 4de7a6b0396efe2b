package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.postgres.OwnServer;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** Nodes as processes, pages that may be held, and a receiver that counts. */
final class FaultsFixture implements AutoCloseable {
    /** With half of the shards each, either node has some of them, but for one run in 2,000. */
    static final int HOSTS = 12;

    private static final long PATIENCE_SECONDS = 60;

    private final Path folder;
    private final String lease;
    private final List<ChildServer> nodes = new ArrayList<>();
    private final List<Web> hosts = new ArrayList<>();
    private final Web receiver;
    private final AtomicInteger next = new AtomicInteger();
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private int deliveriesBefore;

    FaultsFixture(Path folder, String lease) throws IOException {
        this.folder = folder;
        this.lease = lease;
        for (int i = 0; i < HOSTS; i++) {
            hosts.add(new Web(seen -> {
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return Web.Answer.of(200, "<p>page</p>");
            }));
        }
        receiver = new Web(seen -> Web.Answer.of(204));
    }

    /** Does not wait for it. */
    ChildServer launch(String name, String url) throws IOException {
        ChildServer node = ChildServer.launch(List.of(), Map.of(), folder, "--port", "0", "--store", url, "--node-name", name,
                "--data-dir", folder.resolve(name).toString(), "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks",
                "127.0.0.0/8", "--fetch-per-address-concurrency", "64", "--fetch-per-host-gap", "0s", "--fetch-backoff", "200ms", "--deliver-schedule", "0s,200ms,1s,1s,1s,1s",
                "--node-lease", lease, "--drain", "1s");
        nodes.add(node);
        return node;
    }

    /** From now on no page comes until {@link #letGo}. */
    void hold() {
        hosts.forEach(host -> host.arrived.drainPermits());
        deliveriesBefore = receiver.seen.size();
        gate = new CountDownLatch(1);
    }

    void letGo() {
        gate.countDown();
    }

    /** A request at each host. */
    void untilAllArrived() throws InterruptedException {
        for (Web host : hosts) {
            assertThat(host.arrived.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)).as(this::logs).isTrue();
        }
    }

    /** Since the last {@link #hold}. */
    int deliveries() {
        return receiver.seen.size() - deliveriesBefore;
    }

    void untilDelivered(int count) {
        until(() -> deliveries() >= count);
    }

    HttpResponse<String> submitted(ChildServer node) throws Exception {
        int n = next.getAndIncrement();
        return node.call("POST", "/v1/tasks", "{\"url\":\"" + hosts.get(n % HOSTS).url("/" + n) + "\",\"fetch\":{\"max_attempts\":20},\"deliver\":{\"to\":\""
                + receiver.url("/hook") + "\"}}");
    }

    List<String> submit(ChildServer node, int count) throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            HttpResponse<String> answer = submitted(node);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
            ids.add(EndToEndFixture.field(answer.body(), "id"));
        }
        return ids;
    }

    /** Each as often as it is refused, as a caller would who heeds what a 503 says. */
    List<String> submitUntilTaken(ChildServer node, int count) throws Exception {
        List<String> ids = new ArrayList<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (ids.size() < count) {
            assertThat(System.nanoTime()).as(this::logs).isLessThan(end);
            HttpResponse<String> answer = submitted(node);
            if (answer.statusCode() == 202) {
                ids.add(EndToEndFixture.field(answer.body(), "id"));
            } else {
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
                assertThat(answer.headers().firstValue("retry-after")).isPresent();
                Thread.sleep(50);
            }
        }
        return ids;
    }

    void untilSucceeded(ChildServer node, List<String> ids) {
        for (String id : ids) {
            until(() -> {
                HttpResponse<String> answer = node.get("/v1/tasks/" + id + "?wait=5s");
                assertThat(answer.statusCode()).as(answer.body()).isIn(200, 503); // 404: it was acknowledged and is lost
                return answer.statusCode() == 200 && answer.body().contains("\"state\":\"succeeded\"");
            });
        }
    }

    void untilReady(ChildServer node) {
        until(() -> node.get("/health/ready").statusCode() == 200);
    }

    void until(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as(this::logs).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private String logs() {
        return "it takes too long\n" + String.join("\n--\n", nodes.stream().map(ChildServer::log).toList());
    }

    static long metric(ChildServer node, String name) {
        return node.get("/metrics").body().lines().filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1))).findFirst().orElse(0);
    }

    void signal(ChildServer node, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(node.pid())).start().waitFor()).isZero();
    }

    /** What was acknowledged is finished, once each: no more and no less. */
    void allEnded(OwnServer database, String schema) {
        String live = "SELECT (SELECT count(*) FROM $.running) + (SELECT count(*) FROM $.waiting)".replace("$", schema);
        until(() -> database.ask(live).equals("0"));
        assertThat(database.ask("SELECT count(*)=count(DISTINCT id) FROM " + schema + ".done")).isEqualTo("t");
        for (ChildServer node : nodes) {
            assertThat(node.lines(" ERROR ").stream().filter(line -> !line.contains("the scheduler could not read or write the store")))
                    .isEmpty();
        }
    }

    @Override
    public void close() {
        letGo();
        nodes.forEach(ChildServer::close);
        hosts.forEach(Web::close);
        receiver.close();
    }
}
