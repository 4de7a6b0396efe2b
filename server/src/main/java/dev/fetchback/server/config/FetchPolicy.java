package dev.fetchback.server.config;

import dev.fetchback.task.Nearest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How the hosts of some patterns are fetched from, where that differs from the settings for all.
 *
 * @param hosts patterns, as text; at least one
 * @param concurrency most fetches in flight to one of them; null as for all
 * @param gap least time between two fetches from one of them; null as for all
 * @param robots what their robots.txt means, whatever tasks ask for; null as for all
 */
public record FetchPolicy(
        List<String> hosts, @Nullable Integer concurrency, @Nullable Duration gap, Settings.@Nullable Robots robots) {
    /** More is a table that nobody keeps in view, and each fetch looks through all of it. */
    private static final int POLICIES_MAX = 64;

    private static final int HOSTS_MAX = 64;

    static final String BETWEEN = ";";

    private static final Map<String, Kind<?>> KEYS = keys();

    private static Map<String, Kind<?>> keys() {
        Map<String, Kind<?>> keys = new LinkedHashMap<>();
        keys.put("concurrency", Kind.integer(1, 100_000));
        keys.put("gap", Kind.duration("0s", "1h"));
        keys.put("robots", Kind.choice(Settings.Robots.class));
        return keys;
    }

    /** A list of policies. */
    static Kind<List<FetchPolicy>> kind() {
        String allowed = "policies with ; between, each of host patterns (example.com, *.example.com, example.com:8080, *) "
                + "and what is other for them: concurrency=N, gap=TIME, robots=obey or robots=ignore";
        return new Kind<>("a list of policies", allowed, "POLICIES", BETWEEN, FetchPolicy::parse);
    }

    private static List<FetchPolicy> parse(String text) {
        String[] parts = text.split(BETWEEN, -1);
        if (parts.length > POLICIES_MAX) {
            throw new IllegalArgumentException("there are " + parts.length + ", at most " + POLICIES_MAX + " are taken");
        }
        List<FetchPolicy> policies = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            boolean end = i == parts.length - 1 && i > 0 && parts[i].isBlank();
            if (!end) {
                try {
                    policies.add(one(parts[i]));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("policy " + (i + 1) + ": " + e.getMessage(), e);
                }
            }
        }
        return List.copyOf(policies);
    }

    private static FetchPolicy one(String text) {
        List<String> hosts = new ArrayList<>();
        Map<String, Object> values = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        for (String word : Arrays.stream(text.split("[\\s,]+")).filter(w -> !w.isEmpty()).toList()) {
            int equals = word.indexOf('=');
            if (equals < 0) {
                hosts.add(word);
            } else {
                String key = word.substring(0, equals);
                values.put(key, value(key, word.substring(equals + 1)));
                if (!seen.add(key)) {
                    throw new IllegalArgumentException("'" + key + "' is given twice");
                }
            }
        }
        if (hosts.isEmpty() || hosts.size() > HOSTS_MAX) {
            throw new IllegalArgumentException("it names " + hosts.size() + " hosts; allowed are 1 to " + HOSTS_MAX);
        }
        if (values.isEmpty()) {
            throw new IllegalArgumentException("it changes nothing for " + hosts.getFirst() + "; give one of "
                    + String.join(", ", KEYS.keySet()));
        }
        return new FetchPolicy(List.copyOf(hosts), (Integer) values.get("concurrency"), (Duration) values.get("gap"),
                (Settings.Robots) values.get("robots"));
    }

    private static Object value(String key, String text) {
        Kind<?> kind = KEYS.get(key);
        if (kind == null) {
            Optional<String> nearest = Nearest.to(key, KEYS.keySet().stream());
            throw new IllegalArgumentException("'" + key + "' is no key of a policy; "
                    + nearest.map(name -> "did you mean " + name + "?").orElse("there are " + String.join(", ", KEYS.keySet())));
        }
        try {
            Function<String, ?> parser = kind.parser();
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    key + "=" + text + " is not " + kind.name() + "; allowed: " + kind.allowed(), e);
        }
    }

    /** As it would be written in one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.join(" ", hosts));
        if (concurrency != null) {
            text.append(" concurrency=").append(concurrency);
        }
        if (gap != null) {
            text.append(" gap=").append(gap.toMillis()).append("ms");
        }
        if (robots != null) {
            text.append(" robots=").append(Kind.wire(robots));
        }
        return text.toString();
    }
}
