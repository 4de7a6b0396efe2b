package dev.fetchback.server.intake;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts the requests that are inside, and closes when the server drains. Safe for many threads. */
final class Gate {
    private final int max;
    private final AtomicInteger inside = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition emptied = lock.newCondition();
    private volatile boolean closed;

    /** @param max requests inside at once */
    Gate(int max) {
        this.max = max;
    }

    /** Lets a request in whatever is inside: one of the few that must always be answered. */
    void enterAlways() {
        inside.incrementAndGet();
    }

    /** Lets a request in, or says no when too many are inside. */
    boolean enter() {
        if (inside.incrementAndGet() <= max) {
            return true;
        }
        leave();
        return false;
    }

    void leave() {
        if (inside.decrementAndGet() == 0 && closed) {
            lock.lock();
            try {
                emptied.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    int inside() {
        return inside.get();
    }

    boolean closed() {
        return closed;
    }

    /** From now on requests are told that the server drains. */
    void close() {
        closed = true;
    }

    /** Waits until nothing is inside, for at most {@code patience}; returns whether that came. */
    boolean awaitEmpty(Duration patience) throws InterruptedException {
        long nanos = patience.toNanos();
        lock.lock();
        try {
            while (inside.get() > 0) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = emptied.awaitNanos(nanos);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
