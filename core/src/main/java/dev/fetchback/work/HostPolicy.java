package dev.fetchback.work;

import dev.fetchback.task.FetchOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one host (host and port) is treated.
 *
 * @param concurrency fetches of it at once, at least 1
 * @param gap least time between the starts of two of its fetches; with zero, it cannot ask for more by its robots.txt
 * @param robots what its robots.txt means, whatever a task asks for; null when each task decides
 */
public record HostPolicy(int concurrency, Duration gap, FetchOptions.@Nullable Robots robots) {
    /** @throws IllegalArgumentException when a number is out of its bounds */
    public HostPolicy {
        if (concurrency < 1 || gap.isNegative()) {
            throw new IllegalArgumentException("a host may have " + concurrency + " fetches at once, " + gap
                    + " apart; allowed are 1 and more, and no time below 0");
        }
    }
}
