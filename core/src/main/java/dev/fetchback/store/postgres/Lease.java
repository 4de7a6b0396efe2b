package dev.fetchback.store.postgres;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How long this node may count on what it has: from before it last asked for it. Whoever renews it may wait for a server that does not
 * answer, so a thread of its own looks at the time.
 */
final class Lease implements AutoCloseable {
    private final long nanos;
    private final Thread watch;
    private volatile long end; // of nanoTime
    private volatile Runnable listener = () -> {};
    private boolean told;
    private volatile boolean closed;

    Lease(Duration length) {
        this.nanos = length.toNanos();
        this.end = System.nanoTime() + nanos;
        this.watch = Thread.ofPlatform().name("store-lease-watch").daemon(true).unstarted(this::watch);
    }

    void start() {
        watch.start();
    }

    /** @param lapsed called when it ends, once each time, on a thread of its own or on that of {@link #lose} */
    void listen(Runnable lapsed) {
        listener = lapsed;
    }

    long nanos() {
        return nanos;
    }

    /** @param asked when the server was asked for it, of nanoTime */
    synchronized void renewed(long asked) {
        end = asked + nanos;
        told = false;
        LockSupport.unpark(watch);
    }

    /** So much of it is left that something may be begun: half. */
    boolean lasts() {
        return left() > nanos / 2;
    }

    /** How long it has been over; zero or less while it is not. */
    Duration over() {
        return Duration.ofNanos(-left());
    }

    /** Others have this node's work, whatever the time says. */
    void lose() {
        synchronized (this) {
            told = true;
        }
        listener.run();
    }

    private long left() {
        return end - System.nanoTime();
    }

    private void watch() {
        while (!closed) {
            long left = left();
            if (left > 0) {
                LockSupport.parkNanos(this, left);
            } else if (ends()) {
                listener.run();
            } else {
                LockSupport.parkNanos(this, TimeUnit.SECONDS.toNanos(1)); // until it is renewed
            }
        }
    }

    /** Whether it is over, which nobody was told yet. */
    private synchronized boolean ends() {
        boolean ends = left() <= 0 && !told;
        told |= ends;
        return ends;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(watch);
    }
}
