package dev.fetchback.server.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The values of all settings, checked. Says nothing of secrets in {@link #toString}. */
public final class Config {
    /** The source of a value that nobody gave. */
    static final String DEFAULT = "default";

    private final Map<Setting<?>, Given> given;

    /**
     * A value and where it comes from.
     *
     * @param value of the setting's type
     * @param source as in {@link Fault#source}; {@code default} when nothing was given
     */
    record Given(Object value, String source) {}

    Config(Map<Setting<?>, Given> given) {
        this.given = Map.copyOf(given);
    }

    /** The value of a setting that has a default. */
    public <T> T get(Setting<T> setting) {
        return find(setting).orElseThrow(() -> new IllegalStateException(setting + " has no default; ask with find"));
    }

    /** The value of a setting; empty when it is not given and has no default. */
    @SuppressWarnings("unchecked") // only ConfigReader makes these, from the setting's own kind
    public <T> Optional<T> find(Setting<T> setting) {
        return Optional.ofNullable(given.get(setting)).map(entry -> (T) entry.value());
    }

    /** Where the value comes from, such as {@code --port} or {@code fetchback.yaml:4 port}; {@code default} otherwise. */
    public String source(Setting<?> setting) {
        Given entry = given.get(setting);
        return entry == null ? DEFAULT : entry.source();
    }

    /** Whether somebody gave it, so that it is not the default. */
    public boolean given(Setting<?> setting) {
        return !source(setting).equals(DEFAULT);
    }

    /** Whether the API answers only this machine. */
    public boolean loopback() {
        return Addresses.loopback(get(Settings.HOST));
    }

    /** The settings that differ from their defaults, secrets hidden; for the first line of the log. */
    public Map<String, String> changed() {
        Map<String, String> changed = new LinkedHashMap<>();
        for (Setting<?> setting : Settings.ALL) {
            Given entry = given.get(setting);
            if (entry != null && given(setting)) {
                changed.put(setting.name(), setting.secret() ? "(hidden)" : entry.value().toString());
            }
        }
        return changed;
    }

    @Override
    public String toString() {
        return "Config" + changed();
    }
}
