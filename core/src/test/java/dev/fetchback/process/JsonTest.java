package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.task.Problem;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class JsonTest {
    private static final int ROOM = 10_000;

    private static String written(@Nullable Object value) throws BadResult {
        return new String(Json.bytes(value, ROOM), StandardCharsets.UTF_8);
    }

    @Test
    void writesAllThatAResultMayBe() throws BadResult {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("a\"b", Arrays.asList("ä€😀", null, true));
        fields.put("n", List.of(1, 2L, (short) 3, (byte) 4, 1.5, 2.5f, BigInteger.TEN.pow(30), new BigDecimal("0.10")));
        assertThat(written(fields)).isEqualTo(
                "{\"a\\\"b\":[\"ä€😀\",null,true],\"n\":[1,2,3,4,1.5,2.5,1000000000000000000000000000000,0.10]}");
        assertThat(written(null)).isEqualTo("null");
        assertThat(written("")).isEqualTo("\"\"");
    }

    @Test
    void replacesHalvesOfSurrogatePairs() throws BadResult {
        assertThat(written(Map.of("k\udc00", "a\ud800b😀\ud83d"))).isEqualTo("{\"k\uFFFD\":\"a\uFFFDb😀\uFFFD\"}");
    }

    @Test
    void refusesWhatIsNoJsonTooDeepOrTooLarge() throws BadResult {
        assertThatThrownBy(() -> written(new StringBuilder("x"))).hasMessageContaining("java.lang.StringBuilder")
                .extracting(e -> ((BadResult) e).code()).isEqualTo(Problem.PROCESS_FAILED);
        assertThatThrownBy(() -> written(Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> written(Map.of(1, 2))).hasMessageContaining("key");

        List<Object> round = new ArrayList<>();
        round.add(round);
        assertThatThrownBy(() -> written(round)).hasMessageContaining("64 levels")
                .extracting(e -> ((BadResult) e).code()).isEqualTo(Problem.PROCESS_TOO_LARGE);
        assertThat(written(nested(Json.DEPTH_MAX))).hasSize(2 * Json.DEPTH_MAX + 1);
        assertThatThrownBy(() -> written(nested(Json.DEPTH_MAX + 1))).isInstanceOf(BadResult.class);

        String fits = "x".repeat(ROOM - 2);
        assertThat(written(fits)).hasSize(ROOM);
        for (Object large : List.of(fits + "x", List.of(fits), "ä".repeat(ROOM / 2))) {
            assertThatThrownBy(() -> written(large)).hasMessageContaining(ROOM + " bytes")
                    .extracting(e -> ((BadResult) e).code()).isEqualTo(Problem.PROCESS_TOO_LARGE);
        }
    }

    private static Object nested(int levels) {
        Object value = 1;
        for (int i = 0; i < levels; i++) {
            value = List.of(value);
        }
        return value;
    }

    @Test
    void readsOptions() throws BadOption {
        Map<String, @Nullable Object> read = Json.object("{\"css\":\"h1\",\"n\":[1,2.5,null,true],\"o\":{\"x\":{}}}");
        assertThat(read).containsEntry("css", "h1").containsEntry("n", Arrays.asList(1, 2.5, null, true))
                .containsEntry("o", Map.of("x", Map.of()));
        for (String wrong : List.of("", "[]", "1", "{} {}", "{\"a\":}", "{\"a\":" + "[".repeat(64) + "]".repeat(64) + "}")) {
            assertThatThrownBy(() -> Json.object(wrong)).as(wrong).isInstanceOf(BadOption.class);
        }
    }

    @Test
    void knowsWhatACommandPrintedAsJson() throws BadResult {
        for (String json : List.of("1", " {\"a\" : [1.10, \"x\"]}\n", "null", "\"a\"")) {
            assertThat(Json.isJson(json.getBytes(StandardCharsets.UTF_8))).as(json).isTrue();
        }
        for (String text : List.of("", "  ", "hello", "{", "1 2", "{\"a\":1}x", "[".repeat(65) + "]".repeat(65))) {
            assertThat(Json.isJson(text.getBytes(StandardCharsets.UTF_8))).as(text).isFalse();
        }
        assertThat(written(List.of(new Json.Printed(" {\"a\" : [1.10, \"x\"]}\n".getBytes(StandardCharsets.UTF_8)))))
                .isEqualTo("[{\"a\":[1.10,\"x\"]}]");
    }
}
