package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.Future;
import java.util.concurrent.CountDownLatch;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Content codings that are broken, cut, nested or bombs. */
class HostileCodingTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    private static final int MEBIBYTE = 1 << 20;

    /** 16 MiB of zeros. */
    private static final byte[] BROTLI_BOMB = Base64.getDecoder().decode("y///P/gnAOKxQCD3/i/////wTwDEYRGA7v0f");

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private static void send(RawServer.Call call, String coding, byte[] body) throws Exception {
        call.send(OK + "Content-Encoding: " + coding + "\r\nContent-Length: " + body.length + "\r\n\r\n");
        call.send(body);
    }

    private void ends(Kind expected, RawServer.Script script) throws Exception {
        try (RawServer server = new RawServer(script)) {
            Fixture.Result result = fixture.get(server.url("/"));
            assertThat(result.kind()).as("%s", result.exchange()).isEqualTo(expected);
            assertThat(result.body().length()).isLessThanOrEqualTo(MEBIBYTE);
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    /** Each would cost processor time for as long as its limit lasts, were that twice the page. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Transfer-Encoding: chunked | 310d0a780d0a                             | TOO_LARGE
            Transfer-Encoding: chunked | 313b780d0a780d0a                         | TOO_LARGE
            Content-Encoding: zstd     | 502a4d1800000000                         | TOO_LARGE
            Content-Encoding: gzip     | 1f8b080000000000000303000000000000000000 | BAD_ENCODING
            Content-Encoding: deflate  | 000000ffff                               | TOO_LARGE
            """)
    void cutsWhatBringsNothingLongBeforeThePageWouldBeTooLarge(String field, String part, Kind kind) throws Exception {
        byte[] endless = HexFormat.of().parseHex(part);
        try (RawServer server = new RawServer(HostileCases.floods("HTTP/1.1 200 OK~" + field + "~~", endless))) {
            Request.Limits limits = Request.Limits.page(Fixture.TOTAL, 100 * MEBIBYTE, 0);
            Fixture.Result result = fixture.send(new Request(server.url("/"), "GET", List.of(), null, limits));
            assertThat(result.kind()).as("%s", result.exchange()).isEqualTo(kind);
            assertThat(fixture.outbound.meters().received()).isLessThan(MEBIBYTE / 2);
        }
    }

    /** 12 KB of each: the largest window and a block that fills it, which brotli makes room for at once. */
    @Test
    void serversThatStallInLargeWindowsTakeABoundedPartOfTheHeap() throws Exception {
        byte[] start = Arrays.copyOf(HexFormat.of().parseHex("cfffffff"), 12_000);
        Duration minutes = Duration.ofMinutes(2); // a busy machine must not end the first of those that stall before the last began
        OutboundSettings.Timeouts usual = OutboundSettings.Timeouts.DEFAULT;
        OutboundSettings.Timeouts patient = new OutboundSettings.Timeouts(
                usual.connect(), usual.handshake(), usual.head(), minutes, minutes, usual.keepAlive());
        CountDownLatch over = new CountDownLatch(1);
        try (Fixture fixture = new Fixture(new OutboundSettings(patient, 0, 0), "127.0.0.0/8");
                RawServer server = new RawServer(call -> {
            call.send("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 99999\r\n\r\n");
            call.send(start);
            over.await();
            call.socket().close();
        });
                RawServer good = new RawServer(call -> call.ok("fine"))) {
            LargeDecoders decoders = fixture.outbound.parts().decoders();
            assertThat(decoders.accepted()).isEqualTo("gzip, deflate, br, zstd");
            List<Future<Fixture.Result>> stalled = new ArrayList<>();
            while (decoders.free() > 0) {
                stalled.add(fixture.sendLater(new Request(
                        server.url("/"), "GET", List.of(), null, Request.Limits.page(minutes, 100 * MEBIBYTE, 0))));
                int begun = stalled.size();
                Fixture.until(() -> decoders.most() - decoders.free() >= begun);
            }
            assertThat(16L * MEBIBYTE * stalled.size()).isLessThanOrEqualTo(Math.max(Runtime.getRuntime().maxMemory() / 4, 32L * MEBIBYTE));
            assertThat(fixture.get(good.url("/")).body()).isEqualTo("fine");
            assertThat(good.heads().getLast()).contains("Accept-Encoding: gzip, deflate\r\n");
            Fixture.Result late = fixture.get(server.url("/"));
            assertThat(late.kind()).as("%s", late.exchange()).isEqualTo(Kind.SINK_FAILED);
            over.countDown();
            for (Future<Fixture.Result> one : stalled) {
                assertThat(one.get().kind()).isEqualTo(Kind.TRUNCATED);
            }
            assertThat(decoders.free()).isEqualTo(decoders.most());
            assertThat(decoders.accepted()).isEqualTo("gzip, deflate, br, zstd");
        }
    }

    @Test
    void refusesBrokenContentCodings() throws Exception {
        byte[] gzip = OutboundTest.encode("gzip", "hello ".repeat(1000));
        byte[] badCrc = gzip.clone();
        badCrc[gzip.length - 6] ^= 1;
        byte[] cut = Arrays.copyOf(gzip, gzip.length - 9);
        byte[] zstd = OutboundTest.encode("zstd", "hello ".repeat(1000));
        byte[] plain = "not encoded at all".getBytes(StandardCharsets.ISO_8859_1);
        for (var wrong : List.of(
                Map.entry("gzip", plain),
                Map.entry("gzip", badCrc),
                Map.entry("gzip", cut),
                Map.entry("gzip", new byte[] {0x1f}),
                Map.entry("deflate", plain),
                Map.entry("br", plain),
                Map.entry("br", gzip),
                Map.entry("zstd", plain),
                Map.entry("zstd", Arrays.copyOf(zstd, zstd.length - 5)),
                Map.entry("compress", plain),
                Map.entry("gzip, gzip", gzip),
                Map.entry("gzip\r\nContent-Encoding: br", gzip))) {
            ends(Kind.BAD_ENCODING, call -> {
                send(call, wrong.getKey(), wrong.getValue());
                call.untilClosed();
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate", "br"})
    void capsBombsByWhatComesOut(String coding) throws Exception {
        byte[] bomb = coding.equals("br") ? BROTLI_BOMB : OutboundTest.encode(coding, "\0".repeat(16 * MEBIBYTE));
        assertThat(bomb.length).isLessThan(100_000);
        ends(Kind.TOO_LARGE, call -> {
            send(call, coding, bomb);
            call.untilClosed();
        });
    }

    @Test
    void refusesAWindowThatNoHttpDecoderMustHave() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (var out = new com.github.luben.zstd.ZstdOutputStreamNoFinalizer(bytes)) {
            out.setLong(27);
            out.write(new byte[100]);
        }
        byte[] wide = bytes.toByteArray();
        ends(Kind.BAD_ENCODING, call -> {
            send(call, "zstd", wide);
            call.untilClosed();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "raw", "br", "zstd"})
    void brokenCodingsNeverThrow(String coding) throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        byte[] good = OutboundTest.encode(coding, "hello, hello, you there ".repeat(20));
        AtomicReference<byte[]> answer = new AtomicReference<>(good);
        try (RawServer server = new RawServer(call -> {
            send(call, coding.replace("raw", "deflate"), answer.get());
        })) {
            for (int i = 0; i < 150; i++) {
                byte[] mutated = Arrays.copyOf(good, random.nextInt(4) == 0 ? 1 + random.nextInt(good.length) : good.length);
                for (int flips = random.nextInt(3); flips >= 0; flips--) {
                    mutated[random.nextInt(mutated.length)] ^= (byte) (1 << random.nextInt(8));
                }
                answer.set(mutated);
                assertThat(fixture.get(server.url("/")).kind())
                        .as("seed %d, round %d", seed, i)
                        .isIn(null, Kind.BAD_ENCODING, Kind.TOO_LARGE);
            }
        }
    }
}
