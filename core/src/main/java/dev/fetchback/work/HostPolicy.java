package dev.fetchback.work;

import dev.fetchback.task.FetchOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one host (host and port) is treated.
 *
 * @param concurrency fetches of it at once, at least 1
 * @param gap least time between the starts of two of its fetches; zero turns the adaptive delay off as well
 * @param perAddress fetches at once to the address that the host leads to, those of other hosts there counted; 0 is no limit
 * @param robots what its robots.txt means, whatever a task asks for; null when each task decides
 */
public record HostPolicy(int concurrency, Duration gap, int perAddress, FetchOptions.@Nullable Robots robots) {
    /** @throws IllegalArgumentException when a number is out of its bounds */
    public HostPolicy {
        if (concurrency < 1 || perAddress < 0 || gap.isNegative()) {
            throw new IllegalArgumentException("a host may have " + concurrency + " fetches at once, " + perAddress
                    + " an address, " + gap + " apart; allowed are 1 and more, 0 and more, and no time below 0");
        }
    }

    /**
     * What one of several nodes keeps to, between which the hosts at an address are divided: its share of the places there, rounded down,
     * but no fewer than the host may have.
     */
    public HostPolicy sharedBy(int nodes) {
        int share = perAddress == 0 ? 0 : Math.max(perAddress / nodes, Math.min(concurrency, perAddress));
        return share == perAddress ? this : new HostPolicy(concurrency, gap, share, robots);
    }
}
