package dev.fetchback.work;

import dev.fetchback.task.TaskId;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.LongSupplier;

/**
 * Settles that did not fit on a full disk, or found the store out of reach, to be tried again until they are stored. As nothing starts without a change on disk, there are
 * never more than attempts were under way when the disk got full.
 */
final class Unsettled {
    private static final Logger LOG = System.getLogger(Unsettled.class.getName());
    private static final long TELL_EVERY_MILLIS = 60_000; // a disk that stays full is not news every second

    private final LongSupplier clock;
    private final Queue<Runnable> settles = new ArrayDeque<>();
    private long retryAt;
    private long toldAt = -TELL_EVERY_MILLIS;

    Unsettled(LongSupplier clock) {
        this.clock = clock;
    }

    /** Keeps {@code settle}, of task {@code id}, which may call this again; {@link #turn} must be called soon. */
    synchronized void keep(TaskId id, Runnable settle) {
        long now = clock.getAsLong();
        if (settles.isEmpty()) {
            retryAt = now + DueScan.STORE_RETRY_MILLIS;
        }
        settles.add(settle);
        if (now - toldAt >= TELL_EVERY_MILLIS) {
            toldAt = now;
            LOG.log(Level.WARNING, "a settle cannot be stored just now, trying every second task={0}", id);
        }
    }

    /** Tries those again whose time has come; returns when to be called next, Unix milliseconds, or {@link Long#MAX_VALUE}. */
    long turn() {
        List<Runnable> due;
        synchronized (this) {
            if (settles.isEmpty()) {
                return Long.MAX_VALUE;
            }
            long now = clock.getAsLong();
            retryAt = Math.min(retryAt, now + DueScan.STORE_RETRY_MILLIS); // the clock may have been set back
            if (now < retryAt) {
                return retryAt;
            }
            due = new ArrayList<>(settles);
            settles.clear();
        }
        due.forEach(Runnable::run);
        return Long.MAX_VALUE;
    }
}
