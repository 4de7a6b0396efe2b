package dev.fetchback.work;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** The platform thread that drives a lane: it sleeps until something is due or somebody wakes it. */
final class LaneThread {
    private static final Logger LOG = System.getLogger(LaneThread.class.getName());
    /** A store that fails is asked again after this long. */
    private static final long RETRY_MILLIS = 1_000;
    /** A store that stays broken is not news every second. */
    private static final long TELL_EVERY_MILLIS = 60_000;
    /** A clock that jumps is noticed within this time while something is scheduled. */
    private static final long NAP_MAX_MILLIS = 60_000;

    private final LongSupplier clock;
    private final Thread thread;
    private final LongSupplier turn;
    private long toldAt = -TELL_EVERY_MILLIS; // the thread's own
    private volatile boolean woken;
    private volatile boolean stopped;

    LaneThread(String name, LongSupplier clock, LongSupplier turn) {
        this.clock = clock;
        this.turn = turn;
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Has the lane look again soon; cheap when it will anyway. */
    void wake() {
        if (!woken) {
            woken = true;
            LockSupport.unpark(thread);
        }
    }

    void stop() throws InterruptedException {
        stopped = true;
        wake();
        thread.join();
    }

    private void run() {
        while (!stopped) {
            woken = false;
            long next;
            try {
                next = turn.getAsLong();
            } catch (RuntimeException e) {
                long now = clock.getAsLong();
                if (now - toldAt >= TELL_EVERY_MILLIS) {
                    toldAt = now;
                    LOG.log(Level.ERROR, "the scheduler could not read or write the store; it tries again every second", e);
                }
                next = now + RETRY_MILLIS;
            }
            if (!woken && !stopped) {
                sleep(next);
            }
        }
    }

    private void sleep(long next) {
        if (next == Long.MAX_VALUE) {
            LockSupport.park(this);
        } else {
            long millis = Math.min(next - clock.getAsLong(), NAP_MAX_MILLIS);
            if (millis > 0) {
                LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(millis));
            }
        }
    }
}
