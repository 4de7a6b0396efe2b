package dev.fetchback.server.intake;

import org.jspecify.annotations.Nullable;

/**
 * Who sent a request.
 *
 * @param name the token's name; null when no tokens are in use
 * @param admin whether everything may be seen and done
 */
record Caller(@Nullable String name, boolean admin) {
    /** Everybody, while no tokens are in use. */
    static final Caller ANYBODY = new Caller(null, true);

    /** Whether a task or batch of {@code owner} may be seen. */
    boolean sees(@Nullable String owner) {
        return admin || name != null && name.equals(owner);
    }

    /** The owner that lists are narrowed to; null for all. */
    @Nullable String listed() {
        return admin ? null : name;
    }
}
