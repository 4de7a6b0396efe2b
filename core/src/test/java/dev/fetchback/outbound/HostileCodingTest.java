package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
