package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** The real server with less heap than what it is given: it holds no more of it than it was told to. */
@Timeout(120)
@OnEachEngine
@Tag("alone")
final class SmallHeapTest {
    private static final String HEAP = "-Xmx40m";
    private static final int LINES = 300_000;
    private static final int PAGES = 250;
    private static final int PAGE_BYTES = 200_000;
    private static final long BODY_MEMORY = 4 << 20;

    @TempDir
    Path folder;

    @Parameter
    Engine engine;

    @Test
    void aStreamThatIsLargerThanTheHeapIsTakenWhole() throws Exception {
        byte[] line = ("{\"url\":\"http://127.0.0.1/\",\"delay\":\"24h\",\"metadata\":{\"x\":\"" + "x".repeat(90) + "\"}}\n")
                .getBytes(StandardCharsets.US_ASCII);
        assertThat((long) line.length * LINES).isGreaterThan(40 << 20);
        try (ChildServer server = launch();
                HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(server.uri("/v1/batches")).header("Content-Type", "application/x-ndjson")
                    .POST(BodyPublishers.ofInputStream(() -> new Repeated(line, LINES))).build();
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
            assertThat(answer.body()).contains("\"accepted\":" + LINES, "\"rejected\":0");
            await(server, "fetchback_tasks_waiting{stage=\"fetch\"}", LINES);
            assertThat(server.stop()).isZero();
            assertThat(server.lines("ERROR")).isEmpty();
        }
    }

    @Test
    void pagesWaitOnDiskWhileEveryReceiverIsDown() throws Exception {
        String page = "x".repeat(PAGE_BYTES);
        assertThat((long) PAGE_BYTES * PAGES).isGreaterThan(40 << 20);
        int closed;
        try (ServerSocket socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        try (Web pages = new Web(seen -> Web.Answer.of(200, page));
                ChildServer server = launch()) {
            StringBuilder batch = new StringBuilder();
            for (int i = 0; i < PAGES; i++) {
                String receiver = "http://127.0.0.1:" + closed + "/hook" + i;
                batch.append("{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"to\":\"" + receiver + "\"}}\n");
            }
            assertThat(server.call("POST", "/v1/batches", batch.toString(), "Content-Type", "application/x-ndjson").body())
                    .contains("\"accepted\":" + PAGES);
            double inMemory = await(server, "fetchback_tasks_waiting{stage=\"deliver\"}", PAGES);
            assertThat(inMemory).isLessThanOrEqualTo(BODY_MEMORY);
            await(server, "fetchback_spool_bytes", (double) PAGES * PAGE_BYTES);
            assertThat(pages.arrived.availablePermits()).as("each page was fetched once").isEqualTo(PAGES);
            assertThat(server.stop()).isZero();
            assertThat(server.lines("ERROR")).isEmpty();
        }
    }

    private ChildServer launch() throws Exception {
        return ChildServer.launchWith(HEAP, folder, "--port", "0", "--data-dir", folder.resolve("data").toString(), "--store", engine.fresh(),
                "--fetch-allow-networks", "127.0.0.0/8", "--fetch-per-host-gap", "0s", "--fetch-per-host-concurrency", "64",
                "--fetch-per-address-concurrency", "64", "--deliver-allow-networks", "127.0.0.0/8",
                "--deliver-schedule", "0s,1h", "--body-memory", "4MiB").listening();
    }

    /** Waits until a measure of the store has that value; the most bytes of pages that were in memory meanwhile. */
    private static double await(ChildServer server, String sample, double value) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        double inMemory = 0;
        while (true) {
            String text = server.call("GET", "/metrics", "").body();
            inMemory = Math.max(inMemory, metric(text, "fetchback_body_memory_bytes").orElseThrow());
            OptionalDouble now = metric(text, sample); // none while the store is too busy to say
            if (now.equals(OptionalDouble.of(value))) {
                return inMemory;
            }
            assertThat(System.nanoTime()).as("%s is %s\n%s", sample, now, server.log()).isLessThan(end);
            Thread.sleep(50);
        }
    }

    private static OptionalDouble metric(String text, String sample) {
        Matcher matcher = Pattern.compile("(?m)^" + Pattern.quote(sample) + " ([0-9.E+]+)$").matcher(text);
        return matcher.find() ? OptionalDouble.of(Double.parseDouble(matcher.group(1))) : OptionalDouble.empty();
    }

    /** The same bytes again and again. */
    private static final class Repeated extends InputStream {
        private final byte[] bytes;
        private long left;
        private int at;

        Repeated(byte[] bytes, int times) {
            this.bytes = bytes;
            this.left = (long) bytes.length * times;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("byte by byte it would take all day");
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (left == 0) {
                return -1;
            }
            int count = (int) Math.min(left, Math.min(length, bytes.length - at));
            System.arraycopy(bytes, at, into, offset, count);
            at = (at + count) % bytes.length;
            left -= count;
            return count;
        }
    }
}
