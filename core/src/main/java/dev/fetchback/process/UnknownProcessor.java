package dev.fetchback.process;

import dev.fetchback.task.Nearest;
import java.util.List;

/** A name that no processor has. */
public final class UnknownProcessor extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> names;

    UnknownProcessor(String name, List<String> names) {
        super("there is no processor '" + Failures.tidy(name) + "'; "
                + Nearest.to(name, names.stream()).map(near -> "did you mean '" + near + "'? There are ").orElse("there are ")
                + (names.isEmpty() ? "none" : String.join(", ", names)));
        this.names = List.copyOf(names);
    }

    /** Those that there are, in alphabetical order. */
    public List<String> names() {
        return names;
    }
}
