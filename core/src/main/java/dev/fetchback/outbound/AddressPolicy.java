package dev.fetchback.outbound;

import dev.fetchback.outbound.Rule.Ground;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses may be connected to: public ones, and what the operator opened. IPv6 is closed but for 2000::/3 minus its
 * special blocks; of IPv4 the special-purpose blocks (IANA registries, RFC 6890) are closed, and this machine's own addresses
 * and the metadata services of clouds everywhere.
 */
public final class AddressPolicy {
    private static final List<AddressRange> V4_DENIED = ranges(
            "0.0.0.0/8", // this network
            "10.0.0.0/8", // private
            "100.64.0.0/10", // shared address space; a cloud's metadata service lives at 100.100.100.200
            "127.0.0.0/8", // loopback
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

    /** Embedded IPv4 (6to4, NAT64) is never unpacked and tested: those networks are closed whole. Mapped is IPv4 to Java already. */
    private static final AddressRange V6_GLOBAL = AddressRange.of("2000::/3");

    private static final List<AddressRange> V6_DENIED = ranges(
            "2001::/23", // IETF protocol assignments: Teredo, benchmarking, ORCHID
            "2001:db8::/32", // documentation
            "2002::/16", // 6to4
            "2620:4f:8000::/48", // AS112
            "3fff::/20"); // documentation

    /**
     * Where clouds hand out credentials and configuration: AWS, Google, Azure, Oracle, OpenStack and most others; ECS and EKS;
     * Tencent; Scaleway; Alibaba; Oracle classic; Azure's wire server.
     */
    private static final List<AddressRange> METADATA = withTranslated(ranges(
            "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42", "100.100.100.200",
            "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fe80::a9fe:a9fe"));

    /** Names that stand for this machine or its network (RFC 6761, RFC 6762, RFC 8375, ICANN's private-use TLD). */
    private static final List<String> INTERNAL_SUFFIXES = List.of("localhost", "local", "internal", "home.arpa");

    /** Names that must not be asked for in DNS at all (RFC 7686; I2P's by the same reasoning). */
    private static final List<String> FOREIGN_SUFFIXES = List.of("onion", "i2p");

    static final Rule TRUSTED = new Rule(Ground.TRUSTED, "");
    private static final Rule PUBLIC = new Rule(Ground.PUBLIC, "");
    private static final Rule OWN_ADDRESS = new Rule(Ground.OWN_ADDRESS, "");
    private static final Rule NOT_GLOBAL = new Rule(Ground.SPECIAL, "not in 2000::/3");

    private final List<AddressRange> allowed;
    private final List<AddressRange> denied;
    private final Set<String> trustedOrigins;
    private final Predicate<InetAddress> own;
    private final IntPredicate ownPorts;

    private AddressPolicy(List<AddressRange> allowed, List<AddressRange> denied, Set<String> trustedOrigins,
            Predicate<InetAddress> own, IntPredicate ownPorts) {
        this.allowed = allowed;
        this.denied = denied;
        this.trustedOrigins = trustedOrigins;
        this.own = own;
        this.ownPorts = ownPorts;
    }

    /** Public addresses only. */
    public static AddressPolicy publicOnly() {
        return parse("", "");
    }

    /** Public addresses and the networks given; see {@link #parse(String, String)}. */
    public static AddressPolicy parse(String allowNetworks) {
        return parse(allowNetworks, "");
    }

    /**
     * Public addresses and the networks allowed, without the networks denied. Both lists are comma-separated {@code CIDR} or
     * {@code CIDR:port}, IPv6 with a port as {@code [CIDR]:port}, and may be empty. An entry without a port is for all ports.
     *
     * @throws IllegalArgumentException naming every entry that is wrong, and why: not a network, given twice, or allowed and
     * denied at once
     */
    public static AddressPolicy parse(String allowNetworks, String denyNetworks) {
        return parse(allowNetworks, denyNetworks, new OwnAddresses(System::nanoTime));
    }

    static AddressPolicy parse(String allowNetworks, String denyNetworks, Predicate<InetAddress> own) {
        List<String> problems = new ArrayList<>();
        List<AddressRange> allowed = list(allowNetworks, problems);
        List<AddressRange> denied = list(denyNetworks, problems);
        for (AddressRange range : allowed) {
            denied.stream().filter(deny -> deny.covers(range)).findFirst().ifPresent(deny -> problems.add(
                    "'" + range.text() + "' is allowed but lies within '" + deny.text()
                            + "', which is denied, and deny wins; take one of the two out"));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        return new AddressPolicy(List.copyOf(allowed), List.copyOf(denied), Set.of(), own, _ -> false);
    }

    private static List<AddressRange> list(String networks, List<String> problems) {
        List<AddressRange> list = new ArrayList<>();
        for (String entry : networks.isBlank() ? new String[0] : networks.split(",", -1)) {
            try {
                AddressRange range = AddressRange.parse(entry.strip());
                if (list.stream().anyMatch(other -> other.covers(range) && range.covers(other))) {
                    problems.add("'" + range.text() + "' is given twice; give it once");
                }
                list.add(range);
            } catch (IllegalArgumentException e) {
                problems.add(e.getMessage());
            }
        }
        return list;
    }

    /**
     * The same policy that also lets these exact origins (scheme, host, port) through, whatever their names resolve to and
     * whatever is denied: for endpoints the operator set, never for ones a caller names.
     */
    public AddressPolicy trusting(Collection<Target> origins) {
        Set<String> trusted = new HashSet<>(trustedOrigins);
        origins.forEach(origin -> trusted.add(origin.origin()));
        return new AddressPolicy(allowed, denied, Set.copyOf(trusted), own, ownPorts);
    }

    /**
     * The same policy that closes ports on this machine's addresses although a network is allowed, unless the entry names the
     * port: those that the server itself listens on.
     *
     * @param ports whether a port is one of them; asked for each connection
     */
    public AddressPolicy closing(IntPredicate ports) {
        return new AddressPolicy(allowed, denied, trustedOrigins, own, ports);
    }

    /** Whether a connection to this address and port may be opened, and by which rule. */
    public Rule judge(InetAddress address, int port) {
        AddressBits bits = AddressBits.of(address);
        AddressRange deny = first(denied, range -> range.contains(bits, port));
        if (deny != null) {
            return new Rule(Ground.DENY_LIST, deny.text());
        }
        AddressRange metadata = first(METADATA, range -> range.contains(bits));
        if (metadata != null) {
            Rule closed = new Rule(Ground.METADATA, metadata.text());
            return opened(range -> range.single() && range.contains(bits, port), closed);
        }
        if (ownPorts.test(port) && ofThisMachine(address)) {
            Rule closed = new Rule(Ground.OWN_PORT, Integer.toString(port));
            return opened(range -> range.port() == port && range.contains(bits), closed);
        }
        Rule special = special(bits);
        return opened(range -> range.contains(bits, port), special != null ? special : own.test(address) ? OWN_ADDRESS : PUBLIC);
    }

    /** The rule of the first allowed network that counts; {@code otherwise} when none does. */
    private Rule opened(Predicate<AddressRange> counts, Rule otherwise) {
        AddressRange allow = first(allowed, counts);
        return allow == null ? otherwise : new Rule(Ground.ALLOW_LIST, allow.text());
    }

    /** Linux takes 0.0.0.0 and :: for this machine too. */
    private boolean ofThisMachine(InetAddress address) {
        return address.isLoopbackAddress() || address.isAnyLocalAddress() || own.test(address);
    }

    /**
     * The rule that refuses a name before it is looked up; null when there is none. An operator who opened networks has hosts of
     * his own, so then inner names are looked up and decided about by address.
     */
    @Nullable Rule judgeName(String host) {
        Rule foreign = foreign(host);
        if (foreign != null || !allowed.isEmpty()) {
            return foreign;
        }
        for (String suffix : INTERNAL_SUFFIXES) {
            if (within(host, suffix)) {
                return new Rule(Ground.NAME, "*." + suffix);
            }
        }
        return host.indexOf('.') < 0 ? new Rule(Ground.NAME, "names without a dot") : null;
    }

    /** The rule that refuses a name whatever is allowed; null when there is none. */
    static @Nullable Rule foreign(String host) {
        for (String suffix : FOREIGN_SUFFIXES) {
            if (within(host, suffix)) {
                return new Rule(Ground.NOT_DNS, "*." + suffix);
            }
        }
        return null;
    }

    private static boolean within(String host, String suffix) {
        return host.endsWith(suffix)
                && (host.length() == suffix.length() || host.charAt(host.length() - suffix.length() - 1) == '.');
    }

    /** Whether the target's origin is trusted, so that its address is not looked at. */
    public boolean trusts(Target target) {
        return !trustedOrigins.isEmpty() && trustedOrigins.contains(target.origin());
    }

    private static @Nullable Rule special(AddressBits address) {
        if (address.v6() && !V6_GLOBAL.contains(address)) {
            return NOT_GLOBAL;
        }
        AddressRange range = first(address.v6() ? V6_DENIED : V4_DENIED, one -> one.contains(address));
        return range == null ? null : new Rule(Ground.SPECIAL, range.text());
    }

    private static @Nullable AddressRange first(List<AddressRange> list, Predicate<AddressRange> counts) {
        for (AddressRange range : list) {
            if (counts.test(range)) {
                return range;
            }
        }
        return null;
    }

    /** A NAT64 gateway leads to IPv4 addresses by the prefix 64:ff9b::/96 too (RFC 6052 §2.1). */
    private static List<AddressRange> withTranslated(List<AddressRange> ranges) {
        Stream<AddressRange> translated =
                ranges.stream().filter(range -> !range.v6()).map(range -> AddressRange.of("64:ff9b::" + range.text()));
        return Stream.concat(ranges.stream(), translated).toList();
    }

    private static List<AddressRange> ranges(String... cidrs) {
        return Stream.of(cidrs).map(AddressRange::of).toList();
    }
}
