package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.task.TaskId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SmallPartsTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "bytes=0-0,0,0", "bytes=0-,0,9", "bytes=5-7,5,7", "bytes=5-99,5,9", "bytes=-3,7,9", "bytes=-99,0,9",
                "BYTES=1-2,1,2",
                "bytes=10-,-1,-1", "bytes=-0,-1,-1",
                "-,-2,-2", "bytes=,-2,-2", "bytes=-,-2,-2", "bytes=5-2,-2,-2", "bytes=a-b,-2,-2", "lines=1-2,-2,-2",
                "bytes=99999999999999999999-,-2,-2", "bytes=5,-2,-2",
            })
    void rangesAreReadAsTheStandardSays(String header, long from, long to) {
        ByteRange range = ByteRange.of(header, 10);
        if (from == -2) {
            assertThat(range).isNull(); // passed over: the whole page is sent
        } else {
            assertThat(range).isEqualTo(new ByteRange(from, to));
        }
    }

    @Test
    void severalRangesArePassedOverAndAnEmptyPageHasNone() {
        assertThat(ByteRange.of("bytes=0-1,3-4", 10)).isNull();
        assertThat(ByteRange.of("bytes=0-", 0)).isEqualTo(ByteRange.NONE);
        assertThat(ByteRange.of("bytes=-5", 0)).isEqualTo(ByteRange.NONE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "-|0", "wait=5|5", "WAIT=5|5", "respond-async, wait=10|10", "wait=10;x=y|10", "wait=\"7\"|7", "wait=600|60",
                "wait=-1|0",
                "wait|0", "wait=x|0", "waiting=5|0", "return=minimal|0"
            },
            quoteCharacter = '`')
    void preferencesAreRead(String header, int seconds) {
        assertThat(Preferences.waitSeconds(header)).isEqualTo(seconds);
    }

    @Test
    void cursorsComeBackAndOthersAreRefused() {
        TaskId id = new TaskId(-5, 77);
        assertThat(Cursor.read(Cursor.write(id))).isEqualTo(id);
        for (String bad : List.of("", "abc", "A".repeat(23), "*".repeat(23), Cursor.write(id) + "A")) {
            assertThatThrownBy(() -> Cursor.read(bad)).isInstanceOf(Refusal.class);
        }
    }

    @Test
    void jsonIsEscapedAndItsCommasAreRight() {
        JsonBytes json = new JsonBytes(1)
                .object()
                .field("a\"b\\", "\u0000\n\t\r\u001fé€😀\ud800")
                .field("n", -1)
                .field("t", true)
                .field("none", null);
        json.name("list").array().value("x").value("[").value(1).array().endArray().object().endObject().endArray();
        json.name("at").time(1_795_305_600_123L).name("never").time(0).endObject();
        assertThat(json)
                .hasToString("{\"a\\\"b\\\\\":\"\\u0000\\n\\t\\r\\u001fé€😀\ufffd\",\"n\":-1,\"t\":true,\"none\":null,"
                        + "\"list\":[\"x\",\"[\",1,[],{}],\"at\":\"2026-11-22T00:00:00.123Z\",\"never\":null}");
    }

    @Test
    void linesAreCutWhereverThePiecesEnd() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int length = random.nextInt(10) == 0 ? random.nextInt(90, 200) : random.nextInt(0, 100);
            text.append("x".repeat(length)).append(i == 299 ? "" : "\n");
            if (length > 100) {
                expected.add("long");
            } else if (length > 0) {
                expected.add("x".repeat(length));
            }
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
        LineBuffer lines = new LineBuffer(100);
        List<String> found = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int size = Math.min(bytes.length - at, random.nextInt(1, 250));
            lines.append(ByteBuffer.wrap(bytes, at, size));
            at += size;
            for (LineBuffer.Line line = lines.next(); line != LineBuffer.Line.NONE; line = lines.next()) {
                found(lines, line, found);
            }
            lines.shrink();
        }
        found(lines, lines.last(), found);
        assertThat(found).as("seed %d", seed).isEqualTo(expected);
    }

    private static void found(LineBuffer lines, LineBuffer.Line line, List<String> found) {
        switch (line) {
            case NONE, BLANK -> {}
            case TOO_LONG -> found.add("long");
            case WHOLE -> found.add(new String(lines.slice().copy(), StandardCharsets.US_ASCII));
        }
    }

    @Test
    void aClientIsJudgedByTheTimeItIsWaitedFor() {
        Duration second = Duration.ofSeconds(1);
        ApiLimits.Patience patience = new ApiLimits.Patience(1000, Duration.ofSeconds(10), second, second);
        Pace pace = new Pace(patience);
        pace.waited(TimeUnit.SECONDS.toNanos(10));
        assertThat(pace.tooSlow()).isFalse();
        pace.moved(500);
        pace.waited(TimeUnit.MILLISECONDS.toNanos(400));
        assertThat(pace.tooSlow()).isFalse();
        pace.waited(TimeUnit.MILLISECONDS.toNanos(200));
        assertThat(pace.tooSlow()).isTrue();
        assertThat(new Pace(patience).patienceNanos(5000)).isEqualTo(TimeUnit.SECONDS.toNanos(15));
    }

    @Test
    void theGateCountsAndEmpties() throws Exception {
        Gate gate = new Gate(2);
        assertThat(gate.enter()).isTrue();
        assertThat(gate.enter()).isTrue();
        assertThat(gate.enter()).isFalse();
        gate.enterAlways();
        assertThat(gate.inside()).isEqualTo(3);
        gate.close();
        assertThat(gate.awaitEmpty(Duration.ofMillis(1))).isFalse();
        Thread leaving = Thread.ofPlatform().start(() -> {
            gate.leave();
            gate.leave();
            gate.leave();
        });
        assertThat(gate.awaitEmpty(Duration.ofSeconds(10))).isTrue();
        leaving.join();
    }

    @Test
    void routesAreFound() {
        TaskId id = new TaskId(1, 2);
        assertThat(Route.of("/v1/tasks/" + id)).isEqualTo(new Route.Match(Route.TASK, id.toString()));
        assertThat(Route.of("/v1/tasks/" + id + "/result").route()).isEqualTo(Route.RESULT);
        assertThat(Route.of("/v1/receivers/rcv_1/pause")).isEqualTo(new Route.Match(Route.PAUSE, "rcv_1"));
        assertThat(Route.of("/v1/schedules/x").route()).isEqualTo(Route.LATER);
        for (String path : List.of(
                "", "/v1", "/v1/tasks/x/y", "/v1/tasks/x/result/", "/v1/batches/a/b", "/v1/receivers/x", "//")) {
            assertThat(Route.of(path).route()).as(path).isEqualTo(Route.UNKNOWN);
        }
        assertThat(Route.TASK.allow()).isEqualTo("GET, HEAD, DELETE");
    }

    @Test
    void textIsMeasuredAsUtf8() {
        for (String text : List.of("", "abc", "é", "€", "😀", "a😀é€z")) {
            assertThat(Utf8.length(text)).as(text).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
        }
        assertThat(Utf8.clean("a\u007f")).isFalse();
        assertThat(Utf8.clean("\udc00")).isFalse();
        assertThat(Names.distance("kitten", "sitting")).isEqualTo(3);
    }
}
