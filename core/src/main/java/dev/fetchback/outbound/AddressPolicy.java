package dev.fetchback.outbound;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Which addresses may be connected to: public ones, and what the operator opened. IPv6 is closed but for 2000::/3 minus its
 * special blocks; of IPv4 the special-purpose blocks (IANA registries, RFC 6890) are closed, and this machine's own addresses
 * everywhere.
 */
public final class AddressPolicy {
    private static final List<AddressRange> V4_DENIED = ranges(
            "0.0.0.0/8", // this network
            "10.0.0.0/8", // private
            "100.64.0.0/10", // shared address space; a cloud's metadata service lives at 100.100.100.200
            "127.0.0.0/8", // loopback
            "168.63.129.16/32", // Azure's wire server: special, though in a public range
            "169.254.0.0/16", // link local; metadata services
            "172.16.0.0/12", // private
            "192.0.0.0/24", // IETF protocol assignments
            "192.0.2.0/24", // documentation
            "192.31.196.0/24", // AS112
            "192.52.193.0/24", // AMT
            "192.88.99.0/24", // 6to4 relay
            "192.168.0.0/16", // private
            "192.175.48.0/24", // AS112
            "198.18.0.0/15", // benchmarking
            "198.51.100.0/24", // documentation
            "203.0.113.0/24", // documentation
            "224.0.0.0/4", // multicast
            "240.0.0.0/4"); // reserved, broadcast

    /** Embedded IPv4 (mapped, 6to4, NAT64) is never unpacked and tested: those networks are closed whole. */
    private static final AddressRange V6_GLOBAL = AddressRange.of("2000::/3");

    private static final List<AddressRange> V6_DENIED = ranges(
            "2001::/23", // IETF protocol assignments: Teredo, benchmarking, ORCHID
            "2001:db8::/32", // documentation
            "2002::/16", // 6to4
            "2620:4f:8000::/48", // AS112
            "3fff::/20"); // documentation

    private final List<AddressRange> allowed;
    private final Set<String> trustedOrigins;
    private final Predicate<InetAddress> own;

    private AddressPolicy(List<AddressRange> allowed, Set<String> trustedOrigins, Predicate<InetAddress> own) {
        this.allowed = List.copyOf(allowed);
        this.trustedOrigins = Set.copyOf(trustedOrigins);
        this.own = own;
    }

    /** Public addresses only. */
    public static AddressPolicy publicOnly() {
        return parse("");
    }

    /**
     * Public addresses and the networks given.
     *
     * @param allowNetworks comma-separated {@code CIDR} or {@code CIDR:port}, IPv6 with a port as {@code [CIDR]:port}; may be
     * empty
     * @throws IllegalArgumentException naming every entry that is wrong, and why
     */
    public static AddressPolicy parse(String allowNetworks) {
        return parse(allowNetworks, new OwnAddresses(System::nanoTime));
    }

    static AddressPolicy parse(String allowNetworks, Predicate<InetAddress> own) {
        List<AddressRange> allowed = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (String entry : allowNetworks.isBlank() ? new String[0] : allowNetworks.split(",", -1)) {
            try {
                allowed.add(AddressRange.parse(entry.strip()));
            } catch (IllegalArgumentException e) {
                problems.add(e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        return new AddressPolicy(allowed, Set.of(), own);
    }

    /**
     * The same policy that also lets these exact origins (scheme, host, port) through, whatever their names resolve to: for
     * endpoints the operator set, never for ones a caller names.
     */
    public AddressPolicy trusting(Collection<Target> origins) {
        Set<String> trusted = new HashSet<>(trustedOrigins);
        origins.forEach(origin -> trusted.add(origin.origin()));
        return new AddressPolicy(allowed, trusted, own);
    }

    /** Whether a connection to this address and port may be opened. */
    public boolean allows(InetAddress address, int port) {
        for (AddressRange range : allowed) {
            if (range.contains(address, port)) {
                return true;
            }
        }
        return publicAddress(address) && !own.test(address);
    }

    /** Whether the target's origin is trusted, so that its address is not looked at. */
    public boolean trusts(Target target) {
        return !trustedOrigins.isEmpty() && trustedOrigins.contains(target.origin());
    }

    static boolean publicAddress(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            return !anyMatches(V4_DENIED, 0, AddressRange.v4(bytes));
        }
        long high = AddressRange.longAt(bytes, 0);
        long low = AddressRange.longAt(bytes, 8);
        return V6_GLOBAL.matches(high, low) && !anyMatches(V6_DENIED, high, low);
    }

    private static boolean anyMatches(List<AddressRange> ranges, long high, long low) {
        for (AddressRange range : ranges) {
            if (range.matches(high, low)) {
                return true;
            }
        }
        return false;
    }

    private static List<AddressRange> ranges(String... cidrs) {
        return Stream.of(cidrs).map(AddressRange::of).toList();
    }
}
