package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import dev.fetchback.task.Nearest;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a task gave beside a processor's name, checked against the options that the processor has. */
final class Options {
    /** Longer values are cut in messages: enough to recognise them. */
    private static final int SHOWN_MAX = 80;

    private final Map<String, Object> values;

    private Options(Map<String, Object> values) {
        this.values = values;
    }

    /** Reads strictly: whatever is not among the options is refused. */
    static Options read(Map<String, @Nullable Object> given, List<? extends Option<?>> options) throws BadOption {
        Map<String, Option<?>> known = new HashMap<>();
        options.forEach(option -> known.put(option.name(), option));
        Map<String, Object> values = new HashMap<>();
        for (Map.Entry<String, @Nullable Object> entry : given.entrySet()) {
            Option<?> option = known.get(entry.getKey());
            if (option == null) {
                throw unknown("", entry.getKey(), options.stream().map(Option::name).toList());
            }
            Object read = option.read(entry.getValue());
            if (read != null) {
                values.put(entry.getKey(), read);
            }
        }
        return new Options(values);
    }

    /** What the task gave, or the option's preset. */
    @SuppressWarnings("unchecked") // what stands under an option's name came from that option
    <T extends @Nullable Object> T get(Option<T> option) {
        Object value = values.get(option.name());
        return value == null ? option.preset() : (T) value;
    }

    /** Refuses a name that nobody knows, with the nearest and all there are. */
    static BadOption unknown(String within, String name, Collection<String> known) {
        String nearest = Nearest.to(name, known.stream()).map(meant -> "; did you mean " + meant + "?").orElse("");
        String all = known.isEmpty() ? "it has none" : "allowed are " + String.join(", ", known);
        return new BadOption(pointer(within, name), "no such option" + nearest + (nearest.isEmpty() ? "; " : " ") + all);
    }

    /** A key as the next segment of a pointer (RFC 6901 §4). */
    static String pointer(String within, String key) {
        String cut = key.length() > SHOWN_MAX ? key.substring(0, SHOWN_MAX) : key;
        return within + "/" + cut.replace("~", "~0").replace("/", "~1");
    }

    /** A value as messages show it: cut, strings in quotes, what holds others by its type only. */
    static String shown(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> map -> "an object";
            case List<?> list -> "a list";
            case String text -> '"' + cut(text) + '"';
            default -> cut(value.toString());
        };
    }

    private static String cut(String text) {
        String line = text.replaceAll("\\p{Cntrl}", " ");
        return line.length() > SHOWN_MAX ? line.substring(0, SHOWN_MAX) + "…" : line;
    }
}
