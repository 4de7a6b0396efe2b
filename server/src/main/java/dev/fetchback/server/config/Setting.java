package dev.fetchback.server.config;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One row of the table of settings: a flag, an environment variable and a key of {@code fetchback.yaml} at once.
 *
 * @param group the heading it stands under in help and documentation
 * @param name in kebab case; the group comes first ({@code fetch-concurrency})
 * @param kind what values it takes
 * @param fallback the default, as a user would write it; null when there is none
 * @param place where it may be given
 * @param about one line on what it does
 */
public record Setting<T>(
        String group, String name, Kind<T> kind, @Nullable String fallback, Place place, String about) {
    /** What every environment variable of the server begins with. */
    public static final String ENVIRONMENT_PREFIX = "FETCHBACK_";

    /** Where a setting may be given. */
    public enum Place {
        /** Flag, environment or file. */
        ANYWHERE,
        /** A secret: only the environment, as flags show in process lists and files in backups. */
        ENVIRONMENT
    }

    /** The flag, {@code --fetch-concurrency}. */
    public String flag() {
        return "--" + name;
    }

    /** The environment variable, {@code FETCHBACK_FETCH_CONCURRENCY}. */
    public String variable() {
        return ENVIRONMENT_PREFIX + name.replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** Whether its value must never be shown. */
    public boolean secret() {
        return place == Place.ENVIRONMENT;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other; // rows of one table; two rows are never the same
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
