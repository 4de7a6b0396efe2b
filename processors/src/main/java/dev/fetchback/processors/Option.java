package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One option of a processor.
 *
 * @param name as tasks give it
 * @param allowed which values, as the documentation and refusals say it
 * @param preset what counts when a task does not give it
 * @param reading checks a value
 */
record Option<T extends @Nullable Object>(String name, String allowed, T preset, Reading<T> reading) {
    /** Checks a value. */
    @FunctionalInterface
    interface Reading<T extends @Nullable Object> {
        /** @return null when the value is not allowed, which {@link Option#read} then tells */
        @Nullable T of(Object value) throws BadOption;
    }

    /** True or false. */
    static Option<Boolean> flag(String name, boolean preset) {
        return new Option<>(name, "true or false", preset, value -> value instanceof Boolean flag ? flag : null);
    }

    /** A whole number. */
    static Option<Integer> count(String name, int preset, int min, int max) {
        return new Option<>(name, min + " to " + max, preset, value -> whole(value, min, max));
    }

    /** A whole number that need not be given. */
    static Option<@Nullable Integer> limit(String name, int max) {
        return new Option<>(name, "1 to " + max, null, value -> whole(value, 1, max));
    }

    /** One of some words; the first is the preset. */
    static Option<String> choice(String name, String... words) {
        List<String> allowed = List.of(words);
        return new Option<>(name, String.join(", ", words), words[0],
                value -> value instanceof String word && allowed.contains(word) ? word : null);
    }

    /** The value, checked. */
    T read(@Nullable Object value) throws BadOption {
        T read = value == null ? null : reading.of(value);
        if (read == null) {
            throw new BadOption(Options.pointer("", name), "must be " + allowed + ", not " + Options.shown(value));
        }
        return read;
    }

    private static @Nullable Integer whole(Object value, int min, int max) {
        if (value instanceof Number number && number.doubleValue() == number.longValue()) {
            long whole = number.longValue();
            return whole >= min && whole <= max ? (int) whole : null;
        }
        return null;
    }
}
