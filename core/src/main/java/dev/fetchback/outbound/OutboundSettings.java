package dev.fetchback.outbound;

import java.time.Duration;
import java.util.List;

/**
 * Limits of every exchange of an {@link Outbound}, whatever the request allows.
 *
 * @param timeouts of the phases
 * @param maxOpen connections open at once, over all hosts, before those that are only kept for reuse are closed; how many are in
 *     use is up to the caller
 * @param perAddress connections in use at once to one address, trusted origins apart; 0 is no limit
 */
public record OutboundSettings(Timeouts timeouts, int maxOpen, int perAddress) {
    /** Those that are kept; a connection that waits costs some 20 KB. */
    private static final int MAX_OPEN = 512;

    private static final int PER_ADDRESS = 8;

    /** What fits strangers' servers. */
    public static final OutboundSettings DEFAULT = new OutboundSettings(Timeouts.DEFAULT, MAX_OPEN, PER_ADDRESS);

    /** @throws IllegalArgumentException when a number is below 0 */
    public OutboundSettings {
        if (maxOpen < 0 || perAddress < 0) {
            throw new IllegalArgumentException("open connections are " + maxOpen + " and connections per address " + perAddress
                    + "; both must be 0 or more");
        }
    }

    /** The same with another limit per address. */
    public OutboundSettings withPerAddress(int connections) {
        return new OutboundSettings(timeouts, maxOpen, connections);
    }

    /** The same with room for so many exchanges at once, so that each may find the connection of an earlier one. */
    public OutboundSettings withExchanges(int atOnce) {
        return new OutboundSettings(timeouts, Math.addExact(maxOpen, atOnce), perAddress);
    }

    /**
     * How long each phase may take; the request's own deadline covers all of them.
     *
     * @param connect TCP, per address
     * @param handshake TLS
     * @param head from the request's last byte to the end of the answer's head, interim answers included; not
     *     heeded for requests that are {@linkplain Request.Limits#patient patient}
     * @param idle without a byte while the request is sent or the body comes
     * @param rateWindow the body must bring {@link #MIN_RATE} over each such window, but for the first
     * @param keepAlive how long an unused connection stays open
     */
    public record Timeouts(
            Duration connect, Duration handshake, Duration head, Duration idle, Duration rateWindow, Duration keepAlive) {
        /** Bytes a second. */
        public static final int MIN_RATE = 1024;

        /** Notes on the choice: Smokescreen connects within 10 s, GitLab reads a head within 20 s, crawlers idle 10 to 20 s. */
        public static final Timeouts DEFAULT = new Timeouts(
                Duration.ofSeconds(5),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                Duration.ofSeconds(15),
                Duration.ofSeconds(10),
                Duration.ofSeconds(15));

        /** @throws IllegalArgumentException when a time is not above 0 */
        public Timeouts {
            for (Duration time : List.of(connect, handshake, head, idle, rateWindow, keepAlive)) {
                if (!time.isPositive()) {
                    throw new IllegalArgumentException("a timeout of outbound connections is " + time + "; it must be above 0");
                }
            }
        }
    }
}
