package dev.fetchback.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Opens when workers keep crashing or cannot be started, so that the server does not spend itself on starting them; a page that
 * crashes whoever parses it is not enough, nor are many among others that come through. After a pause, one chain may try.
 */
final class Breaker {
    private static final int CRASHES = 5;
    private static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long PAUSE_MIN_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long PAUSE_MAX_NANOS = TimeUnit.MINUTES.toNanos(5);

    private record Crash(long at, String task, long successesBefore) {}

    private final Deque<Crash> crashes = new ArrayDeque<>();
    private long successes;
    private boolean open;
    private boolean probing;
    private long until;
    private long pause = PAUSE_MIN_NANOS;

    /** How long a chain has to wait, in nanoseconds; 0 when it may begin, and must then be followed by a verdict. */
    synchronized long enter(long now) {
        if (!open) {
            return 0;
        }
        if (until - now > 0 || probing) {
            return Math.max(until - now, PAUSE_MIN_NANOS);
        }
        probing = true;
        return 0;
    }

    /** A chain came through, whatever came of it; whether that closed it. */
    synchronized boolean succeeded() {
        boolean closes = open;
        if (open) {
            open = false;
            crashes.clear();
        }
        probing = false;
        pause = PAUSE_MIN_NANOS;
        successes++;
        return closes;
    }

    /** A chain neither came through nor crashed. */
    synchronized void undecided() {
        probing = false;
    }

    /** A chain of this task took its worker down; for how long that opens it, nanoseconds, 0 when it does not. */
    synchronized long crashed(String task, long now) {
        while (!crashes.isEmpty() && now - crashes.peekFirst().at() > WINDOW_NANOS) {
            crashes.removeFirst();
        }
        crashes.removeIf(crash -> crash.task().equals(task));
        crashes.addLast(new Crash(now, task, successes));
        if (crashes.size() > CRASHES) {
            crashes.removeFirst();
        }
        boolean few = successes - crashes.getFirst().successesBefore() < CRASHES;
        return probing || crashes.size() >= CRASHES && few ? open(now) : 0;
    }

    /** No worker could be started; for how long that opens it, nanoseconds. */
    synchronized long startFailed(long now) {
        return open(now);
    }

    private long open(long now) {
        open = true;
        probing = false;
        long wait = pause;
        until = now + wait;
        pause = Math.min(2 * pause, PAUSE_MAX_NANOS);
        return wait;
    }

    synchronized boolean isOpen() {
        return open;
    }
}
