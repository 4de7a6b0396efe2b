package dev.fetchback.server.intake;

import static dev.fetchback.server.intake.HostileTest.head;
import static dev.fetchback.server.intake.HostileTest.quick;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests whose framing is broken, endless or slow: at most one answer, nothing smuggled in, and the connection closed in time. */
@Tag("alone")
class HostileFramingTest {
    private static final String URL = "{\"url\":\"https://example.com/\"}";

    /** A task is at the end of each of them: whoever frames it otherwise than the server would have it stored. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Transfer-Encoding: chunked~~xyz~", "Transfer-Encoding: chunked~~-5~hello~0~~", "Transfer-Encoding: chunked~~0x5~hello~0~~",
                "Transfer-Encoding: chunked~~ffffffffffffffff1~x", "Transfer-Encoding: chunked~~7fffffffffffffff~x",
                "Transfer-Encoding: chunked~~5;\0~hello~0~~", "Transfer-Encoding: chunked~~3~hello~0~~", "Transfer-Encoding: chunked~~;~",
                "Transfer-Encoding: identity~~0~~", "Transfer-Encoding: xchunked~~0~~",
                "Transfer-Encoding: chunked, chunked~~0~~", "Transfer-Encoding: chunked~Transfer-Encoding: identity~~0~~",
                "Transfer-Encoding : chunked~~0~~", "Transfer-Encoding: chunked~Content-Length: 3~~0~~", "Content-Length: 3~Transfer-Encoding: x~~abc",
                "Content-Length: 5, 6~~hello", "Content-Length: +5~~hello", "Content-Length: 0x5~~hello", "Content-Length: 5 5~~hello",
                "Content-Length:~~hello", "Content-Length: 99999999999999999999~~hello", "Content-Length : 5~~hello", "Content-Length: -5~~hello",
                "Content-Length: 5~Content-Length: 0~~hello", "X: a~ b: c~Content-Length: 0~~", "X: a\0b~Content-Length: 0~~",
                "X: a\rb~Content-Length: 0~~", " X: first~Content-Length: 0~~", "X\t: y~Content-Length: 0~~", "no colon~Content-Length: 0~~",
                ": empty~Content-Length: 0~~", "\u00e4: x~Content-Length: 0~~", "Host: other.example~Content-Length: 0~~"
            })
    void badFramingNeverLetsAnotherRequestThrough(String framing) throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            String task = head(api, "POST /v1/tasks", "Content-Length: " + URL.length()) + URL;
            client.send("POST /v1/tasks HTTP/1.1\r\nHost: localhost:" + api.port() + "\r\n" + framing.replace("~", "\r\n") + task);
            String answers = client.untilClosed();
            assertThat(answers.split("HTTP/1\\.1 [1-5]", -1).length - 1).as(answers).isLessThanOrEqualTo(1);
            assertThat(answers).doesNotContain("HTTP/1.1 2").doesNotContain("\tat ");
            assertThat(api.tasks.size()).isZero();
            assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/tasks~", "GET /v1/tasks HTTP/0.9~~", "GET /v1/tasks HTTP/2.0~Host: localhost~~", "PRI * HTTP/2.0~~SM~~",
                "SSH-2.0-client~", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2~GET /v1/tasks HTTP/1.1~Host: localhost~~", "CONNECT evil.example:80 HTTP/1.1~Host: x~~",
                "GET http://evil.example/v1/tasks HTTP/1.1~Host: evil.example~~", "GET /v1/tasks HTTP/1.1~Host: evil.example~~",
                "GET /v1/tasks HTTP/1.1~Host: localhost:1@evil~~", "GET  /v1/tasks HTTP/1.1~Host: localhost~~", "\0\0\0\0~~",
                "GET /v1/tasks\0 HTTP/1.1~Host: localhost~~", "GET /v1/tasks HTTP/1.1 extra~Host: localhost~~", "G\u00cbT / HTTP/1.1~~"
            })
    void whatSpeaksAnotherLanguageIsAnsweredNothingGood(String request) throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            assertThat(client.send(request.replace("~", "\r\n")).untilClosed()).doesNotContain("HTTP/1.1 2").doesNotContain("\tat ");
            assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aTlsGreetingIsClosed() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            byte[] hello = new byte[517];
            System.arraycopy(new byte[] {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3}, 0, hello, 0, 11);
            assertThat(client.send(hello).untilClosed()).doesNotContain("HTTP/1.1 2");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-A: ", "A:b\r\nC", "\r\n"})
    void endlessHeadersAreCut(String part) throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            Thread flood = flooding(client, (part.isBlank() ? "" : "GET / HTTP/1.1\r\nHost: localhost\r\n") + part, part);
            assertThat(client.untilClosed()).doesNotContain("HTTP/1.1 2");
            flood.join(20_000);
            assertThat(flood.isAlive()).isFalse();
        }
    }

    private static Thread flooding(RawClient client, String start, String part) {
        return Thread.ofPlatform().daemon().start(() -> {
            try {
                client.send(start);
                byte[] parts = part.repeat(4096).getBytes(StandardCharsets.ISO_8859_1);
                while (true) {
                    client.send(parts);
                }
            } catch (IOException e) {
                return; // cut, as it should be
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/tasks", "/v1/batches", "/v1/dead/redrive"})
    void chunksThatAreHugeOrEndlessAreRefused(String path) throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            String json = head(api, "POST " + path, "Content-Type: application/json", "Transfer-Encoding: chunked");
            Thread flood = flooding(client, json + "7fffffff\r\n", "[");
            assertThat(client.answer()).containsPattern("^HTTP/1.1 (4|503)");
            client.untilClosed();
            flood.join(20_000);
            assertThat(flood.isAlive()).isFalse();
            assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
        }
    }

    /** The lines between chunks and after them carry no body whose pace could be judged. */
    @ParameterizedTest
    @ValueSource(strings = {"/v1/tasks 5;", "/v1/batches 5;", "/v1/tasks 0\r\nX: ", "/v1/batches 0\r\nX: ", "/v1/tasks 0000", "/v1/dead/redrive 1;"})
    void linesOfTheFramingThatDribbleAreCut(String request) throws Exception {
        String path = request.substring(0, request.indexOf(' '));
        String start = request.substring(request.indexOf(' ') + 1);
        try (Api api = quick();
                RawClient client = api.raw()) {
            String type = path.equals("/v1/batches") ? "application/x-ndjson" : "application/json";
            client.send(head(api, "POST " + path, "Content-Type: " + type, "Transfer-Encoding: chunked") + start);
            CountDownLatch stop = new CountDownLatch(1);
            Thread dribble = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (!stop.await(200, TimeUnit.MILLISECONDS)) {
                        client.send("0");
                    }
                } catch (IOException | InterruptedException e) {
                    return; // cut, as it should be
                }
            });
            long began = System.nanoTime();
            assertThat(client.untilClosed()).doesNotContain("HTTP/1.1 2");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
            stop.countDown();
            dribble.join();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!api.get("/metrics").body().contains("fetchback_http_requests_in_flight 1.0")) {
                assertThat(System.nanoTime()).as("the request is still inside").isLessThan(end);
            }
        }
    }

    @Test
    void whoeverClosesItsSideIsAnsweredAllTheSame() throws Exception {
        try (Api api = quick();
                RawClient client = api.raw()) {
            client.send(head(api, "POST /v1/tasks", "Content-Length: " + URL.length()) + URL);
            client.sendsNoMore();
            assertThat(client.untilClosed()).startsWith("HTTP/1.1 202");
        }
        try (Api api = quick();
                RawClient client = api.raw()) {
            client.send(head(api, "POST /v1/tasks", "Content-Length: 100") + URL);
            client.sendsNoMore();
            assertThat(client.untilClosed()).doesNotContain("HTTP/1.1 2");
            assertThat(api.tasks.size()).isZero();
        }
    }
}
