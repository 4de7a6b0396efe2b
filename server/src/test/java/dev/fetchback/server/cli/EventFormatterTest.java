package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.server.config.Settings.LogFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EventFormatterTest {
    private static String format(LogFormat format, @Nullable Throwable thrown, String message, Object... arguments) {
        LogRecord record = new LogRecord(Level.WARNING, message);
        record.setInstant(Instant.parse("2026-11-22T10:00:00.123456Z"));
        record.setLoggerName("dev.fetchback.test");
        record.setParameters(arguments);
        record.setThrown(thrown);
        return new EventFormatter(format).format(record);
    }

    @Test
    void textIsOneReadableLine() {
        assertThat(format(LogFormat.TEXT, null, "receiver stopped id={0} reason={1} tries={2}", "rcv_1", "410 Gone", 3))
                .isEqualTo("2026-11-22T10:00:00.123Z WARN  receiver stopped id=rcv_1 reason=\"410 Gone\" tries=3\n");
        assertThat(format(LogFormat.TEXT, null, "nothing to \"say\"")).endsWith("WARN  nothing to \"say\"\n");
        assertThat(format(LogFormat.TEXT, null, "took {0} of {1}", 1, 2)).endsWith("WARN  took 1 of 2\n");
    }

    @Test
    void jsonIsOneObject() throws Exception {
        String line = format(LogFormat.JSON, null, "receiver stopped id={0} tries={1} level={2}", "a \"b\"", 3, "x");
        assertThat(Json.object(line)).containsExactlyInAnyOrderEntriesOf(Map.of(
                "time", "2026-11-22T10:00:00.123Z", "level", "WARN", "event", "receiver stopped", "id", "a \"b\"", "tries", 3,
                        "level_", "x",
                "logger", "dev.fetchback.test"));
    }

    @ParameterizedTest
    @EnumSource
    void nothingBreaksALineOrMovesACursor(LogFormat format) {
        String evil = "a\nWARN  fake id=1\r\u001b[2J\u0085\u2028\u2029\u202e\u0000\u007f";
        String line = format(format, new IllegalStateException(evil), "event " + evil + " value={0}", evil);
        assertThat(line).endsWith("\n");
        assertThat(line.substring(0, line.length() - 1).chars()).allMatch(c -> Visible.is((char) (int) c));
    }

    @ParameterizedTest
    @EnumSource
    void linesAreBounded(LogFormat format) throws Exception {
        String value = "\u0001".repeat(100_000);
        String line = format(format, new IllegalStateException(value), value + " a={0} b={1} c={2} d={3} e={4}", value, value,
                value, value, value);
        assertThat(line).hasSizeLessThanOrEqualTo(EventFormatter.LINE_MAX + 1);
        if (format == LogFormat.JSON) {
            assertThat(Json.object(line)).containsKey("event");
        }
    }

    @Test
    void anExceptionIsPartOfTheLine() {
        Exception thrown = new IllegalStateException("outer", new IOException("inner"));
        assertThat(format(LogFormat.TEXT, thrown, "failed"))
                .contains("failed error=\"java.lang.IllegalStateException: outer <- java.io.IOException: inner\" "
                        + "stack=\"EventFormatterTest.");
        assertThat(format(LogFormat.TEXT, null, "failed id={0}", "x", thrown)).contains("failed id=x error=\"java.lang.Ill");
        assertThat(format(LogFormat.TEXT, null, "failed cause={0}", thrown)).doesNotContain("stack=");
    }

    @Test
    void missingAndNullArgumentsDoNotFail() {
        assertThat(format(LogFormat.TEXT, null, "odd a={0} b={1}", new Object[] {null})).endsWith("odd a=null b=\" b={1}\"\n");
    }

    @Test
    void systemLoggersAreWrittenAsEvents() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Logging.configure(LogFormat.TEXT, Level.INFO, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        System.getLogger("dev.fetchback.test").log(System.Logger.Level.INFO, "told a={0}", 1_000_000);
        System.getLogger("dev.fetchback.test").log(System.Logger.Level.DEBUG, "not told");
        System.getLogger("org.eclipse.jetty").log(System.Logger.Level.INFO, "not told either");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).endsWith("INFO  told a=1000000\n").doesNotContain("not told");
    }
}
