package dev.fetchback.outbound;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.apache.hc.core5.http.impl.BasicHttpTransportMetrics;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.jspecify.annotations.Nullable;

/**
 * One socket, with every byte counted. It belongs to one exchange at a time, or to the pool. The watchdog may kill it from
 * outside; owner and watchdog settle by compare-and-set on one stamp, so that a late kill never hits the next exchange on the
 * same connection.
 */
final class Connection {
    /** What the connection is doing; the watchdog measures each phase apart. */
    enum Phase {
        IDLE,
        CONNECT,
        HANDSHAKE,
        SEND,
        HEAD,
        BODY
    }

    /** Holds most heads, and keeps 10,000 waiting connections in some 40 MB; long bodies bypass it. */
    private static final int BUFFER = 2048;

    private static final int BYPASS_FROM = 1024;
    /** A line of the head; the head as a whole has a limit of its own. */
    private static final int LINE_MAX = 16 * 1024;
    /** A write goes through a direct buffer of its size that the JDK keeps per thread. */
    private static final int SLICE = 64 * 1024;
    /**
     * Virtual threads are not time-sliced: one whose socket always has data would keep its carrier for ever. As tiny chunks, this
     * much keeps a processor busy for a millisecond.
     */
    private static final int PAUSE_EVERY = 16 * 1024;
    /** A read that took longer has let others run meanwhile. */
    private static final long WAITED_NANOS = 50_000;

    private static final int PHASE_BITS = 4;
    private static final long PHASE_MASK = (1 << PHASE_BITS) - 1;
    private static final Phase[] PHASES = Phase.values();

    private final PoolKey key;
    private final LongAdder received;
    private final Turns turns;
    private final SocketChannel channel;
    private final SessionInputBufferImpl buffer =
            new SessionInputBufferImpl(new BasicHttpTransportMetrics(), BUFFER, BYPASS_FROM, LINE_MAX, null);
    private final InputStream rawIn = new Raw();
    private final OutputStream rawOut = new RawOut();
    private InputStream in = rawIn;
    private OutputStream out = rawOut;

    /** Sequence and phase; negative once killed, then the kind is in it. */
    private final AtomicLong stamp = new AtomicLong();

    private volatile long deadline;
    private volatile boolean patient;
    /** Has one writer at a time: the exchange that owns the connection. */
    private volatile long moved;
    /** The same; bytes of the answer without what TLS puts around them. */
    private volatile long delivered;
    private long mine;
    private long movedAtBegin;
    private long receivedInExchange;
    private long budget;
    private Kind overBudget = Kind.TOO_LARGE;
    private int unpaused;
    private boolean inTurn;
    private boolean spoiled;
    private boolean ended;

    /** Belongs to the watchdog's thread alone. */
    final Watchdog.Watch watch = new Watchdog.Watch();

    /** Belongs to whoever holds the pool's lock: when the connection is too old to be used again. */
    long idleUntil;

    /**
     * @param received counts every byte that comes
     * @param turns of connections that are busy
     */
    Connection(PoolKey key, LongAdder received, Turns turns) throws IOException {
        this.key = key;
        this.received = received;
        this.turns = turns;
        this.channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    PoolKey key() {
        return key;
    }

    /** Starts an exchange, or the opening of the connection, that must end by {@code newDeadline} (nanos). */
    void begin(Phase phase, long newDeadline) throws ExchangeException {
        deadline = newDeadline;
        movedAtBegin = moved;
        receivedInExchange = 0;
        budget = Long.MAX_VALUE;
        unpaused = 0;
        enter(phase);
    }

    /** Whether the head of this exchange's answer may take until the deadline. */
    void patient(boolean whole) {
        patient = whole;
    }

    /** Goes on to the next phase. */
    void enter(Phase phase) throws ExchangeException {
        endTurn();
        long next = (mine >> PHASE_BITS) + 1 << PHASE_BITS | phase.ordinal();
        if (!stamp.compareAndSet(mine, next)) {
            Kind kind = verdict();
            throw new ExchangeException(kind == null ? Kind.CLOSED : kind, Verdicts.detail(kind == null ? Kind.CLOSED : kind));
        }
        mine = next;
    }

    /** Ends the exchange; false when the connection was killed meanwhile. */
    boolean rest() {
        try {
            enter(Phase.IDLE);
            return true;
        } catch (ExchangeException e) {
            return false;
        }
    }

    /** From now on {@code bytes} may come from the network; more ends in {@link BudgetExceeded} of {@code kind}. */
    void budget(long bytes, Kind kind) {
        budget = bytes;
        overBudget = kind;
    }

    /** So much more may come. */
    void allow(long bytes) {
        budget += bytes;
    }

    void connect(InetAddress address, int port, int timeoutMillis) throws IOException {
        channel.socket().connect(new InetSocketAddress(address, port), timeoutMillis);
    }

    /** Whether the other end is this address. */
    boolean reaches(InetAddress address) {
        try {
            return channel.getRemoteAddress() instanceof InetSocketAddress remote && address.equals(remote.getAddress());
        } catch (IOException e) {
            return true; // closed meanwhile, so nothing will be sent
        }
    }

    /** Puts TLS between the exchange and the socket. */
    void layer(InputStream tlsIn, OutputStream tlsOut) {
        in = new Plaintext(tlsIn);
        out = tlsOut;
    }

    SessionInputBufferImpl buffer() {
        return buffer;
    }

    InputStream in() {
        return in;
    }

    OutputStream out() {
        return out;
    }

    InputStream rawIn() {
        return rawIn;
    }

    OutputStream rawOut() {
        return rawOut;
    }

    boolean open() {
        return channel.isOpen();
    }

    /** Marks a connection on which a request was not sent whole, so that none may follow. */
    void spoil() {
        spoiled = true;
    }

    boolean spoiled() {
        return spoiled;
    }

    /** Whether the other side said that it sends no more. */
    boolean ended() {
        return ended;
    }

    /** Whether nothing at all came back in this exchange. */
    boolean silent() {
        return receivedInExchange == 0;
    }

    /** Whether not a byte went out in this exchange, so that nobody can have acted on it. */
    boolean unsent() {
        return moved == movedAtBegin;
    }

    /**
     * Whether the idle connection is open with nothing to read: neither its end nor bytes that nobody asked for. One system call.
     */
    boolean quiet() {
        if (buffer.hasBufferedData()) {
            return false;
        }
        try {
            channel.configureBlocking(false);
            try {
                return channel.read(ByteBuffer.allocate(1)) == 0;
            } finally {
                channel.configureBlocking(true);
            }
        } catch (IOException e) {
            return false;
        }
    }

    /** Closes the socket at once: nothing is drained, TLS says no goodbye. */
    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // The socket is gone either way.
        }
    }

    // What follows is called by the watchdog.

    long stamp() {
        return stamp.get();
    }

    static boolean inUse(long stamp) {
        return stamp >= 0 && phase(stamp) != Phase.IDLE;
    }

    boolean inUse() {
        return inUse(stamp.get());
    }

    static Phase phase(long stamp) {
        return PHASES[(int) (stamp & PHASE_MASK)];
    }

    long deadline() {
        return deadline;
    }

    boolean patient() {
        return patient;
    }

    /** Bytes in both directions so far. */
    long moved() {
        return moved;
    }

    /** Bytes of answers so far, those of TLS left out: a record for each byte would pass for twenty times its rate. */
    long delivered() {
        return delivered;
    }

    /** Ends what goes on under {@code seen}; nothing happens when that is over already. */
    void kill(long seen, Kind kind) {
        if (seen >= 0 && stamp.compareAndSet(seen, -1L - kind.ordinal())) {
            close();
        }
    }

    /** Why it was killed; null when it was not. */
    @Nullable Kind verdict() {
        long seen = stamp.get();
        return seen >= 0 ? null : Kind.of((int) (-1 - seen));
    }

    /** Goes on when all other threads that could run have run, and with as few that are busy as it is itself as there are processors. */
    void pause() {
        endTurn();
        turns.take();
        inTurn = true;
    }

    /** Somebody else may be busy. For the exchange that has the connection. */
    void endTurn() {
        if (inTurn) {
            inTurn = false;
            turns.giveBack();
        }
    }

    private final class Raw extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            endTurn();
            long from = System.nanoTime();
            int count = channel.read(ByteBuffer.wrap(bytes, offset, length));
            if (count <= 0) {
                ended |= count < 0;
                return count;
            }
            moved += count;
            if (in == this) {
                delivered += count;
            }
            received.add(count);
            receivedInExchange += count;
            budget -= count;
            if (budget < 0) {
                throw new BudgetExceeded(overBudget);
            }
            unpaused = System.nanoTime() - from > WAITED_NANOS ? 0 : unpaused + count;
            if (unpaused >= PAUSE_EVERY) {
                unpaused = 0;
                pause();
            }
            return count;
        }
    }

    private final class Plaintext extends FilterInputStream {
        Plaintext(InputStream tls) {
            super(tls);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = super.read(bytes, offset, length);
            delivered += Math.max(count, 0);
            return count;
        }
    }

    private final class RawOut extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int end = offset + length;
            int at = offset;
            while (at < end) {
                int count = channel.write(ByteBuffer.wrap(bytes, at, Math.min(end - at, SLICE)));
                at += count;
                moved += count;
            }
        }
    }
}
