package dev.fetchback.server.config;

import dev.fetchback.task.Nearest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A program that tasks may use as a processor. Whether it is there is not looked at.
 *
 * @param name what tasks name it by
 * @param run the program and its arguments; at least one word
 * @param timeout the most that one run may take; null as for all
 * @param maxOutput bytes that it may print; null for the default
 * @param result what its output means
 */
public record CommandSetting(
        String name, List<String> run, @Nullable Duration timeout, @Nullable Long maxOutput, Result result) {
    private static final int COMMANDS_MAX = 64; // more is a table that nobody keeps in view
    private static final String RUN = "run";
    private static final Map<String, Kind<?>> KEYS = keys();

    /** What a command's output means. */
    public enum Result {
        /** JSON if it is, else text. */
        AUTO,
        /** Always text. */
        TEXT,
        /** JSON; anything else is a failure. */
        JSON
    }

    private static Map<String, Kind<?>> keys() {
        Map<String, Kind<?>> keys = new LinkedHashMap<>();
        keys.put("timeout", Kind.duration("100ms", "1h"));
        keys.put("max-output", Kind.size("1B", "64MiB"));
        keys.put("result", Kind.choice(Result.class));
        return keys;
    }

    /** Commands by name, in the order in which they are written. */
    static Kind<List<CommandSetting>> kind() {
        String allowed = "a YAML mapping of names to the words of a program, such as {words: [wc, -w]}, or to a mapping with run and, "
                + "as you like, timeout (100ms to 1h), max-output (1B to 64MiB) and result (auto, text or json), "
                + "such as {ocr: {run: [tesseract, stdin, stdout], timeout: 2m}}";
        return Kind.mapping("a mapping of commands", allowed, "COMMANDS", CommandSetting::all);
    }

    private static List<CommandSetting> all(Map<?, ?> given) {
        if (given.size() > COMMANDS_MAX) {
            throw new IllegalArgumentException("there are " + given.size() + ", at most " + COMMANDS_MAX + " are taken");
        }
        List<CommandSetting> commands = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        given.forEach((name, value) -> {
            try {
                commands.add(one(name.toString(), value));
            } catch (IllegalArgumentException e) {
                faults.add(name + ": " + e.getMessage());
            }
        });
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", faults));
        }
        return List.copyOf(commands);
    }

    private static CommandSetting one(String name, Object given) {
        if (!(given instanceof Map<?, ?> mapping)) {
            return new CommandSetting(name, words(given), null, null, Result.AUTO);
        }
        Map<String, Object> values = new LinkedHashMap<>();
        mapping.forEach((key, value) -> {
            if (!key.equals(RUN)) {
                values.put(key.toString(), value(key.toString(), value));
            }
        });
        Object run = mapping.get(RUN);
        if (run == null) {
            throw new IllegalArgumentException("it has no run; give the program and its arguments");
        }
        return new CommandSetting(name, words(run), (Duration) values.get("timeout"), (Long) values.get("max-output"),
                (Result) values.getOrDefault("result", Result.AUTO));
    }

    /** A list as it is; text is split where there is space, as it is without a shell. */
    private static List<String> words(Object given) {
        List<String> words = switch (given) {
            case String text -> List.of(text.strip().split("\\s+"));
            case List<?> list when list.stream().allMatch(String.class::isInstance) -> list.stream().map(Object::toString).toList();
            default -> List.of();
        };
        if (words.isEmpty() || words.getFirst().isEmpty()) {
            throw new IllegalArgumentException("it names no program; give a list of words, or the words in one line");
        }
        return words;
    }

    private static Object value(String key, Object given) {
        Kind<?> kind = KEYS.get(key);
        if (kind == null) {
            Set<String> all = new java.util.LinkedHashSet<>(KEYS.keySet());
            all.add(RUN);
            throw new IllegalArgumentException("'" + key + "' is no key of a command; " + Nearest.to(key, all.stream())
                    .map(near -> "did you mean " + near + "?").orElse("there are " + String.join(", ", all)));
        }
        Function<String, ?> parser = kind.parser();
        try {
            if (given instanceof String text) {
                return parser.apply(text.strip());
            }
            throw new IllegalArgumentException();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(key + " '" + given + "' is not " + kind.name() + "; allowed: " + kind.allowed(), e);
        }
    }

    /** Without its arguments, which may hold what others should not see. */
    @Override
    public String toString() {
        return name + ": " + run.getFirst();
    }
}
