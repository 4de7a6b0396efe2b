package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.Tasks;
import dev.fetchback.store.StoreException;
import dev.fetchback.task.Phase;
import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BatchTest {
    private static final String NDJSON = "application/x-ndjson";
    private static final String LINE = "{\"url\":\"https://example.com/\"}\n";

    private Api api;

    @BeforeEach
    void open() throws Exception {
        api = Api.open();
    }

    @AfterEach
    void close() {
        api.close();
    }

    private HttpResponse<String> lines(String body) throws Exception {
        return api.post("/v1/batches", body, "Content-Type", NDJSON);
    }

    @Test
    void aJsonBatchIsTakenItemByItem() throws Exception {
        HttpResponse<String> response = api.post(
                "/v1/batches",
                """
                {"items":[{"url":"https://example.com/1"},{"uri":"x"},7,{"url":"https://example.com/2","labels":[]},
                          {"url":"https://example.com/ä","fetch":{"max_attempts":0}}],
                 "defaults":{"labels":["nightly"],"priority":2}}""");
        assertThat(response.statusCode()).isEqualTo(202);
        Map<String, String> answer = Json.flat(response.body());
        assertThat(answer)
                .containsEntry("/accepted", "2")
                .containsEntry("/rejected", "3")
                .containsEntry("/errors/0/index", "1")
                .containsEntry("/errors/0/code", "unknown_field")
                .containsEntry("/errors/0/pointer", "/items/1/uri")
                .containsEntry("/errors/1/code", "wrong_type")
                .containsEntry("/errors/1/pointer", "/items/2")
                .containsEntry("/errors/2/pointer", "/items/4/fetch/max_attempts");
        assertThat(response.headers().firstValue("Location")).hasValue("/v1/batches/" + answer.get("/id"));
        Map<String, String> list = Json.flat(api.get("/v1/tasks?batch=" + answer.get("/id")).body());
        assertThat(list)
                .containsEntry("/tasks/0/url", "https://example.com/2")
                .containsEntry("/tasks/0/labels", "[]")
                .containsEntry("/tasks/0/priority", "2")
                .containsEntry("/tasks/1/labels/0", "nightly")
                .doesNotContainKey("/tasks/2/id");
    }

    @Test
    void brokenJsonStoresNothing() throws Exception {
        String good = "{\"url\":\"https://example.com/\"}";
        for (String body : new String[] {
            "{\"items\":[" + good + "," + good,
            "{\"items\":[" + good + "]} x",
            "{\"items\":[" + good + "],\"items\":[]}",
            "{\"items\":[" + good + "],\"item\":[]}",
            "{\"items\":[" + good + "],\"defaults\":{\"url\":\"http://a/\"}}",
            "{\"items\":[" + good + "],\"defaults\":{\"priority\":77}}",
            "{\"items\":[" + good + "],\"defaults\":{},\"defaults\":{}}",
            "{\"items\":{}}",
            "{\"defaults\":{}}",
            "[]",
            "",
        }) {
            HttpResponse<String> response = api.post("/v1/batches", body);
            assertThat(response.statusCode()).as(body).isEqualTo(400);
        }
        assertThat(api.tasks.size()).isZero();
        assertThat(api.tasks.batchCount()).isZero();
        assertThat(Json.text(
                        api.post("/v1/batches", "{\"items\":[" + good + "],\"defaults\":{\"priority\":77}}").body(), "/pointer"))
                .isEqualTo("/defaults/priority");
    }

    @Test
    void tooLargeABatchIsSentToTheStream() throws Exception {
        ApiLimits d = ApiLimits.DEFAULT;
        ApiLimits small = new ApiLimits(
                new ApiLimits.Crowd(10, 10, 1, 1), new ApiLimits.Bodies(1 << 20, 2048), d.patience());
        try (Api other = Api.open(Tokens.none(), s -> Api.with(s, small))) {
            HttpResponse<String> response = other.post("/v1/batches", "{\"items\":[" + " ".repeat(3000) + "]}");
            assertThat(response.statusCode()).isEqualTo(413);
            assertThat(response.body()).contains(NDJSON);
        }
    }

    @Test
    void bodiesTogetherStayWithinTheirBudget() throws Exception {
        ApiLimits d = ApiLimits.DEFAULT;
        ApiLimits small = new ApiLimits(
                new ApiLimits.Crowd(10, 10, 1, 1), new ApiLimits.Bodies(100_000, 1 << 20), d.patience());
        try (Api other = Api.open(Tokens.none(), s -> Api.with(s, small))) {
            String large = "{\"items\":[" + " ".repeat(150_000) + "]}";
            assertThat(other.post("/v1/batches", large).statusCode()).isEqualTo(503);
            String task = "{\"url\":\"https://example.com/\"" + " ".repeat(150_000) + "}";
            assertThat(other.post("/v1/tasks", task).statusCode()).isEqualTo(503);
            for (int i = 0; i < 5; i++) { // what was taken is given back
                String fitting = "{\"items\":[" + LINE + " ".repeat(80_000) + "]}";
                assertThat(other.post("/v1/batches", fitting).statusCode()).isEqualTo(202);
                assertThat(other.post("/v1/tasks", LINE + " ".repeat(60_000)).statusCode()).isEqualTo(202);
            }
        }
    }

    @Test
    void linesAreTakenOneByOne() throws Exception {
        HttpResponse<String> response = lines(
                "\n" + LINE + "\r\n  \n{\"url\":5}\r\n" + LINE + "{}{}\n{\"url\":\"https://example.com/last\"}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        assertThat(Json.flat(response.body()))
                .containsEntry("/accepted", "3")
                .containsEntry("/rejected", "2")
                .containsEntry("/errors/0/index", "1")
                .containsEntry("/errors/0/code", "wrong_type")
                .containsEntry("/errors/0/pointer", "/url")
                .containsEntry("/errors/1/index", "3")
                .containsEntry("/errors/1/code", "trailing_text");
    }

    @Test
    void aLineThatIsTooLongIsPassedOver() throws Exception {
        String longLine = "{\"url\":\"https://example.com/\",\"body\":\"" + "x".repeat(ApiLimits.TASK_BYTES) + "\"}\n";
        assertThat(Json.flat(lines(LINE + longLine + LINE).body()))
                .containsEntry("/accepted", "2")
                .containsEntry("/errors/0/index", "1")
                .containsEntry("/errors/0/code", "body_too_large");
    }

    @Test
    void withoutAGoodTaskNothingIsAccepted() throws Exception {
        HttpResponse<String> response = lines("{}\n".repeat(150));
        assertThat(response.statusCode()).isEqualTo(400);
        Map<String, String> answer = Json.flat(response.body());
        assertThat(answer)
                .containsEntry("/code", "batch_rejected")
                .containsEntry("/id", null)
                .containsEntry("/accepted", "0")
                .containsEntry("/rejected", "150")
                .containsKey("/errors/99/index")
                .doesNotContainKey("/errors/100/index");
        assertThat(api.tasks.batchCount()).isZero();
    }

    @Test
    void aBatchCanBeSentAgain() throws Exception {
        String body = """
                {"url":"https://example.com/1","idempotency_key":"a"}
                {"url":"https://example.com/2","idempotency_key":"b"}
                """;
        lines(body);
        HttpResponse<String> again = lines(body + "{\"url\":\"https://example.com/other\",\"idempotency_key\":\"a\"}\n");
        assertThat(again.statusCode()).isEqualTo(202);
        assertThat(Json.flat(again.body()))
                .containsEntry("/accepted", "0")
                .containsEntry("/deduplicated", "2")
                .containsEntry("/errors/0/index", "2")
                .containsEntry("/errors/0/code", "idempotency_conflict");
        assertThat(api.tasks.size()).isEqualTo(2);
    }

    @Test
    void theStateOfABatchIsCounted() throws Exception {
        String id = Json.text(lines(LINE.repeat(4)).body(), "/id");
        Map<String, String> list = Json.flat(api.get("/v1/tasks?batch=" + id).body());
        api.tasks.succeed(TaskId.parse(list.get("/tasks/0/id")).orElseThrow(), new byte[1], "text/html", "ab");
        api.tasks.fail(TaskId.parse(list.get("/tasks/1/id")).orElseThrow(), Phase.DEAD, "http_status");
        assertThat(Json.flat(api.get("/v1/batches/" + id).body()))
                .containsEntry("/id", id)
                .containsEntry("/accepted", "4")
                .containsEntry("/finished", "2")
                .containsEntry("/live", "2")
                .containsEntry("/done", "false")
                .containsEntry("/states/succeeded", "1")
                .containsEntry("/states/dead", "1");
    }

    @Test
    void aLongStreamIsReadInChunksAndHoldsLittle() throws Exception {
        int count = 200_000;
        AtomicInteger under = new AtomicInteger();
        AtomicInteger underMax = new AtomicInteger();
        AtomicInteger sizeMax = new AtomicInteger();
        api.tasks.beforeSubmit = submissions -> {
            underMax.accumulateAndGet(under.incrementAndGet(), Math::max);
            sizeMax.accumulateAndGet(submissions.size(), Math::max);
            Thread.yield(); // lets the other chunk be seen
            under.decrementAndGet();
        };
        byte[] line = LINE.getBytes(StandardCharsets.US_ASCII);
        InputStream source = new Lines(line, count);
        HttpRequest request = HttpRequest.newBuilder(api.uri("/v1/batches"))
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", NDJSON)
                .POST(BodyPublishers.ofInputStream(() -> source))
                .build();
        HttpResponse<String> response = api.send(request);
        assertThat(Json.flat(response.body())).containsEntry("/accepted", "200000").containsEntry("/rejected", "0");
        assertThat(api.tasks.size()).isEqualTo(count);
        assertThat(sizeMax).hasValueLessThanOrEqualTo(BatchRun.CHUNK_TASKS);
        assertThat(underMax).hasValueLessThanOrEqualTo(BatchRun.CHUNKS_MAX);
    }

    @Test
    void aSlowStoreHoldsUpTheSender() throws Exception {
        Semaphore allowed = new Semaphore(0);
        api.tasks.beforeSubmit = submissions -> allowed.acquireUninterruptibly();
        AtomicLong sent = new AtomicLong();
        int count = 2_000_000;
        byte[] line = LINE.getBytes(StandardCharsets.US_ASCII);
        try (RawClient client = api.raw()) {
            client.send("POST /v1/batches HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\nContent-Type: " + NDJSON
                    + "\r\nContent-Length: " + (long) count * line.length + "\r\n\r\n");
            Thread sender = Thread.ofPlatform().daemon().start(() -> {
                byte[] block = LINE.repeat(1000).getBytes(StandardCharsets.US_ASCII);
                try {
                    for (int i = 0; i < count / 1000; i++) {
                        client.send(block);
                        sent.addAndGet(1000);
                    }
                } catch (IOException e) {
                    return; // the test has seen enough
                }
            });
            long before = -1;
            while (sent.get() != before) { // until it makes no more progress
                before = sent.get();
                assertThat(sender.join(Duration.ofMillis(300))).isFalse();
            }
            long bytes = before * line.length;
            assertThat(bytes).as("bytes taken while nothing could be stored").isLessThan(16 << 20);
            allowed.release(1_000_000);
        }
    }

    @Test
    void aCutUploadKeepsWhatCameWhole() throws Exception {
        CountDownLatch first = new CountDownLatch(2);
        api.tasks.beforeSubmit = submissions -> first.countDown();
        try (RawClient client = api.raw()) {
            client.send("POST /v1/batches HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\nContent-Type: " + NDJSON
                    + "\r\nContent-Length: 1000000\r\n\r\n" + LINE.repeat(2 * BatchRun.CHUNK_TASKS) + "{\"url\":");
            assertThat(first.await(20, TimeUnit.SECONDS)).isTrue();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (api.tasks.size() < 2 * BatchRun.CHUNK_TASKS || !api.get("/metrics").body().contains("fetchback_http_requests_in_flight 1.0")) {
            assertThat(System.nanoTime()).isLessThan(end);
        }
        assertThat(api.tasks.size()).isEqualTo(2 * BatchRun.CHUNK_TASKS);
    }

    @Test
    void aFullDiskInTheMiddleIsToldWithWhatIsStored() throws Exception {
        AtomicInteger chunks = new AtomicInteger();
        api.tasks.beforeSubmit = submissions -> {
            if (chunks.incrementAndGet() > 2) {
                throw new StoreException(StoreException.Kind.FULL, "disk full", null);
            }
        };
        HttpResponse<String> response = lines(LINE.repeat(10 * BatchRun.CHUNK_TASKS));
        assertThat(response.statusCode()).isEqualTo(507);
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
        assertThat(Json.flat(response.body()))
                .containsEntry("/code", "storage_full")
                .containsEntry("/accepted", Integer.toString(2 * BatchRun.CHUNK_TASKS));
        assertThat(Json.text(response.body(), "/id")).startsWith("bat_");
    }

    @Test
    void anOverloadedStoreIsAskedAgain() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        api.tasks.beforeSubmit = submissions -> {
            if (tries.incrementAndGet() < 3) {
                throw new Tasks.Overloaded("full");
            }
        };
        assertThat(Json.text(lines(LINE.repeat(10)).body(), "/accepted")).isEqualTo("10");
        assertThat(tries).hasValue(3);
    }

    @Test
    void moreUploadsThanThreadsAreToldToComeAgain() throws Exception {
        ApiLimits d = ApiLimits.DEFAULT;
        ApiLimits one = new ApiLimits(
                new ApiLimits.Crowd(10, 10, 1, 1), new ApiLimits.Bodies(1 << 20, 1 << 20), d.patience());
        try (Api small = Api.open(Tokens.none(), s -> Api.with(s, one));
                RawClient first = small.raw()) {
            CountDownLatch reading = new CountDownLatch(1);
            small.tasks.beforeSubmit = submissions -> reading.countDown();
            first.send("POST /v1/batches HTTP/1.1\r\nHost: localhost:" + small.port() + "\r\nContent-Type: " + NDJSON
                    + "\r\nContent-Length: 1000000\r\n\r\n" + LINE.repeat(BatchRun.CHUNK_TASKS));
            assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();
            HttpResponse<String> second = small.post("/v1/batches", LINE, "Content-Type", NDJSON);
            assertThat(second.statusCode()).isEqualTo(503);
        }
    }

    @Test
    void aDrainLetsAnUploadFinish() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        api.tasks.beforeSubmit = submissions -> reading.countDown();
        try (RawClient client = api.raw()) {
            int lines = 2 * BatchRun.CHUNK_TASKS;
            client.send("POST /v1/batches HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\nContent-Type: " + NDJSON
                    + "\r\nContent-Length: " + lines * LINE.length() + "\r\n\r\n" + LINE.repeat(BatchRun.CHUNK_TASKS));
            assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();
            Thread closing = Thread.ofPlatform().start(api.server::close);
            client.send(LINE.repeat(BatchRun.CHUNK_TASKS));
            assertThat(client.answer()).startsWith("HTTP/1.1 202").contains("\"accepted\":" + lines);
            closing.join(Duration.ofSeconds(10));
        }
    }

    @Test
    void aDrainEndsAnUploadWithWhatIsStored() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        api.close();
        api = Api.open(Tokens.none(), s -> Api.drain(s, Duration.ofSeconds(2)));
        api.tasks.beforeSubmit = submissions -> reading.countDown();
        try (RawClient client = api.raw()) {
            client.send("POST /v1/batches HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\nContent-Type: " + NDJSON
                    + "\r\nContent-Length: 1000000\r\n\r\n" + LINE.repeat(BatchRun.CHUNK_TASKS));
            assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();
            Thread closing = Thread.ofPlatform().start(api.server::close);
            assertThat(client.answer())
                    .startsWith("HTTP/1.1 503")
                    .contains("\"code\":\"draining\"", "\"accepted\":" + BatchRun.CHUNK_TASKS);
            closing.join(Duration.ofSeconds(10));
        }
    }

    /** The same line again and again. */
    private static final class Lines extends InputStream {
        private final byte[] line;
        private final long bytes;
        private long at;

        Lines(byte[] line, int count) {
            this.line = line;
            this.bytes = (long) count * line.length;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("read in pieces");
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (at == bytes) {
                return -1;
            }
            int count = (int) Math.min(length, bytes - at);
            for (int i = 0; i < count; i++) {
                into[offset + i] = line[(int) (at++ % line.length)];
            }
            return count;
        }
    }
}
