package dev.fetchback.outbound;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Ends exchanges whose time is over by closing their sockets: the one way that works in every phase, floods included. One
 * platform thread, so that no virtual thread can starve it; it ticks while exchanges are in flight and sleeps otherwise.
 */
final class Watchdog implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Watchdog.class.getName());
    /** How late a limit may be noticed. 10,000 connections cost some 0.2 ms a tick. */
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final OpenConnections open;
    private final ConnectionPool pool;
    private final LongSupplier nanos;
    private final Limits limits;
    private final Thread thread;
    private volatile boolean dozing;
    private volatile boolean closed;

    /** The time limits in nanoseconds. */
    private record Limits(long handshake, long head, long idle, long rateWindow, long leastPerWindow) {
        static Limits of(OutboundSettings.Timeouts timeouts) {
            return new Limits(
                    timeouts.handshake().toNanos(),
                    timeouts.head().toNanos(),
                    timeouts.idle().toNanos(),
                    timeouts.rateWindow().toNanos(),
                    timeouts.rateWindow().toMillis() * OutboundSettings.Timeouts.MIN_RATE / 1000);
        }
    }

    /** What the watchdog remembers of a connection between two ticks. */
    static final class Watch {
        private long stamp = -1;
        private long since;
        private long moved;
        private long movedAt;
        private long windowDelivered;
        private long windowAt;
        private boolean graced;
    }

    Watchdog(OpenConnections open, ConnectionPool pool, OutboundSettings.Timeouts timeouts, LongSupplier nanos) {
        this.open = open;
        this.pool = pool;
        this.nanos = nanos;
        this.limits = Limits.of(timeouts);
        this.thread = Thread.ofPlatform().daemon().name("outbound-watchdog").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Called after a connection was taken into use. */
    void wake() {
        if (dozing) {
            dozing = false;
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!closed) {
            try {
                tick();
            } catch (RuntimeException e) {
                // Without this thread nothing would ever time out, so no fault may end it.
                LOG.log(System.Logger.Level.ERROR, "outbound watchdog: a fault of its own; it goes on", e);
                LockSupport.parkNanos(TICK_NANOS);
            }
        }
    }

    private void tick() {
        long now = nanos.getAsLong();
        boolean busy = false;
        for (Connection connection : open) {
            busy |= check(connection, now);
        }
        long untilExpiry = pool.expire(now);
        if (busy) {
            LockSupport.parkNanos(TICK_NANOS);
            return;
        }
        // Set first, looked again second: an exchange stamps its connection first and looks at dozing second.
        dozing = true;
        if (!closed && !open.anyInUse()) {
            if (untilExpiry == Long.MAX_VALUE) {
                LockSupport.park();
            } else {
                LockSupport.parkNanos(Math.max(untilExpiry, TICK_NANOS));
            }
        }
        dozing = false;
    }

    /** Whether the connection is in use. */
    private boolean check(Connection connection, long now) {
        long stamp = connection.stamp();
        if (!Connection.inUse(stamp)) {
            return false;
        }
        Watch watch = connection.watch;
        long moved = connection.moved();
        if (watch.stamp != stamp) {
            watch.stamp = stamp;
            watch.since = now;
            watch.windowAt = now;
            watch.windowDelivered = connection.delivered();
            watch.graced = false;
            watch.movedAt = now;
        } else if (watch.moved != moved) {
            watch.movedAt = now;
        }
        watch.moved = moved;
        if (now - connection.deadline() >= 0) {
            connection.kill(stamp, Kind.DEADLINE);
            return true;
        }
        switch (Connection.phase(stamp)) {
            case IDLE, CONNECT -> {} // connecting has a timeout of its own
            case HANDSHAKE -> killAfter(limits.handshake(), watch.since, now, connection, Kind.CONNECT_TIMEOUT);
            case SEND -> killAfter(limits.idle(), watch.movedAt, now, connection, Kind.IDLE_TIMEOUT);
            case HEAD -> {
                if (!connection.patient()) {
                    killAfter(limits.head(), watch.since, now, connection, Kind.HEAD_TIMEOUT);
                }
            }
            case BODY -> {
                killAfter(limits.idle(), watch.movedAt, now, connection, Kind.IDLE_TIMEOUT);
                checkRate(connection, watch, now);
            }
        }
        return true;
    }

    private void checkRate(Connection connection, Watch watch, long now) {
        if (now - watch.windowAt < limits.rateWindow()) {
            return;
        }
        long delivered = connection.delivered();
        // The first window is for servers that think before they send.
        if (watch.graced && delivered - watch.windowDelivered < limits.leastPerWindow()) {
            connection.kill(watch.stamp, Kind.TOO_SLOW);
        }
        watch.graced = true;
        watch.windowAt = now;
        watch.windowDelivered = delivered;
    }

    private static void killAfter(long limit, long since, long now, Connection connection, Kind kind) {
        if (now - since >= limit) {
            connection.kill(connection.watch.stamp, kind);
        }
    }

    /** Ends every exchange and stops. */
    @Override
    public void close() {
        closed = true;
        open.close();
        LockSupport.unpark(thread);
        for (Connection connection : open) {
            long stamp = connection.stamp();
            while (stamp >= 0 && connection.verdict() == null) {
                connection.kill(stamp, Kind.CLOSED);
                stamp = connection.stamp();
            }
        }
    }
}
