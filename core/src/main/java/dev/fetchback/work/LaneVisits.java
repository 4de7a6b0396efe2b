package dev.fetchback.work;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Running tasks of one host that are redirected to another: each needs a place and a time there, as the tasks of that host do, which
 * hold nothing yet and go after it. For hosts' queues only.
 */
final class LaneVisits {
    /** More who wait at one host would take too many of the lane's places. */
    private static final int WAITING_A_PLACE = 4;

    private final Object lock;
    private final LaneQueues queues;
    private final LongSupplier clock;

    /** @param lock the lane's, which guards {@code queues} */
    LaneVisits(Object lock, LaneQueues queues, LongSupplier clock) {
        this.lock = lock;
        this.queues = queues;
        this.clock = clock;
    }

    /**
     * Lets a running task of {@code home} in at another host. Blocks, for {@code patience} at most.
     *
     * @return 0 when it is in, and {@link #end} must follow; else when to come again, Unix milliseconds
     */
    long begin(String home, String name, Duration patience) throws InterruptedException {
        Starts starts;
        long again = 1;
        @Nullable InterruptedException interrupted = null;
        synchronized (lock) {
            LaneQueue queue = queues.find(name);
            if (queue == null) {
                queue = queues.make(name);
                queues.add(queue);
            }
            LaneQueue own = queues.find(home);
            pace(own).goAway();
            wake(own);
            try {
                again = letIn(queue, patience.toNanos());
            } catch (InterruptedException e) {
                interrupted = e; // what starts now must be run all the same
            }
            if (again > 0) {
                pace(own).comeBack();
            }
            starts = settled(queue);
        }
        starts.run();
        if (interrupted != null) {
            throw interrupted;
        }
        return again;
    }

    private long letIn(LaneQueue queue, long patience) throws InterruptedException {
        long end = System.nanoTime() + patience;
        queue.visitors++;
        try {
            while (true) {
                long now = clock.getAsLong();
                long opens = pace(queue).visit(now);
                if (opens <= now) {
                    queue.running++;
                    return 0;
                }
                long left = end - System.nanoTime();
                long wait = opens == Pace.AFTER_LEAVE ? left : TimeUnit.MILLISECONDS.toNanos(opens - now);
                boolean full = queue.visitors > WAITING_A_PLACE * queue.pace.width();
                if (left <= 0 || wait > left || full || queues.stopped) {
                    return pace(queue).comeAgain(now, queue.visitors);
                }
                TimeUnit.NANOSECONDS.timedWait(lock, Math.max(wait, TimeUnit.MILLISECONDS.toNanos(1)));
            }
        } finally {
            queue.visitors--;
        }
    }

    /** A task of {@code home} leaves the host that it visited. */
    void end(String home, String name) {
        Starts starts;
        synchronized (lock) {
            pace(queues.find(home)).comeBack();
            LaneQueue queue = queues.find(name);
            queue.pace.leave(clock.getAsLong(), true);
            queue.running--;
            wake(queue);
            starts = settled(queue);
        }
        starts.run();
    }

    /** Waits until a running task of {@code home} may send its first request; blocks, for {@code patience} at most. */
    void keepDistance(String home, Duration patience) throws InterruptedException {
        long wait;
        synchronized (lock) {
            wait = pace(queues.find(home)).send(clock.getAsLong());
        }
        if (wait > 0) {
            Thread.sleep(Math.min(wait, Math.max(0, patience.toMillis())));
        }
    }

    /** A place of this queue may have become free for who waits to visit it; the lock is held. */
    void wake(LaneQueue queue) {
        if (queue.visitors > 0) {
            lock.notifyAll();
        }
    }

    private Starts settled(LaneQueue queue) {
        queues.list(queue);
        queues.feed(queue);
        queues.drop(queue);
        return queues.pump();
    }

    private static HostPace pace(LaneQueue queue) {
        return (HostPace) queue.pace;
    }
}
