package dev.fetchback.outbound;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Asks DNS servers itself, for names that strangers chose: the name as it is, without hosts file and search domains, for
 * addresses of both families at once. Answers are kept as long as they say, within bounds; every look-up ends in bounded time.
 */
public final class DnsResolver implements Resolver, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(DnsResolver.class.getName());
    /** What is asked again and again must not flood the servers; what is vetted before each use may be kept. */
    static final Duration TTL_MIN = Duration.ofSeconds(5);

    static final Duration TTL_MAX = Duration.ofMinutes(5);
    /** Large pools of servers have some 16 of each family; a name with more than this is refused. */
    static final int ADDRESSES_MAX = 64;
    /** Names led to by CNAME; content networks use up to four. */
    static final int ALIASES_MAX = 8;

    private static final int NAME_MAX = 253; // RFC 1035 §3.1: 255 octets on the wire
    /** As many as there are fetches and deliveries by default, so that names nobody answers for hold up no others. */
    private static final int LOOKUPS_MAX = 768;

    private static final int ROUNDS = 2;
    private static final Family UNANSWERED = new Family(List.of(), List.of(), TTL_MAX.toSeconds(), true);

    /**
     * How long is waited, nanoseconds.
     *
     * @param answer for a server's answer; twice that in the second round
     * @param grace for the other family once IPv4 addresses are there
     * @param lookup for the whole
     */
    record Times(long answer, long grace, long lookup) {
        /** A second is what far servers need to find a far name; the whole stays below {@link NameCache#WAIT_MAX_NANOS}. */
        static final Times DEFAULT =
                new Times(TimeUnit.SECONDS.toNanos(1), TimeUnit.SECONDS.toNanos(1), TimeUnit.MILLISECONDS.toNanos(4_500));
    }

    private final DnsServers servers;
    private final Times times;
    private final LongSupplier nanos;
    private final DnsClient client;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("dns-", 0).factory());
    private final Semaphore lookups = new Semaphore(LOOKUPS_MAX);
    private final NameCache cache;

    /** Asks these servers. */
    public DnsResolver(DnsServers servers) {
        this(servers, Times.DEFAULT, System::nanoTime);
    }

    DnsResolver(DnsServers servers, Times times, LongSupplier nanos) {
        this.servers = servers;
        this.times = times;
        this.nanos = nanos;
        this.client = new DnsClient(nanos);
        this.cache = new NameCache(this::find, threads, nanos);
    }

    /**
     * What servers said of one family of addresses.
     *
     * @param aliases the names that led there
     * @param ttl the least of all records used, seconds
     * @param failed whether no server gave a usable answer
     */
    private record Family(List<InetAddress> addresses, List<String> aliases, long ttl, boolean failed) {}

    @Override
    public Resolved resolve(String host, long waitNanos) throws UnknownHostException, InterruptedException {
        if (host.length() > NAME_MAX) {
            throw new UnknownHostException("a name has at most " + NAME_MAX + " characters, this one " + host.length());
        }
        if (host.equals("localhost") || host.endsWith(".localhost")) {
            return Resolved.of(InetAddress.ofLiteral("127.0.0.1")); // RFC 6761 §6.3: known without asking
        }
        return cache.get(host, waitNanos);
    }

    private Resolved find(String host) throws UnknownHostException, InterruptedException {
        long until = nanos.getAsLong() + times.lookup();
        if (!lookups.tryAcquire(times.lookup(), TimeUnit.NANOSECONDS)) {
            throw new UnknownHostException("too many names are being resolved");
        }
        try {
            Name name = Name.fromString(host + ".");
            Future<Family> later = threads.submit(() -> family(name, Type.AAAA, until));
            try {
                Family v4 = family(name, Type.A, until);
                long patience = v4.addresses.isEmpty() ? times.lookup() : times.grace();
                return together(host, v4, await(later, Math.min(patience, until - nanos.getAsLong())));
            } finally {
                later.cancel(true);
            }
        } catch (TextParseException e) {
            throw new UnknownHostException("the name " + host + " cannot be asked for");
        } finally {
            lookups.release();
        }
    }

    private static Family await(Future<Family> family, long waitNanos) throws InterruptedException {
        try {
            return family.get(Math.max(waitNanos, 0), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return UNANSWERED;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a DNS look-up failed unexpectedly", e.getCause());
        }
    }

    private static Resolved together(String host, Family v4, Family v6) throws UnknownHostException {
        int count = v4.addresses.size() + v6.addresses.size();
        if (count == 0) {
            throw new UnknownHostException(v4.failed || v6.failed
                    ? "no name server could tell the addresses of " + host
                    : "the name " + host + " has no address");
        }
        if (count > ADDRESSES_MAX) {
            throw new UnknownHostException(
                    "the name " + host + " has " + count + " addresses; at most " + ADDRESSES_MAX + " are looked at");
        }
        // Both families are among the first, IPv4 ahead: where one does not lead anywhere, connecting fails at once.
        List<InetAddress> addresses = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            if (i < v4.addresses.size()) {
                addresses.add(v4.addresses.get(i));
            }
            if (i < v6.addresses.size()) {
                addresses.add(v6.addresses.get(i));
            }
        }
        // Without IPv4 most machines reach nothing, so a server that only missed that question is asked again soon.
        long ttl = Math.clamp(v4.failed ? 0 : Math.min(v4.ttl, v6.ttl), TTL_MIN.toSeconds(), TTL_MAX.toSeconds());
        return new Resolved(addresses, v4.addresses.isEmpty() ? v6.aliases : v4.aliases, Duration.ofSeconds(ttl));
    }

    /** Follows aliases until there are addresses, or certainly none. */
    private Family family(Name name, int type, long until) {
        Trail trail = new Trail(name, type);
        while (true) {
            Name asked = trail.at;
            Message answer = ask(Record.newRecord(asked, type, DClass.IN), until);
            if (answer == null || !trail.follow(answer.getSection(Section.ANSWER))) {
                return UNANSWERED;
            }
            boolean end = trail.at.equals(asked) || answer.getRcode() == Rcode.NXDOMAIN || saysNoData(answer);
            if (!trail.addresses.isEmpty() || end) {
                return new Family(trail.addresses, trail.aliases, trail.ttl, false);
            }
        }
    }

    /** RFC 2308 §2.2: the zone of the last alias has the name, but no such record. */
    private static boolean saysNoData(Message answer) {
        return answer.getSection(Section.AUTHORITY).stream().anyMatch(SOARecord.class::isInstance);
    }

    /** The way from a name over its aliases to addresses of one type. */
    private static final class Trail {
        final List<String> aliases = new ArrayList<>();
        final List<InetAddress> addresses = new ArrayList<>();
        final int type;
        Name at;
        long ttl = TTL_MAX.toSeconds();

        Trail(Name at, int type) {
            this.at = at;
            this.type = type;
        }

        /** Goes as far as these records lead; false when that is too far. */
        boolean follow(List<Record> records) {
            while (true) {
                Name alias = step(records);
                if (!addresses.isEmpty() || alias == null) {
                    return true;
                }
                if (aliases.size() == ALIASES_MAX) {
                    return false;
                }
                aliases.add(alias.toString(true));
                at = alias;
            }
        }

        /** Takes what belongs to the name reached; of other names, and of other types, nothing is believed. */
        private @Nullable Name step(List<Record> records) {
            Name alias = null;
            for (Record record : records) {
                if (!record.getName().equals(at) || record.getDClass() != DClass.IN) {
                    continue;
                }
                if (record.getType() == type) {
                    addresses.add(address(record));
                } else if (record instanceof CNAMERecord next) {
                    alias = next.getTarget();
                } else {
                    continue;
                }
                ttl = Math.min(ttl, record.getTTL());
            }
            return alias;
        }

        /** Without the name that dnsjava puts into it, so that nothing can ever look that up again. */
        private static InetAddress address(Record record) {
            InetAddress named = record instanceof ARecord a ? a.getAddress() : ((AAAARecord) record).getAddress();
            try {
                return InetAddress.getByAddress(named.getAddress());
            } catch (UnknownHostException e) {
                throw new IllegalStateException("an address has four or sixteen bytes", e);
            }
        }
    }

    /** One server after the other, until one gives an answer that can be used; null when none does. */
    private @Nullable Message ask(Record question, long until) {
        for (int round = 1; round <= ROUNDS; round++) {
            for (InetSocketAddress server : servers.now()) {
                long now = nanos.getAsLong();
                if (now - until >= 0 || Thread.currentThread().isInterrupted()) {
                    return null;
                }
                try {
                    Message answer = client.ask(server, question, Math.min(until, now + round * times.answer()));
                    if (answer.getRcode() == Rcode.NOERROR || answer.getRcode() == Rcode.NXDOMAIN) {
                        return answer;
                    }
                } catch (IOException e) {
                    // The next one may do better.
                }
            }
        }
        return null;
    }

    int entries() {
        return cache.entries();
    }

    /** Ends what is being looked up, and closes its sockets. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(1, TimeUnit.SECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "DNS look-ups did not end when the resolver was closed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
