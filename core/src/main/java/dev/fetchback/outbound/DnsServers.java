package dev.fetchback.outbound;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which DNS servers are asked: those that were listed, or those of {@code /etc/resolv.conf}, which is read again when it has
 * changed. They are the operator's, so the address rule does not apply to them.
 */
public final class DnsServers {
    private static final System.Logger LOG = System.getLogger(DnsServers.class.getName());
    private static final Path FILE = Path.of("/etc/resolv.conf");
    private static final int PORT = 53;
    private static final int PORT_MAX = 65_535;
    /** glibc asks no more of them either (MAXNS, resolv.conf(5)). */
    private static final int FILE_SERVERS_MAX = 3;

    private static final int SERVERS_MAX = 8;
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** The default of resolv.conf(5): a name server on this machine. */
    private static final List<InetSocketAddress> THIS_MACHINE =
            List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT));

    private final @Nullable Path file;
    private final LongSupplier nanos;
    private final AtomicLong lookAt;
    private volatile List<InetSocketAddress> servers;
    private volatile @Nullable FileTime changed;

    private DnsServers(@Nullable Path file, List<InetSocketAddress> servers, LongSupplier nanos) {
        this.file = file;
        this.servers = servers;
        this.nanos = nanos;
        this.lookAt = new AtomicLong(nanos.getAsLong() + LOOK_NANOS);
    }

    /** Those of the system. */
    public static DnsServers system() {
        return file(FILE, System::nanoTime);
    }

    static DnsServers file(Path file, LongSupplier nanos) {
        DnsServers servers = new DnsServers(file, THIS_MACHINE, nanos);
        servers.look(file);
        if (servers.changed == null) {
            warn(file);
        }
        return servers;
    }

    static DnsServers of(InetSocketAddress... servers) {
        return new DnsServers(null, List.of(servers), () -> 0);
    }

    /**
     * Those listed, asked in this order.
     *
     * @param list comma-separated IP addresses, with or without a port, IPv6 with a port as {@code [address]:port}
     * @throws IllegalArgumentException naming every entry that is wrong, and why
     */
    public static DnsServers parse(String list) {
        List<InetSocketAddress> servers = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (String entry : list.split(",", -1)) {
            try {
                InetSocketAddress server = server(entry.strip());
                if (servers.contains(server)) {
                    problems.add("'" + entry.strip() + "' is given twice");
                }
                servers.add(server);
            } catch (IllegalArgumentException e) {
                problems.add("'" + entry.strip() + "' is not a DNS server: write an IP address, or address:port or "
                        + "[IPv6 address]:port with a port from 1 to " + PORT_MAX);
            }
        }
        if (servers.size() > SERVERS_MAX) {
            problems.add("there are " + servers.size() + " servers; at most " + SERVERS_MAX + " are asked");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        return new DnsServers(null, List.copyOf(servers), () -> 0);
    }

    private static InetSocketAddress server(String entry) {
        String address = entry;
        String port = "";
        int colon = entry.lastIndexOf(':');
        if (entry.startsWith("[")) {
            int end = entry.indexOf(']');
            address = end < 0 ? "" : entry.substring(1, end);
            port = end < 0 ? "" : entry.substring(end + 1);
        } else if (colon >= 0 && entry.indexOf(':') == colon) {
            address = entry.substring(0, colon);
            port = entry.substring(colon);
        }
        boolean whole = address.indexOf(':') >= 0 || address.split("\\.", -1).length == 4; // Java takes 10.1 for 10.0.0.1
        if (!whole || !address.matches("[0-9a-fA-F:.]+(%[0-9a-zA-Z]+)?") || !port.matches("(:[1-9][0-9]{0,4})?")) {
            throw new IllegalArgumentException();
        }
        int number = port.isEmpty() ? PORT : Integer.parseInt(port.substring(1));
        return new InetSocketAddress(InetAddress.ofLiteral(address), number); // refuses other ports
    }

    /** The servers to ask now, at least one. */
    List<InetSocketAddress> now() {
        Path path = file;
        long due = lookAt.get();
        long now = nanos.getAsLong();
        if (path != null && now - due >= 0 && lookAt.compareAndSet(due, now + LOOK_NANOS)) {
            look(path);
        }
        return servers;
    }

    private void look(Path path) {
        try {
            FileTime time = Files.getLastModifiedTime(path);
            if (!time.equals(changed)) {
                List<InetSocketAddress> read = read(Files.readString(path, StandardCharsets.ISO_8859_1));
                changed = time;
                servers = read.isEmpty() ? THIS_MACHINE : read;
                if (read.isEmpty()) {
                    warn(path);
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "DNS servers cannot be read, the last ones stay in use file={0}", path);
        }
    }

    private static void warn(Path path) {
        LOG.log(
                System.Logger.Level.WARNING,
                "DNS servers are not set, this machine is asked instead; give dns-servers file={0} server={1}",
                path,
                THIS_MACHINE.getFirst());
    }

    private static List<InetSocketAddress> read(String text) {
        List<InetSocketAddress> read = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] words = line.strip().split("\\s+");
            if (words.length >= 2 && words[0].equals("nameserver") && read.size() < FILE_SERVERS_MAX) {
                try {
                    read.add(new InetSocketAddress(InetAddress.ofLiteral(words[1]), PORT));
                } catch (IllegalArgumentException e) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "DNS server left out: not an IP address, or of an interface that is not there server={0}",
                            words[1]);
                }
            }
        }
        return List.copyOf(read);
    }
}
