package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.server.Server;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole server with its everyday limits under many clients that mean no good: it serves the others at once, and forgets them. */
@Timeout(90)
@OnOneEngine(value = Engine.SQLITE, because = "the crowd is turned away before anything is stored")
@Tag("alone")
class CrowdTest {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final String TASK = "{\"url\":\"http://127.0.0.1:8/\",\"delay\":\"1h\"}";

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<RawClient> crowd = new ArrayList<>();
    private Server server;
    private long socketsBefore;

    @BeforeEach
    void start() throws Exception {
        server = Server.start(new ConfigReader(Map.of(), folder).read(
                List.of("--port", "0", "--data-dir", folder.resolve("data").toString(), "--drain", "1s")));
        served();
        socketsBefore = sockets();
    }

    @AfterEach
    void close() throws Exception {
        for (RawClient one : crowd) {
            one.close();
        }
        server.close();
        client.close();
    }

    private RawClient joins() throws IOException {
        RawClient one = new RawClient(server.port());
        crowd.add(one);
        return one;
    }

    private String head(String line, String... headers) {
        return line + " HTTP/1.1\r\nHost: localhost:" + server.port() + "\r\n" + String.join("", java.util.Arrays.stream(headers)
                .map(header -> header + "\r\n").toList()) + "\r\n";
    }

    /** A task stored and read by a client that means well, each in less than a second. */
    private void served() throws Exception {
        HttpResponse<String> stored = call("POST", "/v1/tasks", TASK);
        assertThat(stored.statusCode()).as(stored.body()).isEqualTo(202);
        assertThat(call("GET", stored.headers().firstValue("location").orElseThrow(), "").statusCode()).isEqualTo(200);
    }

    private HttpResponse<String> call(String method, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port()).resolve(path))
                .timeout(Duration.ofSeconds(10))
                .header("content-type", "application/json")
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    private void quicklyServed() throws Exception {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long from = System.nanoTime();
            served();
            least = Math.min(least, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from));
        }
        assertThat(least).as("milliseconds at best, so that a busy machine does no harm").isLessThan(1_000);
    }

    private void allGone() throws Exception {
        for (RawClient one : crowd) {
            one.close();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (sockets() > socketsBefore || !call("GET", "/metrics", "").body().contains("fetchback_http_requests_in_flight 1.0")) {
            assertThat(System.nanoTime()).as("sockets %d, before %d", sockets(), socketsBefore).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** Sockets of this process, this test's own among them, where the system tells; else 0. */
    private static long sockets() throws IOException {
        if (!Files.isDirectory(DESCRIPTORS)) {
            return 0;
        }
        long count = 0;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path one : all) {
                try {
                    if (Files.readSymbolicLink(one).toString().startsWith("socket:")) {
                        count++;
                    }
                } catch (IOException e) {
                    // closed meanwhile
                }
            }
        }
        return count;
    }

    private static long usedHeap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void thousandsOfIdleConnections() throws Exception {
        long before = usedHeap();
        for (int i = 0; i < 2_500; i++) {
            RawClient one = joins();
            if (i % 2 == 0) {
                one.send("GET /v1/tasks HTTP/1.1\r\nHost: loc");
            }
        }
        quicklyServed();
        assertThat(usedHeap() - before).as("heap").isLessThan(100L << 20);
        allGone();
    }

    @Test
    void aThousandRequestsInOnePiece() throws Exception {
        int count = 1_000;
        RawClient one = joins();
        String post = head("POST /v1/tasks", "Content-Length: " + TASK.length()) + TASK;
        one.send((post + head("GET /nowhere")).repeat(count / 2));
        quicklyServed();
        for (int i = 0; i < count; i++) {
            assertThat(one.answer()).startsWith(i % 2 == 0 ? "HTTP/1.1 202" : "HTTP/1.1 404");
        }
        allGone();
    }

    /** Lists and refusals are written as fast as the client reads, and no faster. */
    @Test
    void clientsThatNeverReadTheirAnswers() throws Exception {
        for (int i = 0; i < 300; i++) {
            call("POST", "/v1/tasks", TASK);
        }
        long before = usedHeap();
        AtomicInteger stuck = new AtomicInteger();
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            RawClient one = joins();
            String requests = head("GET /v1/tasks?limit=200").repeat(200);
            senders.add(Thread.ofVirtual().start(() -> {
                try {
                    one.send(requests);
                    stuck.incrementAndGet();
                } catch (IOException e) {
                    // closed at the end of the test
                }
            }));
        }
        for (Thread sender : senders) {
            sender.join(2_000);
        }
        quicklyServed();
        assertThat(usedHeap() - before).as("heap").isLessThan(150L << 20);
        allGone();
    }

    @Test
    void bodiesThatNeverEnd() throws Exception {
        long before = usedHeap();
        String ndjson = head("POST /v1/batches", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked");
        String[] floods = {
            head("POST /v1/tasks", "Transfer-Encoding: chunked") + "7fffffff\r\n", head("POST /v1/tasks", "Content-Length: 999999999999"),
            head("POST /v1/batches", "Transfer-Encoding: chunked") + "7fffffff\r\n[", ndjson + "7fffffff\r\n", ndjson + "1;"
        };
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            RawClient one = joins();
            String start = floods[i % floods.length];
            senders.add(Thread.ofPlatform().daemon().start(() -> {
                try {
                    one.send(start);
                    byte[] more = " ".repeat(1 << 16).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
                    while (true) {
                        one.send(more);
                    }
                } catch (IOException e) {
                    // refused, or closed at the end of the test
                }
            }));
        }
        quicklyServed();
        assertThat(usedHeap() - before).as("heap").isLessThan(150L << 20);
        allGone();
        for (Thread sender : senders) {
            sender.join(10_000);
        }
    }

    @Test
    void clientsThatVanishInTheMiddle() throws Exception {
        for (int i = 0; i < 300; i++) {
            RawClient one = joins();
            one.send(head("POST /v1/tasks", "Content-Length: 100") + "{\"url\":");
            if (i % 2 == 0) {
                one.close();
            }
        }
        quicklyServed();
        allGone();
    }
}
