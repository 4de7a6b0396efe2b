package dev.fetchback.server.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Prints JSON objects for humans: a name and a value a line, inner objects indented. Shows whatever the server says. */
final class Outline {
    private static final String STEP = "  ";

    private Outline() {}

    static void print(PrintStream out, Map<String, Object> object) {
        print(out, "", object);
    }

    private static void print(PrintStream out, String indent, Map<String, Object> object) {
        int width = object.keySet().stream().mapToInt(String::length).max().orElse(0);
        object.forEach((name, value) -> {
            Map<String, Object> inner = Json.asObject(value);
            if (!inner.isEmpty()) {
                out.println(indent + Visible.only(name));
                print(out, indent + STEP, inner);
            } else if (value != null && !value.equals(List.of()) && !value.equals(Map.of())) {
                out.println(indent + Visible.only(name) + " ".repeat(width - name.length() + 2) + shown(value));
            }
        });
    }

    private static String shown(@Nullable Object value) {
        return value instanceof List<?> list
                ? String.join(", ", list.stream().map(Outline::shown).toList())
                : Visible.only(String.valueOf(value));
    }

    /** One task of a list on one line. */
    static String row(Map<String, Object> task) {
        Map<String, Object> error = Json.asObject(task.getOrDefault("last_error", task.getOrDefault("error", Map.of())));
        String code = Json.text(error, "code").map(one -> STEP + one).orElse("");
        String state = Json.text(task, "state").orElse("?");
        String url = Json.text(task, "url").orElse("");
        return Visible.only(Json.text(task, "id").orElse("?") + STEP + String.format("%-9s", state) + STEP + url + code);
    }
}
