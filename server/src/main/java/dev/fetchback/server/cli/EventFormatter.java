package dev.fetchback.server.cli;

import dev.fetchback.server.config.Settings.LogFormat;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One line per event. Code logs a constant message with named arguments, which stays readable under any other logging set-up:
 * {@code log(WARNING, "receiver stopped id={0} reason={1}", id, reason)}. What comes before the first {@code name={n}} is the
 * event. An exception may follow as one more argument that the message does not use.
 */
final class EventFormatter extends Formatter {
    /** The longest line; what is cut ends in an ellipsis. */
    static final int LINE_MAX = 4096;

    private static final int VALUE_MAX = 1024; // one long value must not push the others out of the line
    private static final int ESCAPE_LENGTH = 6; // a backslash, u and four digits
    private static final int FRAMES_MAX = 12; // enough to find the place; the line stays readable
    private static final int CAUSES_MAX = 4;
    private static final Pattern PLACE = Pattern.compile("( ([A-Za-z_][A-Za-z0-9_.-]*)=)?\\{([0-9])}");
    private static final Pattern PLAIN = Pattern.compile("[^\\s\"=\\\\]+");
    private static final Set<String> RESERVED = Set.of("time", "level", "event", "logger", "error", "stack");

    private final LogFormat format;

    EventFormatter(LogFormat format) {
        this.format = format;
    }

    @Override
    public String format(LogRecord record) {
        Map<String, Object> fields = new LinkedHashMap<>();
        String event = event(record, fields);
        Throwable thrown = thrown(record);
        String time = record.getInstant().truncatedTo(ChronoUnit.MILLIS).toString();
        return format == LogFormat.JSON
                ? json(record, time, event, fields, thrown)
                : text(record, time, event, fields, thrown);
    }

    private static String event(LogRecord record, Map<String, Object> fields) {
        String message = record.getMessage() == null ? "" : record.getMessage();
        Object @Nullable [] arguments = record.getParameters();
        if (arguments == null || arguments.length == 0) {
            return message;
        }
        StringBuilder event = new StringBuilder();
        Matcher place = PLACE.matcher(message);
        int end = 0;
        while (place.find()) {
            event.append(message, end, place.start());
            end = place.end();
            int index = Integer.parseInt(place.group(3));
            Object value = index < arguments.length ? arguments[index] : place.group();
            if (place.group(2) == null) {
                event.append(value);
            } else {
                String name = RESERVED.contains(place.group(2)) ? place.group(2) + "_" : place.group(2);
                fields.put(name, value == null ? "null" : value);
            }
        }
        return event.append(message, end, message.length()).toString();
    }

    private static @Nullable Throwable thrown(LogRecord record) {
        Object @Nullable [] arguments = record.getParameters();
        boolean last = arguments != null && arguments.length > 0 && arguments[arguments.length - 1] instanceof Throwable;
        if (record.getThrown() != null || !last) {
            return record.getThrown();
        }
        boolean used = record.getMessage() != null && record.getMessage().contains("{" + (arguments.length - 1) + "}");
        return used ? null : (Throwable) arguments[arguments.length - 1];
    }

    private static String text(LogRecord record, String time, String event, Map<String, Object> fields,
            @Nullable Throwable thrown) {
        StringBuilder line = new StringBuilder(160);
        line.append(time).append(' ').append(String.format("%-5s", level(record.getLevel()))).append(' ').append(escaped(event));
        fields.forEach((name, value) -> line.append(' ').append(name).append('=').append(shown(value)));
        if (thrown != null) {
            line.append(" error=").append(shown(causes(thrown))).append(" stack=").append(shown(frames(thrown)));
        }
        if (line.length() > LINE_MAX - 1) {
            line.setLength(LINE_MAX - 2);
            line.append('…');
        }
        return line.append('\n').toString();
    }

    private static String json(LogRecord record, String time, String event, Map<String, Object> fields,
            @Nullable Throwable thrown) {
        StringBuilder line = new StringBuilder(240);
        line.append("{\"time\":\"").append(time).append("\",\"level\":\"").append(level(record.getLevel()))
                .append("\",\"event\":");
        line.append(Json.quote(cut(event)));
        fields.forEach((name, value) -> field(line, name, value));
        field(line, "logger", String.valueOf(record.getLoggerName()));
        if (thrown != null) {
            field(line, "error", causes(thrown));
            field(line, "stack", frames(thrown));
        }
        return line.append("}\n").toString();
    }

    // A line that is cut would not be JSON, so fields that no longer fit are left out.
    private static void field(StringBuilder line, String name, Object value) {
        boolean literal = value instanceof Boolean || value instanceof Integer || value instanceof Long;
        String json = literal ? value.toString() : Json.quote(cut(value.toString()));
        if (line.length() + name.length() + json.length() + ",\"\":}\n".length() <= LINE_MAX) {
            line.append(",\"").append(name).append("\":").append(json);
        }
    }

    private static String shown(Object value) {
        String text = cut(value.toString());
        String quoted = Json.quote(text);
        boolean plain = PLAIN.matcher(text).matches() && quoted.length() == text.length() + 2;
        return plain ? text : quoted;
    }

    private static String escaped(String event) {
        String quoted = Json.quote(cut(event));
        return quoted.length() == event.length() + 2 ? event : quoted.substring(1, quoted.length() - 1).replace("\\\"", "\"");
    }

    private static String cut(String text) {
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            length += Visible.is(text.charAt(i)) ? 1 : ESCAPE_LENGTH;
            if (length > VALUE_MAX) {
                return text.substring(0, i) + "…";
            }
        }
        return text;
    }

    private static String level(Level level) {
        int value = level.intValue();
        if (value >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        return value >= Level.WARNING.intValue() ? "WARN" : value >= Level.INFO.intValue() ? "INFO" : "DEBUG";
    }

    private static String causes(Throwable thrown) {
        StringBuilder causes = new StringBuilder(thrown.toString());
        Throwable cause = thrown.getCause();
        for (int i = 1; i < CAUSES_MAX && cause != null; i++, cause = cause.getCause()) {
            causes.append(" <- ").append(cause);
        }
        return causes.toString();
    }

    private static String frames(Throwable thrown) {
        StringBuilder frames = new StringBuilder();
        StackTraceElement[] trace = thrown.getStackTrace();
        for (int i = 0; i < Math.min(trace.length, FRAMES_MAX); i++) {
            String type = trace[i].getClassName();
            frames.append(i == 0 ? "" : " < ").append(type.substring(type.lastIndexOf('.') + 1)).append('.');
            frames.append(trace[i].getMethodName()).append(':').append(trace[i].getLineNumber());
        }
        return frames.toString();
    }
}
