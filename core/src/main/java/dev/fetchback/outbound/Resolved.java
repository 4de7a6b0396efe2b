package dev.fetchback.outbound;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/**
 * What a name stands for.
 *
 * @param addresses all of them, in the order they should be tried
 * @param aliases the names it leads through (CNAME), first to last; empty when it leads to its addresses directly
 * @param ttl how long this may be used without asking again
 */
public record Resolved(List<InetAddress> addresses, List<String> aliases, Duration ttl) {
    public Resolved {
        addresses = List.copyOf(addresses);
        aliases = List.copyOf(aliases);
    }

    /** Addresses that are known without asking. */
    public static Resolved of(InetAddress... addresses) {
        return new Resolved(List.of(addresses), List.of(), Duration.ZERO);
    }
}
