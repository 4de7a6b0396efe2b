package dev.fetchback.outbound;

import dev.fetchback.outbound.Redirects.Leg;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** One exchange from its first hop to its last. */
final class Journey {
    /** A dead address is given up for the next one; the deadline bounds the sum. */
    private static final int ADDRESSES_MAX = 3;

    /** RFC 9110 §9.2.2. */
    private static final Set<String> IDEMPOTENT = Set.of("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE");

    private static final String BLOCKED =
            "the URL leads to an address that is not allowed; 'fetchback check' tells the operator why";

    private final Outbound.Parts parts;
    private final Request request;
    private final @Nullable Payload payload;
    private final BodySink sink;
    private final HopCheck hops;
    private final @Nullable AddressTurn turn;
    private final Redirects redirects;
    private final long startedAt;
    private final long deadline;
    /** Where a connection of ours is counted, which those to the same address after it share; null for none. */
    private @Nullable InetAddress place;

    private long resolveNanos;
    private long connectNanos;
    private long headNanos;

    /** @param turn null to wait for a place at an address here */
    Journey(Outbound.Parts parts, Request request, @Nullable Payload payload, BodySink sink, HopCheck hops,
            @Nullable AddressTurn turn) {
        this.parts = parts;
        this.request = request;
        this.payload = payload;
        this.sink = sink;
        this.hops = hops;
        this.turn = turn;
        this.redirects = new Redirects(request.limits().maxRedirects());
        this.startedAt = now();
        this.deadline = startedAt + request.limits().total().toNanos();
    }

    Exchange.Answer run() throws ExchangeException, AddressBusy, InterruptedException {
        try {
            return travel();
        } finally {
            leavePlace();
        }
    }

    private Exchange.Answer travel() throws ExchangeException, AddressBusy, InterruptedException {
        Leg leg = new Leg(request.target(), request.method(), request.fields(), payload);
        while (true) {
            Exchange.Failure refusal = hops.refusal(leg.target(), Duration.ofNanos(left()));
            if (refusal != null) {
                throw new ExchangeException(refusal.kind(), refusal.detail());
            }
            Visit visit = visit(leg);
            if (visit.location() == null) {
                Exchange.Timings timings = new Exchange.Timings(resolveNanos, connectNanos, headNanos, now() - startedAt);
                ResponseHead head = visit.head();
                return new Exchange.Answer(
                        head.status(), head.fields(), leg.target(), redirects.followed(), visit.cut(), timings);
            }
            leg = redirects.next(leg, visit.head().status(), visit.location());
        }
    }

    /**
     * What one hop came to.
     *
     * @param location where to go on; null at the end of the way
     * @param cut whether the body was not read to its end
     */
    private record Visit(ResponseHead head, @Nullable String location, boolean cut) {}

    private Visit visit(Leg leg) throws ExchangeException, AddressBusy, InterruptedException {
        long from = now();
        boolean trusted = parts.vetter().trusts(leg.target());
        List<InetAddress> addresses = addresses(leg.target());
        resolveNanos = now() - from;
        int tries = Math.min(addresses.size(), ADDRESSES_MAX);
        for (int i = 0; ; i++) {
            PoolKey key = new PoolKey(leg.target().origin(), pick(leg.target(), addresses, i, trusted), trusted);
            try {
                return visit(leg, key);
            } catch (ExchangeException e) {
                boolean unconnected = e.kind() == Kind.CONNECT_FAILED || e.kind() == Kind.CONNECT_TIMEOUT;
                if (!unconnected || i + 1 >= tries) {
                    throw e;
                }
            }
        }
    }

    /** What is told of a denied address, and of a denied name, is the same for all: a stranger learns nothing of the network. */
    private List<InetAddress> addresses(Target target) throws ExchangeException, InterruptedException {
        Vetting vetting = parts.vetter().vet(target, left());
        Vetting.Refusal refusal = vetting.refusal();
        if (refusal != null && refusal.kind() == Kind.BLOCKED_ADDRESS) {
            parts.meters().blocked.increment();
            throw new ExchangeException(Kind.BLOCKED_ADDRESS, BLOCKED);
        }
        if (refusal != null) {
            throw new ExchangeException(refusal.kind(), refusal.reason());
        }
        return vetting.resolved().addresses();
    }

    /** The first try goes where there is a place for it, or a connection is open already. */
    private InetAddress pick(Target target, List<InetAddress> addresses, int attempt, boolean trusted) {
        if (attempt == 0 && turn != null && turn.held() != null && addresses.contains(turn.held())) {
            return turn.held();
        }
        if (attempt == 0 && addresses.size() > 1) {
            for (InetAddress address : addresses) {
                if (parts.pool().has(new PoolKey(target.origin(), address, trusted))) {
                    return address;
                }
            }
        }
        return addresses.get(attempt);
    }

    private Visit visit(Leg leg, PoolKey key) throws ExchangeException, AddressBusy, InterruptedException {
        long from = now();
        if (!key.trusted()) {
            takePlace(key.address());
        }
        try {
            Connection kept = parts.pool().take(key);
            if (kept != null) {
                connectNanos = now() - from;
                parts.meters().reused.increment();
                try {
                    return converse(kept, leg, true);
                } catch (StaleConnection e) {
                    parts.meters().retried.increment();
                }
            }
            Connection fresh = parts.connector().open(leg.target(), key, deadline);
            connectNanos = now() - from;
            return converse(fresh, leg, false);
        } catch (StaleConnection e) {
            throw new IllegalStateException("a fresh connection cannot be stale", e);
        }
    }

    private void takePlace(InetAddress address) throws ExchangeException, AddressBusy, InterruptedException {
        if (address.equals(place)) {
            return;
        }
        leavePlace();
        if (turn != null && address.equals(turn.held())) {
            return;
        }
        AddressGate gate = parts.gate();
        int limit = turn == null ? gate.usual() : turn.limit();
        boolean first = turn != null && redirects.followed() == 0;
        if (first ? !gate.tryEnter(address, limit) : turn != null && gate.line(address) >= limit) {
            throw new AddressBusy(address);
        }
        if (!first && !gate.enter(address, limit, left())) {
            throw new ExchangeException(Kind.DEADLINE, "no connection to the server's address became free in time");
        }
        place = address;
    }

    private void leavePlace() {
        if (place != null) {
            parts.gate().leave(place);
            place = null;
        }
    }

    /**
     * A kept connection was dead when it was used, and the request may be sent again. That is done once, on a fresh connection:
     * all that are kept may be dead (RFC 9112 §9.3.1).
     */
    private static final class StaleConnection extends Exception {
        private static final long serialVersionUID = 1L;

        StaleConnection() {
            super("stale", null, false, false);
        }
    }

    private Visit converse(Connection connection, Leg leg, boolean kept)
            throws ExchangeException, InterruptedException, StaleConnection {
        boolean reusable = false;
        long keepNanos = parts.keepAliveNanos();
        try {
            ResponseHead head = head(connection, leg, kept);
            BodyReader body = new BodyReader(connection, head, leg.method(), request.limits(), parts.decoders());
            String location = redirects.location(head);
            boolean cut = location == null && body.receive(sink);
            reusable = head.keepsConnection() && !connection.spoiled() && body.whole() && connection.rest();
            int hint = head.keepAliveSeconds();
            if (hint >= 0) {
                // A second less than the server says: it must not close just when the next request is under way.
                keepNanos = Math.min(keepNanos, TimeUnit.SECONDS.toNanos(hint - 1L));
            }
            return new Visit(head, location, cut);
        } finally {
            if (reusable && keepNanos > 0) {
                parts.pool().put(connection, keepNanos);
            } else {
                parts.open().discard(connection);
            }
        }
    }

    private ResponseHead head(Connection connection, Leg leg, boolean kept)
            throws ExchangeException, InterruptedException, StaleConnection {
        long from = now();
        connection.begin(Connection.Phase.SEND, deadline);
        connection.patient(request.limits().patient());
        parts.watchdog().wake();
        if (!connection.reaches(connection.key().address())) {
            throw new ExchangeException(Kind.BLOCKED_ADDRESS, BLOCKED); // never sent to where nobody looked
        }
        try {
            send(connection, leg);
            connection.enter(Connection.Phase.HEAD);
            // TLS brings whole records, which may hold the body's start too.
            int most = leg.target().secure() ? 2 * ResponseHead.BYTES_MAX : ResponseHead.BYTES_MAX;
            connection.budget(most, Kind.HEADERS_TOO_LARGE);
            ResponseHead head = ResponseHead.read(connection.buffer(), connection.in());
            headNanos = now() - from;
            return head;
        } catch (ExchangeException e) {
            if (e.kind() == Kind.BAD_HTTP && connection.ended()) {
                // Cut within a line, which only looks malformed.
                throw new ExchangeException(
                        Kind.CONNECTION_LOST, "the server closed the connection within the head of its answer");
            }
            throw e;
        } catch (IOException e) {
            boolean repeatable =
                    request.limits().repeatable() || IDEMPOTENT.contains(leg.method()) || connection.unsent();
            boolean stale = kept && repeatable && (connection.silent() || e instanceof ResponseHead.HeadMissing);
            boolean tls = e instanceof SSLException;
            ExchangeException failure = Failures.of(
                    connection,
                    e,
                    tls ? Kind.TLS_FAILED : Kind.CONNECTION_LOST,
                    tls ? "TLS broke before an answer came" : "the server closed the connection before its answer was there");
            if (stale && (failure.kind() == Kind.CONNECTION_LOST || failure.kind() == Kind.TLS_FAILED)) {
                throw new StaleConnection();
            }
            throw failure;
        }
    }

    /** A server may answer and close before it has read a large body; then its answer is what counts. */
    private void send(Connection connection, Leg leg) throws IOException {
        try {
            RequestHead.send(
                    connection.out(), leg.target(), leg.method(), fields(leg), parts.decoders().accepted(), leg.body());
        } catch (IOException e) {
            connection.spoil();
            if (leg.body() == null || e instanceof PayloadException || Thread.currentThread().isInterrupted()) {
                throw e;
            }
        }
    }

    private List<Field> fields(Leg leg) {
        Request.Condition condition = request.condition();
        return condition == null || !condition.target().equals(leg.target())
                ? leg.fields()
                : Stream.concat(leg.fields().stream(), condition.fields().stream()).toList();
    }

    private long left() throws ExchangeException {
        long left = deadline - now();
        if (left <= 0) {
            throw new ExchangeException(Kind.DEADLINE, Verdicts.detail(Kind.DEADLINE));
        }
        return left;
    }

    private long now() {
        return parts.nanos().getAsLong();
    }
}
