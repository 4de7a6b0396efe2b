package dev.fetchback.outbound;

import java.security.NoSuchAlgorithmException;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Guarded HTTP exchanges: every connection goes to an address that the policy allows, every exchange ends in bounded time and
 * with bounded bytes, and whatever the network does comes back as a value. Blocking; made for virtual threads. Thread-safe.
 */
public final class Outbound implements AutoCloseable {
    private final Parts parts;
    private volatile boolean closed;

    /**
     * Who is asked for addresses.
     *
     * @param strangers for names that anybody may choose
     * @param trusted for the names of trusted origins
     */
    public record Names(Resolver strangers, Resolver trusted) {
        /** One for all. */
        public static Names by(Resolver resolver) {
            return new Names(resolver, resolver);
        }
    }

    /** What an exchange works with. */
    record Parts(
            Vetter vetter,
            OpenConnections open,
            ConnectionPool pool,
            AddressGate gate,
            Connector connector,
            Watchdog watchdog,
            LargeDecoders decoders,
            OutboundMeters meters,
            LongSupplier nanos,
            long keepAliveNanos) {}

    /**
     * With the JDK's default TLS trust.
     *
     * @param names find addresses; shared with others if need be, not closed by this
     */
    public Outbound(OutboundSettings settings, AddressPolicy policy, Names names) {
        this(settings, policy, names, defaultTls(), System::nanoTime);
    }

    /** The same with one resolver for all names. */
    public Outbound(OutboundSettings settings, AddressPolicy policy, Resolver resolver) {
        this(settings, policy, Names.by(resolver));
    }

    /**
     * With other TLS trust or another clock.
     *
     * @param nanos a monotonic clock, nanoseconds
     */
    public Outbound(OutboundSettings settings, AddressPolicy policy, Names names, SSLContext tls, LongSupplier nanos) {
        OutboundMeters meters = new OutboundMeters();
        OpenConnections open = new OpenConnections(meters);
        ConnectionPool pool = new ConnectionPool(settings.maxOpen(), nanos, open);
        Watchdog watchdog = new Watchdog(open, pool, settings.timeouts(), nanos);
        this.parts = new Parts(
                new Vetter(policy, names.strangers(), names.trusted()),
                open,
                pool,
                new AddressGate(settings.perAddress()),
                new Connector(tls, watchdog, open, pool, nanos, settings.timeouts().connect().toNanos()),
                watchdog,
                new LargeDecoders(),
                meters,
                nanos,
                settings.timeouts().keepAlive().toNanos());
        watchdog.start();
    }

    /**
     * Sends one request and follows its redirects; blocks until the answer's body went to the sink or the exchange failed.
     * Bounded by the request's {@code total}.
     *
     * @throws InterruptedException when the thread is interrupted; its socket is closed then
     */
    public Exchange exchange(Request request, BodySink sink) throws InterruptedException {
        byte[] body = request.body();
        return exchange(request, body == null ? null : new Payload.Bytes(body), sink);
    }

    /** The same with another body than the request's own: a part of an array, or one that is not in memory. */
    public Exchange exchange(Request request, @Nullable Payload payload, BodySink sink) throws InterruptedException {
        try {
            return exchange(request, payload, sink, HopCheck.NONE, null);
        } catch (AddressBusy e) {
            throw new IllegalStateException("an exchange without a turn waits", e);
        }
    }

    /**
     * The same for a caller that waits for its turn at an address elsewhere, and who may end the way before any of its hops. The
     * first connection does not wait for others; one of a redirect does, in a short line.
     *
     * @throws AddressBusy when the first connection would have to wait, or that of a redirect too long; no answer came then
     */
    public Exchange exchange(Request request, BodySink sink, HopCheck hops, AddressTurn turn)
            throws AddressBusy, InterruptedException {
        byte[] body = request.body();
        return exchange(request, body == null ? null : new Payload.Bytes(body), sink, hops, turn);
    }

    private Exchange exchange(
            Request request, @Nullable Payload payload, BodySink sink, HopCheck hops, @Nullable AddressTurn turn)
            throws AddressBusy, InterruptedException {
        parts.meters().exchanges.increment();
        if (closed) {
            return new Exchange.Failure(Kind.CLOSED, Verdicts.detail(Kind.CLOSED));
        }
        try {
            return new Journey(parts, request, payload, sink, hops, turn).run();
        } catch (ExchangeException e) {
            return e.failure();
        }
    }

    /**
     * What would become of an exchange with this target, up to the connection, which is not made: found out by the very code that
     * an exchange begins with.
     *
     * @throws InterruptedException when the thread is interrupted while a name is resolved
     */
    public Vetting check(Target target) throws InterruptedException {
        return parts.vetter().vet(target, NameCache.WAIT_MAX_NANOS);
    }

    /** Places at the addresses that exchanges connect to. */
    public AddressGate gate() {
        return parts.gate();
    }

    /** Counters. */
    public OutboundMeters meters() {
        return parts.meters();
    }

    Parts parts() {
        return parts;
    }

    /** Closes every connection; exchanges in flight fail with {@link Kind#CLOSED}. */
    @Override
    public void close() {
        closed = true;
        parts.pool().close();
        parts.watchdog().close();
    }

    private static SSLContext defaultTls() {
        try {
            return SSLContext.getDefault();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no TLS; use a complete JDK", e);
        }
    }
}
