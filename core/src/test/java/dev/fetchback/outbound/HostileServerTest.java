package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Servers that stall, flood and break off, where {@link HostileSuiteTest} is not enough: many at once, deadlines, requests. */
class HostileServerTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    private static final int MEBIBYTE = 1 << 20;

    /** Throws away what an endless page would need endless memory for. */
    private static final BodySink ENDLESS = new BodySink() {
        @Override
        public boolean begin(int status, List<Field> fields, long length) {
            return true;
        }

        @Override
        public void write(byte[] buffer, int offset, int count) {}
    };

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
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
                if (result.kind() == null) {
                    throw new AssertionError("cut at " + i + " of " + bytes.length + ": " + result);
                }
            }
        }
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
        try (RawServer flooder =
                new RawServer(HostileCases.floods(OK + "Transfer-Encoding: chunked~~", HostileCases.bytes("1~x~")))) {
            assertThat(bestBeside(flooder, 6)).as("milliseconds of a fetch beside them").isLessThan(1_000);
        }
    }

    /** A decoder that makes much of little must let others have their turn. */
    @Test
    void bombsDoNotStarveOthers() throws Exception {
        byte[] bomb = OutboundTest.encode("gzip", "\0".repeat(32 * MEBIBYTE));
        try (RawServer bomber = new RawServer(call -> {
            call.send(HostileCases.bytes("HTTP/1.1 200 OK~Content-Encoding: gzip~Content-Length: " + bomb.length + "~~"));
            call.send(bomb);
        })) {
            assertThat(bestBeside(bomber, 64)).as("milliseconds of a fetch beside them").isLessThan(1_000);
        }
    }

    /**
     * Lets so many fetch endlessly from an attacker, and then ends them by an interrupt.
     *
     * @return milliseconds of the quickest of ten good fetches beside them, as the machine may be busy with other things
     */
    private long bestBeside(RawServer attacker, int attacks) throws Exception {
        Request attack = new Request(
                attacker.url("/"), "GET", List.of(), null, Request.Limits.page(Duration.ofMinutes(1), 1L << 40, 0));
        AtomicBoolean stop = new AtomicBoolean();
        Thread[] attacked = new Thread[attacks];
        for (int i = 0; i < attacks; i++) {
            attacked[i] = Thread.ofVirtual().start(() -> {
                try {
                    while (!stop.get()) {
                        fixture.outbound.exchange(attack, ENDLESS);
                    }
                } catch (InterruptedException e) {
                    // as asked
                }
            });
        }
        try (RawServer good = new RawServer(call -> call.ok("fine"))) {
            Fixture.until(() -> attacker.accepted() >= attacks);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < 10; i++) {
                long from = System.nanoTime();
                assertThat(fixture.get(good.url("/")).body()).isEqualTo("fine");
                least = Math.min(least, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from));
            }
            return least;
        } finally {
            stop.set(true);
            for (Thread thread : attacked) {
                thread.interrupt();
                thread.join(10_000);
                assertThat(thread.isAlive()).as("an interrupt ends a flood").isFalse();
            }
        }
    }

    /** A full backlog: the system never answers the SYN. */
    @Test
    void endsConnectionsThatNobodyTakes() throws Exception {
        OutboundSettings.Timeouts limits = new OutboundSettings.Timeouts(
                Duration.ofMillis(400), Fixture.SHORT.handshake(), Fixture.SHORT.head(), Fixture.SHORT.idle(), Fixture.SHORT.rateWindow(),
                Fixture.SHORT.keepAlive());
        List<Socket> fill = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
                Fixture hasty = new Fixture(new OutboundSettings(limits, 16, 0), "127.0.0.0/8")) {
            boolean taken = true;
            for (int i = 0; i < 16 && taken; i++) {
                Socket socket = new Socket();
                fill.add(socket);
                try {
                    socket.connect(full.getLocalSocketAddress(), 200);
                } catch (SocketTimeoutException e) {
                    taken = false;
                }
            }
            Assumptions.assumeFalse(taken, "this system takes more than it was told to");
            Target target = Target.parse("http://127.0.0.1:" + full.getLocalPort() + "/");
            long from = System.nanoTime();
            assertThat(hasty.send(Fixture.request("GET", target, null)).kind()).isEqualTo(Kind.CONNECT_TIMEOUT);
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from)).isLessThan(1_400);
            assertThat(hasty.outbound.meters().open()).isZero();
        } finally {
            for (Socket socket : fill) {
                socket.close();
            }
        }
    }
}
