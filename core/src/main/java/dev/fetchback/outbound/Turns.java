package dev.fetchback.outbound;

import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * Turns of exchanges whose data is always there already, which would otherwise keep the processors to themselves: virtual threads are
 * not time-sliced. As many work at once as there are processors, in order of arrival; a turn ends before each read, so nobody waits
 * for a server with one.
 */
final class Turns {
    private final Semaphore free = new Semaphore(Runtime.getRuntime().availableProcessors(), true);

    /** Waits for a turn, after every thread that could run meanwhile did. */
    void take() {
        // Thread.yield puts a thread into the queue of its own carrier, which comes before all that were woken from elsewhere.
        LockSupport.parkNanos(1);
        free.acquireUninterruptibly(); // those who have one never block
    }

    void giveBack() {
        free.release();
    }
}
