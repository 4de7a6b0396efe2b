package dev.fetchback.server.intake;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The fields of a task's JSON. */
enum TaskField {
    URL,
    METHOD,
    HEADERS,
    BODY,
    FETCH,
    PROCESS,
    DELIVER,
    DELAY,
    NOT_BEFORE,
    EXPIRES_AT,
    PRIORITY,
    KEEP,
    LABELS,
    METADATA,
    IDEMPOTENCY_KEY,
    LIMITS,
    ORDER_KEY;

    /** The names, for messages. */
    static final List<String> NAMES = Arrays.stream(values()).map(TaskField::wire).toList();

    private static final Map<String, TaskField> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(TaskField::wire, Function.identity()));

    private final String wire = name().toLowerCase(Locale.ROOT);
    private final String pointer = "/" + wire;

    static @Nullable TaskField of(String name) {
        return BY_NAME.get(name);
    }

    String wire() {
        return wire;
    }

    String pointer() {
        return pointer;
    }
}
