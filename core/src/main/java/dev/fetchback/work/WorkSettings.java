package dev.fetchback.work;

import java.time.Duration;

/**
 * How much is done at once.
 *
 * @param fetchConcurrency fetches running at once
 * @param perHostConcurrency fetches of one host (host and port) at once
 * @param perHostGap between the starts of two fetches of one host
 * @param deliverConcurrency deliveries running at once
 * @param drain how long a stop waits for what is under way
 */
public record WorkSettings(
        int fetchConcurrency,
        int perHostConcurrency,
        Duration perHostGap,
        int deliverConcurrency,
        Duration drain) {
    /** The defaults of docs/configuration.md. */
    public static final WorkSettings DEFAULT =
            new WorkSettings(1024, 2, Duration.ofMillis(500), 512, Duration.ofSeconds(8));

    /** The same with other limits of one host. */
    public WorkSettings withPerHost(int concurrency, Duration gap) {
        return new WorkSettings(fetchConcurrency, concurrency, gap, deliverConcurrency, drain);
    }

    /** The same with another time that a stop waits. */
    public WorkSettings withDrain(Duration time) {
        return new WorkSettings(fetchConcurrency, perHostConcurrency, perHostGap, deliverConcurrency, time);
    }
}
