package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

class JsonBytesTest {
    private static final JsonFactory JSON = new JsonFactory();

    /** Random text with every kind of character, at every offset to the words and blocks of the scan. */
    @Test
    void textReadsBackAsItWas() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        JsonBytes out = new JsonBytes(0);
        for (int round = 0; round < 20_000; round++) {
            String text = text(random, random.nextInt(round % 50 == 0 ? 3000 : 300));
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            out.truncate(0).ascii("\"");
            assertThat(out.text(utf8, 0)).as("seed %d round %d", seed, round).isTrue();
            out.ascii("\"");
            assertThat(parsed(out.copy())).as("seed %d round %d", seed, round).isEqualTo(text);
        }
    }

    @Test
    void stringsReadBackAsTheyWere() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 5_000; round++) {
            String text = text(random, random.nextInt(100));
            byte[] written = new JsonBytes(0).string(text).copy();
            assertThat(parsed(written)).as("seed %d round %d", seed, round).isEqualTo(text);
            byte[] ascii = new JsonBytes(0).asciiString(text).copy();
            assertThat(parsed(ascii)).as("seed %d round %d", seed, round).isEqualTo(text);
            for (byte b : ascii) {
                assertThat(b).as("seed %d round %d", seed, round).isBetween((byte) 0x20, (byte) 0x7e);
            }
        }
    }

    /** The scan must agree with the JDK about what is UTF-8, whatever the bytes are. */
    @Test
    void takesExactlyWhatIsUtf8() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        JsonBytes out = new JsonBytes(0).ascii("before");
        int refused = 0;
        for (int round = 0; round < 40_000; round++) {
            byte[] bytes = text(random, random.nextInt(200)).getBytes(StandardCharsets.UTF_8);
            for (int damage = random.nextInt(3); damage > 0 && bytes.length > 0; damage--) {
                int bad = random.nextBoolean() ? random.nextInt(256) : 0xc0 + random.nextInt(64);
                bytes[random.nextInt(bytes.length)] = (byte) bad;
            }
            boolean valid = isUtf8(bytes);
            out.truncate(6);
            assertThat(out.text(bytes, 0)).as("seed %d round %d", seed, round).isEqualTo(valid);
            if (!valid) {
                refused++;
                assertThat(out.length()).as("nothing is written of what is refused").isEqualTo(6);
            }
        }
        assertThat(refused).isGreaterThan(1000);
    }

    /** All two-byte starts and all three-byte sequences of the leads with a rule of their own, at a block's border. */
    @Test
    void knowsEveryRuleOfUtf8() {
        byte[] bytes = new byte[200];
        JsonBytes out = new JsonBytes(0);
        for (int lead = 0x80; lead < 0x100; lead++) {
            for (int second = 0; second < 0x100; second++) {
                for (int size = 1; size <= 4; size++) {
                    Arrays.fill(bytes, (byte) 'a');
                    int at = 62;
                    bytes[at] = (byte) lead;
                    for (int i = 1; i < size; i++) {
                        bytes[at + i] = i == 1 ? (byte) second : (byte) 0x80;
                    }
                    assertThat(out.truncate(0).text(bytes, 0))
                            .as("%02x %02x and %d more", lead, second, size - 2)
                            .isEqualTo(isUtf8(bytes));
                }
            }
        }
    }

    @Test
    void controlCharactersAreEscapedAndOthersAreNot() {
        JsonBytes out = new JsonBytes(0);
        assertThat(out.text("\u0000\b\t\n\f\r\u001f \"\\/\u007f\u2028".getBytes(StandardCharsets.UTF_8), 0)).isTrue();
        assertThat(out.toString()).isEqualTo("\\u0000\\b\\t\\n\\f\\r\\u001f \\\"\\\\/\u007f\u2028");
    }

    @Test
    void aLoneSurrogateIsReplaced() {
        assertThat(new JsonBytes(0).string("a\ud800b\udc00").toString()).isEqualTo("\"a\ufffdb\ufffd\"");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 999, 1_795_355_402_512L, 951_782_400_000L, 4_102_444_799_999L})
    void timesAreRfc3339(long millis) {
        String written = new JsonBytes(0).time(millis).toString();
        assertThat(written).hasSize(24).endsWith("Z");
        assertThat(Instant.parse(written).toEpochMilli()).isEqualTo(millis);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 9, 10, 99, 100, 1234567890123L, Long.MAX_VALUE, -1, Long.MIN_VALUE})
    void numbersAreDecimal(long number) {
        assertThat(new JsonBytes(0).number(number).toString()).isEqualTo(Long.toString(number));
    }

    private static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        int style = random.nextInt(4);
        while (text.length() < length) {
            int kind = random.nextInt(20);
            if (kind < 14 - 4 * style) {
                text.append((char) (0x20 + random.nextInt(0x5f)));
            } else {
                switch (kind % 5) {
                    case 0 -> text.append((char) random.nextInt(0x20));
                    case 1 -> text.append(random.nextBoolean() ? '"' : '\\');
                    case 2 -> text.append((char) (0x80 + random.nextInt(0x780)));
                    case 3 -> text.append((char) (0x800 + random.nextInt(0xd000)));
                    default -> text.appendCodePoint(0x10000 + random.nextInt(0x100000));
                }
            }
        }
        return text.toString();
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static String parsed(byte[] json) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            String text = parser.getString();
            assertThat(parser.nextToken()).isNull();
            return text;
        }
    }
}
