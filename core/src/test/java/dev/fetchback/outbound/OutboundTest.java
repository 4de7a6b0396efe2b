package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The everyday behaviour; {@link HostileServerTest} has the rest. */
class OutboundTest {
    private static final String TEXT = "Hello, hello, hello. ".repeat(500);

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void fetchesAPage() throws Exception {
        try (RawServer server = new RawServer(call -> call.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello"))) {
            Fixture.Result result = fixture.send(Fixture.request("GET", server.url("/a?b"), null, new Field("Accept", "text/*")));
            assertThat(result.body()).isEqualTo("hello");
            Exchange.Answer answer = result.answer();
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.field("CONTENT-TYPE")).isEqualTo("text/plain");
            assertThat(answer.fields()).contains(new Field("X-A", "1"), new Field("x-a", "2"));
            assertThat(answer.target()).isEqualTo(server.url("/a?b"));
            assertThat(answer.cut()).isFalse();
            assertThat(answer.timings().total()).isPositive();
            assertThat(server.heads()).containsExactly("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:" + server.port()
                    + "\r\nAccept: text/*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n");
        }
    }

    @Test
    void sendsABodyAndItsLength() throws Exception {
        AtomicReference<byte[]> received = new AtomicReference<>();
        try (RawServer server = new RawServer(call -> {
            received.set(call.body());
            call.ok("x");
        })) {
            String large = "ü".repeat(200_000);
            fixture.send(Fixture.request("POST", server.url("/"), large, new Field("Content-Length", "7"), new Field("Host",
                    "evil")));
            assertThat(received.get()).isEqualTo(large.getBytes(StandardCharsets.UTF_8));
            assertThat(server.heads().getFirst()).contains("Content-Length: 400000").doesNotContain("evil").doesNotContain(": 7");
            fixture.send(Fixture.request("POST", server.url("/"), null));
            assertThat(server.heads().getLast()).contains("Content-Length: 0");
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"gzip", "x-gzip", "deflate", "raw", "zstd", "br", "identity", "'gzip, identity'", "GZIP"})
    void undoesOneContentCoding(String coding) throws Exception {
        byte[] encoded = encode(coding, TEXT);
        try (RawServer server = new RawServer(call -> {
            call.send("HTTP/1.1 200 OK\r\nContent-Encoding: " + coding.replace("raw", "deflate") + "\r\nContent-Length: "
                    + encoded.length
                    + "\r\n\r\n");
            call.send(encoded);
        })) {
            assertThat(fixture.get(server.url("/")).body()).isEqualTo(TEXT);
            assertThat(fixture.get(server.url("/")).body()).isEqualTo(TEXT);
            assertThat(server.accepted()).as("the connection was used again").isEqualTo(1);
        }
    }

    @Test
    void anEncodedBodyMayBeEmpty() throws Exception {
        try (RawServer server =
                new RawServer(call -> call.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"))) {
            assertThat(fixture.get(server.url("/")).answer().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, one-two", "100, one-two", "101,"})
    void readsGzipMembersInARowUnlessTooManyAreEmpty(int empty, @Nullable String body) throws Exception {
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        members.write(encode("gzip", "one-"));
        for (int i = 0; i < empty; i++) {
            members.write(encode("gzip", ""));
        }
        members.write(encode("gzip", "two"));
        try (RawServer server = new RawServer(call -> {
            call.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + members.size() + "\r\n\r\n");
            call.send(members.toByteArray());
        })) {
            Fixture.Result result = fixture.get(server.url("/"));
            assertThat(result.kind()).as("%s", result.exchange()).isEqualTo(body == null ? Kind.BAD_ENCODING : null);
            if (body != null) {
                assertThat(result.body()).isEqualTo(body);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET  | HTTP/1.1 200 OK~Transfer-Encoding: chunked~~3;x=y~abc~2~de~0~T: r~~ | 200 | abcde | true
            GET  | HTTP/1.1 200 OK~Transfer-Encoding: CHUNKED~Content-Length: 3~~1~a~0~~| 200 | a     | false
            GET  | HTTP/1.1 200~Content-Length: 2~~ab                                  | 200 | ab    | true
            GET  | HTTP/1.1 200 OK~Content-Length: 2, 2~~ab                            | 200 | ab    | true
            GET  | HTTP/1.1 200 OK~Content-Length: 2~Connection: Close~~ab             | 200 | ab    | false
            GET  | HTTP/1.0 200 OK~Content-Length: 2~~ab                               | 200 | ab    | false
            GET  | HTTP/1.0 200 OK~Content-Length: 2~Connection: keep-alive~~ab        | 200 | ab    | true
            GET  | HTTP/1.1 200 OK~Content-Length: 2~Keep-Alive: timeout=1~~ab         | 200 | ab    | false
            GET  | HTTP/1.1 204 No Content~~                                           | 204 | ''    | true
            GET  | HTTP/1.1 304 Not Modified~Content-Length: 9~~                       | 304 | ''    | true
            HEAD | HTTP/1.1 200 OK~Content-Length: 9~Content-Encoding: gzip~~          | 200 | ''    | true
            GET  | HTTP/1.1 100 Continue~~HTTP/1.1 103 Early~A: b~~HTTP/1.1 200 OK~Content-Length: 1~~x | 200 | x | true
            GET  | HTTP/1.1 404 Not Found~Content-Length: 1~~x                         | 404 | x     | true
            GET  | HTTP/1.1 200 OK~A: b~ c~Content-Length: 1~~x                        | 200 | x     | true
            """)
    void knowsWhereABodyEnds(String method, String raw, int status, String body, boolean kept) throws Exception {
        try (RawServer server = new RawServer(call -> call.send(raw.replace("~", "\r\n")))) {
            Request request = Fixture.request(method, server.url("/"), null);
            for (int i = 0; i < 2; i++) {
                Fixture.Result result = fixture.send(request);
                assertThat(result.answer().status()).isEqualTo(status);
                assertThat(result.body()).isEqualTo(body);
            }
            assertThat(server.accepted()).isEqualTo(kept ? 1 : 2);
            assertThat(fixture.outbound.meters().open()).isEqualTo(kept ? 1 : 0);
        }
    }

    @Test
    void readsABodyThatEndsWithTheConnection() throws Exception {
        try (RawServer server = new RawServer(call -> {
            call.send("HTTP/1.1 200 OK\r\n\r\nall of it");
            call.socket().close();
        })) {
            assertThat(fixture.get(server.url("/")).body()).isEqualTo("all of it");
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    @Test
    void readsOnlyAsMuchOfAnAnswerAsAsked() throws Exception {
        try (RawServer server = new RawServer(call -> call.ok("x".repeat(100_000)))) {
            Request request = new Request(server.url("/"), "POST", List.of(), new byte[1], Request.Limits.call(Fixture.TOTAL,
                    1000));
            Fixture.Result result = fixture.send(request);
            assertThat(result.answer().cut()).isTrue();
            assertThat(result.body()).hasSize(1000);
        }
    }

    @Test
    void leavesABodyThatNobodyWants() throws Exception {
        try (RawServer server = new RawServer(call -> {
            if (call.path().equals("/short")) {
                call.ok("x".repeat(1000));
            } else {
                call.ok("x".repeat(1_000_000));
            }
        })) {
            fixture.outbound.exchange(Fixture.request("GET", server.url("/short"), null), BodySink.NONE);
            assertThat(fixture.outbound.meters().open()).isEqualTo(1);
            assertThat(fixture.outbound.exchange(Fixture.request("GET", server.url("/long"), null), BodySink.NONE))
                    .isInstanceOf(Exchange.Answer.class);
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    @Test
    void saysWhenTheSinkFails() throws Exception {
        BodySink full = new BodySink() {
            @Override
            public boolean begin(int status, List<Field> fields, long length) {
                return true;
            }

            @Override
            public void write(byte[] buffer, int offset, int count) throws IOException {
                throw new IOException("/secret/path: no space left");
            }
        };
        try (RawServer server = new RawServer(call -> call.ok("x"))) {
            Exchange exchange = fixture.outbound.exchange(Fixture.request("GET", server.url("/"), null), full);
            assertThat(exchange).isInstanceOfSatisfying(Exchange.Failure.class, failure -> {
                assertThat(failure.kind()).isEqualTo(Kind.SINK_FAILED);
                assertThat(failure.detail()).doesNotContain("secret");
            });
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    @Test
    void triesTheNextAddressWhenOneIsDead() throws Exception {
        try (RawServer server = new RawServer(call -> call.ok("x"))) {
            fixture.names.put("two.test", List.of(InetAddress.ofLiteral("127.0.0.9"), InetAddress.ofLiteral("127.0.0.1")));
            Target target = Target.parse("http://two.test:" + server.port() + "/");
            assertThat(fixture.get(target).body()).isEqualTo("x");
            assertThat(fixture.get(target).body()).isEqualTo("x");
            assertThat(server.accepted()).isEqualTo(1);
            assertThat(fixture.outbound.meters().opened()).as("the open connection was preferred").isEqualTo(2);
            assertThat(server.heads().getFirst()).contains("Host: two.test:" + server.port());
        }
    }

    @Test
    void namesThatDoNotResolveAndPortsThatAreClosedAreFailures() throws Exception {
        Fixture.Result unknown = fixture.get(Target.parse("http://nowhere.test/"));
        assertThat(unknown.kind()).isEqualTo(Kind.DNS_FAILED);
        try (SocketChannel silent = SocketChannel.open()) { // holds a port on which nothing listens
            silent.bind(new InetSocketAddress("127.0.0.1", 0));
            int port = silent.socket().getLocalPort();
            assertThat(fixture.get(Target.parse("http://127.0.0.1:" + port + "/")).kind()).isEqualTo(Kind.CONNECT_FAILED);
        }
        assertThat(fixture.outbound.meters().open()).isZero();
    }

    @Test
    void keepsNoMoreThanTheLimitAndClosesTheOldest() throws Exception {
        try (Fixture small = new Fixture(new OutboundSettings(Fixture.SHORT, 2, 0), "127.0.0.0/8");
                RawServer server = new RawServer(call -> call.ok("x"))) {
            for (int i = 1; i <= 5; i++) {
                small.get(Target.parse("http://127.0.0.1:" + server.port() + "/"));
                small.names.put("h" + i + ".test", List.of(InetAddress.ofLiteral("127.0.0.1")));
                small.get(Target.parse("http://h" + i + ".test:" + server.port() + "/"));
                assertThat(small.outbound.meters().open()).isLessThanOrEqualTo(2);
            }
            assertThat(small.outbound.parts().pool().size()).isEqualTo(2);
            assertThat(server.accepted()).as("the busy one stayed, the five others came once").isEqualTo(6);
        }
    }

    @Test
    void closesIdleConnectionsInTheBackground() throws Exception {
        OutboundSettings.Timeouts brief = new OutboundSettings.Timeouts(
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofMillis(100));
        try (Fixture forgetful = new Fixture(new OutboundSettings(brief, 8, 0), "127.0.0.0/8");
                RawServer server = new RawServer(call -> call.ok("x"))) {
            forgetful.get(server.url("/"));
            assertThat(forgetful.outbound.meters().opened()).isEqualTo(1);
            Fixture.until(() -> forgetful.outbound.meters().open() == 0);
        }
    }

    @Test
    void limitsConnectionsInUseToOneAddressOverAllNames() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch three = new CountDownLatch(3);
        CountDownLatch go = new CountDownLatch(1);
        try (Fixture limited = new Fixture(new OutboundSettings(Fixture.SHORT, 16, 3), "127.0.0.0/8");
                RawServer server = new RawServer(call -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    three.countDown();
                    go.await(400, TimeUnit.MILLISECONDS);
                    now.decrementAndGet();
                    call.ok("x");
                })) {
            CountDownLatch done = new CountDownLatch(12);
            for (int i = 0; i < 12; i++) {
                limited.names.put("n" + i + ".test", List.of(InetAddress.ofLiteral("127.0.0.1")));
                Target target = Target.parse("http://n" + i + ".test:" + server.port() + "/");
                Thread.ofVirtual().start(() -> {
                    try {
                        if (limited.get(target).kind() == null) {
                            done.countDown();
                        }
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
            }
            assertThat(three.await(5, TimeUnit.SECONDS)).isTrue();
            go.countDown();
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(most.get()).isEqualTo(3);
            assertThat(limited.outbound.parts().gate().addresses()).isZero();
        }
    }

    @Test
    void aWaitForTheAddressEndsAtTheDeadline() throws Exception {
        CountDownLatch taken = new CountDownLatch(1);
        try (Fixture limited = new Fixture(new OutboundSettings(OutboundSettings.Timeouts.DEFAULT, 16, 1), "127.0.0.0/8");
                RawServer server = new RawServer(call -> {
                    taken.countDown();
                    call.untilClosed();
                })) {
            Thread first = Thread.ofVirtual().start(() -> {
                try {
                    limited.get(server.url("/"));
                } catch (Exception e) {
                    // closed at the end
                }
            });
            assertThat(taken.await(5, TimeUnit.SECONDS)).isTrue();
            Request request = new Request(
                    server.url("/"), "GET", List.of(), null, Request.Limits.page(Duration.ofMillis(100), 1000, 0));
            assertThat(limited.send(request).kind()).isEqualTo(Kind.DEADLINE);
            assertThat(server.accepted()).isEqualTo(1);
            limited.outbound.close();
            first.join(5_000);
            assertThat(first.isAlive()).isFalse();
        }
    }

    @Test
    void closingEndsWhatIsUnderWayAndRefusesMore() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        try (RawServer server = new RawServer(call -> {
            there.countDown();
            call.untilClosed();
        })) {
            AtomicReference<Kind> kind = new AtomicReference<>();
            Thread caller = Thread.ofVirtual().start(() -> {
                try {
                    kind.set(fixture.get(server.url("/")).kind());
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(there.await(5, TimeUnit.SECONDS)).isTrue();
            fixture.outbound.close();
            caller.join(5_000);
            assertThat(kind.get()).isEqualTo(Kind.CLOSED);
            assertThat(fixture.get(server.url("/")).kind()).isEqualTo(Kind.CLOSED);
        }
    }

    static byte[] encode(String coding, String text) throws IOException {
        byte[] plain = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        switch (coding) {
            case "zstd" -> {
                return Zstd.compress(plain);
            }
            case "br" -> {
                // Nothing here can compress Brotli, so this is TEXT as another program compressed it, whatever was asked for.
                return Base64.getDecoder().decode("GwMp+B2pU5+6WQ2CVIam2N6KxaXwuawSIIFGbCoIQAI=");
            }
            case "identity" -> bytes.write(plain);
            case "deflate", "raw" -> {
                try (OutputStream out = new DeflaterOutputStream(bytes, new Deflater(9, coding.equals("raw")))) {
                    out.write(plain);
                }
            }
            default -> {
                try (OutputStream out = new GZIPOutputStream(bytes)) {
                    out.write(plain);
                }
            }
        }
        return bytes.toByteArray();
    }
}
