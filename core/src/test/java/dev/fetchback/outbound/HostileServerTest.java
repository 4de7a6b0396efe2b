package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Servers that stall, flood, lie and break off. Each case ends with its own kind, in bounded time, and leaves no connection
 * behind.
 */
class HostileServerTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    private static final int MEBIBYTE = 1 << 20;

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private void ends(Kind expected, RawServer.Script script) throws Exception {
        ends(fixture, expected, script);
    }

    static void ends(Fixture fixture, Kind expected, RawServer.Script script) throws Exception {
        try (RawServer server = new RawServer(script)) {
            long from = System.nanoTime();
            Fixture.Result result = fixture.get(server.url("/"));
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
            assertThat(result.kind()).as("%s", result.exchange()).isEqualTo(expected);
            assertThat(millis).as("milliseconds").isLessThan(8_000);
            assertThat(result.body().length()).isLessThanOrEqualTo(MEBIBYTE);
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    private static void drip(RawServer.Call call, String text, int millis) throws Exception {
        for (char c : text.toCharArray()) {
            call.send(String.valueOf(c));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
        }
        call.untilClosed();
    }

    private static void flood(RawServer.Call call, String start, String part) throws Exception {
        call.send(start);
        byte[] parts = part.repeat(Math.max(16_384 / part.length(), 1)).getBytes(StandardCharsets.ISO_8859_1);
        while (true) {
            call.send(parts);
        }
    }

    static List<Arguments> slow() {
        String body = OK + "Content-Length: 1000\r\n\r\n";
        return List.of(
                slow("says nothing", Kind.HEAD_TIMEOUT, RawServer.Call::untilClosed),
                slow("drips its status line", Kind.HEAD_TIMEOUT, call -> drip(call, OK, 100)),
                slow("drips its fields", Kind.HEAD_TIMEOUT, call -> drip(call, OK + "Server: slow\r\n", 50)),
                slow("drips interim answers", Kind.HEAD_TIMEOUT, call -> drip(call, "HTTP/1.1 100 Continue\r\n\r\n", 50)),
                slow("stalls in its body", Kind.IDLE_TIMEOUT, call -> {
                    call.send(body + "abc");
                    call.untilClosed();
                }),
                slow("stalls in a chunk", Kind.IDLE_TIMEOUT, call -> {
                    call.send(OK + "Transfer-Encoding: chunked\r\n\r\nff\r\nabc");
                    call.untilClosed();
                }),
                slow("drips its body", Kind.TOO_SLOW, call -> {
                    call.send(body);
                    drip(call, "x".repeat(1000), 20);
                }));
    }

    private static Arguments slow(String name, Kind kind, RawServer.Script script) {
        return Arguments.of(name, kind, script);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("slow")
    void endsServersThatAreSlow(String name, Kind kind, RawServer.Script script) throws Exception {
        try (Fixture impatient = Fixture.impatient()) {
            ends(impatient, kind, script);
        }
    }

    @Test
    void endsAReceiverThatDoesNotReadALargeBody() throws Exception {
        try (Fixture impatient = Fixture.impatient();
                ServerSocket deaf = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            Target target = Target.parse("http://127.0.0.1:" + deaf.getLocalPort() + "/");
            Fixture.Result result = impatient.send(Fixture.request("POST", target, "x".repeat(20 * MEBIBYTE)));
            assertThat(result.kind()).isEqualTo(Kind.IDLE_TIMEOUT);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = false, textBlock = """
            TOO_LARGE|HTTP/1.1 200 OK~~|x
            TOO_LARGE|HTTP/1.1 200 OK~Transfer-Encoding: chunked~~|5~hello~
            TOO_LARGE|HTTP/1.1 200 OK~Transfer-Encoding: chunked~~|1~x~
            TOO_LARGE|HTTP/1.1 200 OK~Transfer-Encoding: chunked~~7fffffff~|x
            TOO_LARGE|HTTP/1.1 200 OK~Transfer-Encoding: chunked~~|1;extension=abcdefghijklmnopqrstuvwxyz~x~
            TOO_LARGE|HTTP/1.1 200 OK~Content-Length: 2147483648~~|x
            HEADERS_TOO_LARGE|HTTP/1.1 200 OK~Transfer-Encoding: chunked~~1~x~0~|Trailer: again~
            HEADERS_TOO_LARGE|HTTP/1.1 200 OK~Transfer-Encoding: chunked~~1;|x
            HEADERS_TOO_LARGE|HTTP/1.1 200 OK~|X: y~
            HEADERS_TOO_LARGE|HTTP/1.1 200 OK~X: |y
            HEADERS_TOO_LARGE|HTTP/1.1 200 OK~|y
            HEADERS_TOO_LARGE|HTTP/1.1 200 OK~X: y~| folded~
            HEADERS_TOO_LARGE||x
            HEADERS_TOO_LARGE|HTTP/1.1 200 |x
            HEADERS_TOO_LARGE||HTTP/1.1 103 Early Hints~~
            HEADERS_TOO_LARGE||HTTP/1.1 100 Continue~X: y~~
            BAD_HTTP||garbage~
            BAD_HTTP||~
            """)
    void endsFloods(Kind kind, String start, String part) throws Exception {
        ends(kind, call -> flood(call, start == null ? "" : start.replace("~", "\r\n"), part.replace("~", "\r\n")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = false, textBlock = """
            HTTP/1.1 200 OK~Content-Length: 10~~abc
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~5~abc
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~3~abc~
            """)
    void tellsACutBody(String raw) throws Exception {
        ends(Kind.TRUNCATED, call -> {
            call.send(raw.replace("~", "\r\n"));
            call.socket().close();
        });
        ends(Kind.TRUNCATED, call -> {
            call.send(raw.replace("~", "\r\n"));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // let the bytes arrive before the reset throws them away
            call.reset();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nA: b\r\n",
            "HTTP/1.1 100 C\r\n\r\n"})
    void tellsACutHead(String raw) throws Exception {
        ends(Kind.CONNECTION_LOST, call -> {
            call.send(raw);
            call.socket().close();
        });
        ends(Kind.CONNECTION_LOST, RawServer.Call::reset);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = false, quoteCharacter = '`', textBlock = """
            SSH-2.0-OpenSSH_9.2
            <html>old</html>
            HTTP/2.0 200 OK
            HTTP/11 200 OK
            HTTP/1.1 20 OK
            HTTP/1.1 2000 OK
            HTTP/1.1 099 OK
            HTTP/1.1 -20 OK
            HTTP/1.1  200 OK
            http/1.1 200 OK
            HTTP/1.1 101 Switching Protocols
            HTTP/1.1 200 OK~Content-Length: -1
            HTTP/1.1 200 OK~Content-Length: +5
            HTTP/1.1 200 OK~Content-Length: 0x5
            HTTP/1.1 200 OK~Content-Length: 5, 6
            HTTP/1.1 200 OK~Content-Length: 5~Content-Length: 6
            HTTP/1.1 200 OK~Content-Length:
            HTTP/1.1 200 OK~Content-Length: 99999999999999999999
            HTTP/1.1 200 OK~Transfer-Encoding: gzip, chunked
            HTTP/1.1 200 OK~Transfer-Encoding: identity
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~Transfer-Encoding: chunked
            HTTP/1.1 200 OK~no colon
            HTTP/1.1 200 OK~Name : value
            HTTP/1.1 200 OK~: value
            HTTP/1.1 200 OK~ folded: first
            HTTP/1.1 200 OK~Na\u00efve: value
            HTTP/1.1 200 OK~Null: a\u0000b
            HTTP/1.1 200 OK~Return: a^b
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~xyz~abc
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~-5~abc
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~ffffffffffffffffff~abc
            HTTP/1.1 200 OK~Transfer-Encoding: chunked~~3~abcdef~0
            """)
    void refusesWhatIsNotHttp(String raw) throws Exception {
        ends(Kind.BAD_HTTP, call -> {
            call.send(raw.replace("~", "\r\n").replace('^', '\r') + "\r\n\r\n");
            call.untilClosed();
        });
    }

    @Test
    void cutAnywhereAGoodAnswerIsNeverTakenForAWholeOne() throws Exception {
        byte[] gzip = OutboundTest.encode("gzip", "abcdefghij".repeat(3));
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes((OK + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(gzip.length)
                + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        whole.writeBytes(gzip);
        whole.writeBytes("\r\n0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        byte[] bytes = whole.toByteArray();
        AtomicInteger length = new AtomicInteger();
        try (RawServer server = new RawServer(call -> {
            call.socket().getOutputStream().write(bytes, 0, length.get());
            call.socket().close();
        })) {
            for (int i = 0; i < bytes.length; i++) {
                length.set(i);
                Fixture.Result result = fixture.get(server.url("/"));
                // The last line break of an empty trailer carries nothing.
                if (result.kind() == null && i < bytes.length - 4) {
                    throw new AssertionError("cut at " + i + " of " + bytes.length + ": " + result);
                }
            }
        }
    }

    @Test
    void brokenAnswersNeverThrowAndNeverStayLonger() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        byte[] good = (OK + "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n\r\n"
                        + "5\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        AtomicReference<byte[]> answer = new AtomicReference<>(good);
        try (RawServer server = new RawServer(call -> {
            call.send(answer.get());
            call.socket().shutdownOutput();
        })) {
            for (int i = 0; i < 300; i++) {
                byte[] mutated = good.clone();
                for (int flips = random.nextInt(4); flips >= 0; flips--) {
                    mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
                }
                answer.set(mutated);
                long from = System.nanoTime();
                Fixture.Result result = fixture.get(server.url("/"));
                assertThat(System.nanoTime() - from).as("%s, seed %d, round %d", result, seed, i).isLessThan(8_000_000_000L);
            }
        }
        Fixture.until(() -> fixture.outbound.meters().open() <= 1);
    }

    @Test
    void takesAnEarlyAnswerToALargeBody() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            Thread.ofVirtual().start(() -> {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().readNBytes(1000);
                    OutputStream out = socket.getOutputStream();
                    out.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
                    out.flush();
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                } catch (IOException e) {
                    // the client gave up first
                }
            });
            Target target = Target.parse("http://127.0.0.1:" + server.getLocalPort() + "/");
            Fixture.Result result = fixture.send(Fixture.request("POST", target, "x".repeat(16 * MEBIBYTE)));
            assertThat(result.answer().status()).isEqualTo(413);
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    /** The limit for heads is for strangers: a receiver has all the time that its delivery may take. */
    @Test
    void aPatientRequestWaitsForASlowHead() throws Exception {
        long slow = Fixture.SHORT.head().toNanos() * 3 / 2;
        try (RawServer server = new RawServer(call -> {
            LockSupport.parkNanos(slow);
            call.ok("at last");
        }); Fixture impatient = Fixture.impatient()) {
            Request.Limits page = Request.Limits.page(Fixture.TOTAL, MEBIBYTE, 0);
            assertThat(impatient.send(limited(server, page)).kind()).isEqualTo(Kind.HEAD_TIMEOUT);
            assertThat(impatient.send(limited(server, page.withPatience())).body()).isEqualTo("at last");
            Request.Limits call = Request.Limits.call(Fixture.TOTAL, 100);
            assertThat(impatient.send(limited(server, call)).body()).isEqualTo("at last");
            assertThat(impatient.send(limited(server, page)).kind()).as("no patience is left over").isEqualTo(Kind.HEAD_TIMEOUT);
        }
    }

    private static Request limited(RawServer server, Request.Limits limits) throws BadUrl {
        return new Request(server.url("/"), "POST", List.of(), new byte[1], limits);
    }

    @Test
    void theDeadlineIsKeptWhateverGoesOn() throws Exception {
        try (RawServer server = new RawServer(call -> {
            call.send(OK + "\r\n");
            while (true) {
                call.send("x".repeat(100));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
        })) {
            long least = Long.MAX_VALUE;
            for (int millis : new int[] {100, 250, 333, 50}) {
                Request request = new Request(
                        server.url("/"), "GET", List.of(), null, Request.Limits.page(Duration.ofMillis(millis), MEBIBYTE, 0));
                long from = System.nanoTime();
                assertThat(fixture.send(request).kind()).isEqualTo(Kind.DEADLINE);
                long over = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from) - millis;
                assertThat(over).isBetween(0L, 2_000L);
                least = Math.min(least, over);
            }
            assertThat(least).as("milliseconds too late, at best, so that a busy machine does no harm").isLessThan(150);
        }
    }

    @Test
    void endsAThousandStalledExchangesAtOnce() throws Exception {
        int count = 1_000;
        CountDownLatch done = new CountDownLatch(count);
        Map<Kind, AtomicInteger> kinds = new ConcurrentHashMap<>();
        try (Fixture impatient = Fixture.impatient();
                RawServer server = new RawServer(RawServer.Call::untilClosed)) {
            Request request =
                    new Request(server.url("/"), "GET", List.of(), null, Request.Limits.page(Duration.ofSeconds(20), MEBIBYTE,
                            0));
            for (int i = 0; i < count; i++) {
                Thread.ofVirtual().start(() -> {
                    try {
                        if (impatient.outbound.exchange(request, BodySink.NONE) instanceof Exchange.Failure failure) {
                            kinds.computeIfAbsent(failure.kind(), _ -> new AtomicInteger()).incrementAndGet();
                        }
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    } finally {
                        done.countDown();
                    }
                });
            }
            assertThat(done.await(15, TimeUnit.SECONDS)).isTrue();
            assertThat(kinds.get(Kind.HEAD_TIMEOUT)).as("%s", kinds).hasValue(count);
            assertThat(impatient.outbound.meters().open()).isZero();
        }
    }

    @Test
    void floodsDoNotStarveOthers() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        try (RawServer flooder = new RawServer(call -> flood(call, OK + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"));
                RawServer good = new RawServer(call -> call.ok("fine"))) {
            Request attack = new Request(
                    flooder.url("/"), "GET", List.of(), null, Request.Limits.page(Duration.ofMinutes(1), 1L << 40, 0));
            Thread[] attacked = new Thread[6];
            for (int i = 0; i < attacked.length; i++) {
                attacked[i] = Thread.ofVirtual().start(() -> {
                    try {
                        while (!stop.get()) {
                            fixture.outbound.exchange(attack, new Fixture.Collector() {
                                @Override
                                public void write(byte[] buffer, int offset, int count) {
                                    // An endless page needs endless memory.
                                }
                            });
                        }
                    } catch (InterruptedException e) {
                        // as asked
                    }
                });
            }
            for (int i = 0; i < 5; i++) {
                assertThat(fixture.get(good.url("/")).body()).isEqualTo("fine");
            }
            stop.set(true);
            for (Thread thread : attacked) {
                thread.interrupt();
                thread.join(10_000);
                assertThat(thread.isAlive()).as("an interrupt ends a flood").isFalse();
            }
        }
    }
}
