package dev.fetchback.task;

import java.util.List;
import java.util.Optional;

/**
 * Which HTTP status codes count as a page.
 *
 * @param patterns each a class such as {@code 2xx} or a code such as {@code 404}
 */
public record StatusSet(List<String> patterns) {
    /** 2xx, the default. */
    public static final StatusSet SUCCESS = new StatusSet(List.of("2xx"));

    public StatusSet {
        patterns = List.copyOf(patterns);
    }

    /** Whether {@code pattern} is a class (1xx–5xx) or a code (100–599). */
    public static boolean valid(String pattern) {
        return pattern.length() == 3
                && pattern.charAt(0) >= '1'
                && pattern.charAt(0) <= '5'
                && (pattern.endsWith("xx") || Character.isDigit(pattern.charAt(1)) && Character.isDigit(pattern.charAt(2)));
    }

    /** Whether {@code status} is in the set. */
    public boolean contains(int status) {
        if (this == SUCCESS) {
            return status / 100 == 2;
        }
        return match(status).isPresent();
    }

    private Optional<String> match(int status) {
        String code = Integer.toString(status);
        return patterns.stream()
                .filter(p -> p.endsWith("xx") ? p.charAt(0) == code.charAt(0) : p.equals(code))
                .findFirst();
    }
}
