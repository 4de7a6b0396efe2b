package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * Good answers, broken at random: whatever comes, the exchange ends in time with no more than is allowed, and the next one at the
 * same server gets its own answer. A failure prints its seed and the bytes. {@code -Dfetchback.fuzz.seconds} sets how long it runs.
 */
class ResponseFuzzTest {
    private static final int CALLERS = 16; // most of them wait for a limit
    private static final long SECONDS = Long.getLong("fetchback.fuzz.seconds", 3);
    private static final Duration TOTAL = Duration.ofMillis(600);
    private static final long SLACK_MILLIS = 2_000; // other callers keep the machine busy
    private static final int PAGE_MAX = 100_000;
    private static final OutboundSettings.Timeouts HASTY = new OutboundSettings.Timeouts(
            Duration.ofSeconds(2),
            Duration.ofMillis(100),
            Duration.ofMillis(100),
            Duration.ofMillis(300), // the good answer between them must come in time on a busy machine, too
            Duration.ofMillis(100),
            Duration.ofSeconds(5));

    /** What is put in somewhere: a field, a chunk, the start of another answer. */
    private static final String[] INSERTED = {
        "Content-Length: 5~", "Content-Length: 0~", "Content-Length: 99999~", "Transfer-Encoding: chunked~", "Transfer-Encoding: gzip~",
        "Content-Encoding: gzip~", "Content-Encoding: br~", "Connection: close~", "Connection: keep-alive~", "Keep-Alive: timeout=0~",
        "Location: /own/1~", "Location: /~", "~", "\n", "\r", "0~~", "5~hello~", "ffffffff~", "-1~", "0;x~", ": ", "\0", " ", "\t",
        "HTTP/1.1 200 OK~", "HTTP/1.1 100 Continue~~", "HTTP/1.1 302 Found~", "HTTP/1.1 204 No Content~~", "HTTP/1.0 200 OK~",
        "HTTP/1.1 200 OK~Content-Length: 6~~POISON"
    };

    private static List<byte[]> good() throws Exception {
        List<byte[]> all = new ArrayList<>();
        for (String one : List.of(
                "HTTP/1.1 200 OK~Content-Type: text/html~Content-Length: 11~~hello world",
                "HTTP/1.1 200 OK~Transfer-Encoding: chunked~Keep-Alive: timeout=5~~5~hello~6;a=b~ world~0~X: y~~",
                "HTTP/1.1 103 Early Hints~Link: </a>~~HTTP/1.1 200 OK~Content-Length: 5~~hello",
                "HTTP/1.1 204 No Content~Date: x~~",
                "HTTP/1.1 302 Found~Location: /own/1~Content-Length: 4~~gone",
                "HTTP/1.1 404 Not Found~Content-Length: 0~~",
                "HTTP/1.0 200 OK~Connection: keep-alive~Content-Length: 2~~ok",
                "HTTP/1.1 200 OK~Content-Length: 60000~~" + "x".repeat(60_000))) {
            all.add(HostileCases.bytes(one));
        }
        for (String coding : List.of("gzip", "deflate", "br", "zstd")) {
            byte[] body = OutboundTest.encode(coding, "hello, hello, you there ".repeat(20));
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes(HostileCases.bytes(
                    "HTTP/1.1 200 OK~Content-Encoding: " + coding + "~Content-Length: " + body.length + "~~"));
            bytes.writeBytes(body);
            all.add(bytes.toByteArray());
        }
        return all;
    }

    private static byte[] broken(byte[] good, Random random) {
        byte[] bytes = good;
        for (int changes = random.nextInt(3); changes >= 0; changes--) {
            int at = bytes.length == 0 ? 0 : random.nextInt(Math.min(bytes.length, 400));
            bytes = switch (random.nextInt(6)) {
                case 0 -> flipped(bytes, at, random.nextInt(8));
                case 1 -> Arrays.copyOf(bytes, at);
                case 2 -> joined(bytes, at, HostileCases.bytes(INSERTED[random.nextInt(INSERTED.length)]), at);
                case 3 -> joined(bytes, lineAt(bytes, at), HostileCases.bytes(INSERTED[random.nextInt(INSERTED.length)]), lineAt(bytes, at));
                case 4 -> joined(bytes, at, new byte[0], Math.min(bytes.length, at + 1 + random.nextInt(8)));
                default -> joined(bytes, at, Arrays.copyOfRange(bytes, lineAt(bytes, at), at), at);
            };
        }
        return bytes;
    }

    private static byte[] flipped(byte[] bytes, int at, int bit) {
        byte[] copy = bytes.clone();
        if (copy.length > 0) {
            copy[at] ^= (byte) (1 << bit);
        }
        return copy;
    }

    private static byte[] joined(byte[] bytes, int from, byte[] middle, int to) {
        byte[] all = Arrays.copyOf(bytes, from + middle.length + bytes.length - to);
        System.arraycopy(middle, 0, all, from, middle.length);
        System.arraycopy(bytes, to, all, from + middle.length, bytes.length - to);
        return all;
    }

    /** The start of the line that {@code at} is in. */
    private static int lineAt(byte[] bytes, int at) {
        int start = at;
        while (start > 0 && bytes[start - 1] != '\n') {
            start--;
        }
        return start;
    }

    @Test
    void brokenAnswersEndInTimeAndPoisonNothing() throws Exception {
        long seed = Long.getLong("fetchback.fuzz.seed", new Random().nextLong());
        List<byte[]> good = good();
        Map<String, byte[]> answers = new ConcurrentHashMap<>();
        AtomicLong rounds = new AtomicLong();
        AtomicReference<AssertionError> wrong = new AtomicReference<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            int caller = i;
            callers.add(Thread.ofVirtual().start(() -> {
                Random random = new Random(seed + caller);
                // A server and an outbound of its own: kept connections are this caller's alone.
                try (RawServer server = new RawServer(call -> answer(call, answers));
                        Fixture fixture = new Fixture(new OutboundSettings(HASTY, 8, 0), "127.0.0.0/8")) {
                    for (int round = 0; System.nanoTime() < end && wrong.get() == null; round++) {
                        byte[] bytes = broken(good.get(random.nextInt(good.size())), random);
                        String path = (random.nextInt(3) == 0 ? "/open/" : "/ends/") + caller + "/" + round;
                        answers.put(path, bytes);
                        try {
                            one(fixture, server, path, round);
                        } catch (AssertionError e) {
                            wrong.compareAndSet(null, new AssertionError("seed " + seed + ", caller " + caller + ", round " + round + ", "
                                    + path + ", answer " + Base64.getEncoder().encodeToString(bytes), e));
                        }
                        answers.remove(path);
                        rounds.incrementAndGet();
                    }
                } catch (Exception e) {
                    wrong.compareAndSet(null, new AssertionError("seed " + seed + ", caller " + caller, e));
                }
            }));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        if (wrong.get() != null) {
            throw wrong.get();
        }
        System.getLogger(ResponseFuzzTest.class.getName())
                .log(System.Logger.Level.INFO, "{0} broken answers, seed {1}", rounds.get(), Long.toString(seed));
        assertThat(rounds.get()).as("enough was tried").isGreaterThan(100);
    }

    private static void answer(RawServer.Call call, Map<String, byte[]> answers) throws Exception {
        byte[] bytes = answers.get(call.path());
        if (bytes == null) {
            call.ok("own " + call.path());
            return;
        }
        call.send(bytes);
        if (call.path().startsWith("/ends/")) {
            call.socket().shutdownOutput();
        }
    }

    private static void one(Fixture fixture, RawServer server, String path, int round) throws Exception {
        Request request =
                new Request(server.url(path), "GET", List.of(), null, Request.Limits.page(TOTAL, PAGE_MAX, 3));
        long from = System.nanoTime();
        long before = fixture.outbound.meters().received();
        Fixture.Result result = fixture.send(request);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
        assertThat(millis).as("milliseconds, %s", result.exchange()).isLessThan(TOTAL.toMillis() + SLACK_MILLIS);
        assertThat(result.body().length()).as("bytes given on").isLessThanOrEqualTo(PAGE_MAX);
        assertThat(fixture.outbound.meters().received() - before).as("bytes read").isLessThan(4 * (2 * PAGE_MAX + 100_000));
        String own = "/own/" + round;
        Request.Limits patient = Request.Limits.page(Fixture.TOTAL, PAGE_MAX, 0).withPatience();
        Request next = new Request(server.url(own), "GET", List.of(), null, patient);
        Fixture.Result clean = fixture.send(next);
        assertThat(clean.body()).as("%s after %s", clean.exchange(), result.exchange()).isEqualTo("own " + own);
        assertThat(fixture.outbound.meters().open()).as("connections").isLessThanOrEqualTo(1);
    }
}
