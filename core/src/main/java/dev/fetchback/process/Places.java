package dev.fetchback.process;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A number of places, first come first served, and before them those who wait: of pages from the store and of those straight from a
 * fetch so many each, so that neither kind can keep the other out.
 */
final class Places {
    private final int most;
    private final int line;
    private final long patienceNanos;
    private final Semaphore free;
    private final AtomicInteger fresh = new AtomicInteger();
    private final AtomicInteger stored = new AtomicInteger();

    /**
     * @param most places, at least 1
     * @param line how many of either kind may wait for one
     * @param patience how long each waits at most
     */
    Places(int most, int line, Duration patience) {
        this.most = most;
        this.line = line;
        this.patienceNanos = patience.toNanos();
        this.free = new Semaphore(most, true);
    }

    /**
     * Takes a place, waiting for one if the line is not full; false when there was none. Give it back with {@link #leave}.
     *
     * @param fromStore which line
     */
    boolean enter(boolean fromStore) throws InterruptedException {
        AtomicInteger waiting = fromStore ? stored : fresh;
        if (waiting.incrementAndGet() > line) {
            waiting.decrementAndGet();
            return free.tryAcquire();
        }
        try {
            return free.tryAcquire(patienceNanos, TimeUnit.NANOSECONDS);
        } finally {
            waiting.decrementAndGet();
        }
    }

    void leave() {
        free.release();
    }

    /** How many of either kind may run or wait. */
    int capacity() {
        return most + line;
    }

    int busy() {
        return most - free.availablePermits();
    }

    int waiting() {
        return fresh.get() + stored.get();
    }
}
