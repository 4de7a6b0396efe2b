package dev.fetchback.server.intake;

import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the HTTP API.
 *
 * @param address where it is reached
 * @param intake what tasks get that say nothing
 * @param limits what is bounded
 * @param drain how long {@link ApiServer#close} lets requests finish
 */
public record ApiSettings(Address address, IntakeDefaults intake, ApiLimits limits, Duration drain) {
    /** Loopback, with every default. */
    public static ApiSettings onLoopback(int port) {
        return new ApiSettings(
                new Address("127.0.0.1", port, Address.NO_OPS_PORT, null, Set.of()),
                IntakeDefaults.DEFAULT,
                ApiLimits.DEFAULT,
                Duration.ofSeconds(8));
    }

    /**
     * Where the API is reached.
     *
     * @param host the address to listen on
     * @param port 0 takes a free one
     * @param opsPort a port that takes health checks and metrics only; 0 takes a free one, {@link #NO_OPS_PORT} none
     * @param publicUrl what links begin with, without a slash at the end; null makes them relative
     * @param hosts further names that the {@code Host} header may have on loopback, without port
     */
    public record Address(String host, int port, int opsPort, @Nullable String publicUrl, Set<String> hosts) {
        /** Health checks and metrics have no port of their own. */
        public static final int NO_OPS_PORT = -1;

        public Address {
            hosts = Set.copyOf(hosts);
        }
    }
}
