package dev.fetchback.work;

import dev.fetchback.work.LaneQueue.Item;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The queues of a lane that have anything in memory, and who is next: the ring gives each queue one start at a time. Guarded by the
 * lane's lock.
 */
final class LaneQueues {
    /** A queue that opens later than this keeps nothing in memory that is in the store as well: others need the room. */
    private static final long KEEP_LOADED_MILLIS = 10_000;
    /** Queues without a task that are remembered for longer than {@link #SHORT_MILLIS}; some 50 MB. */
    private static final int IDLE_MAX = 100_000;
    /** What is remembered for so short a time is bounded by how fast tasks come. */
    private static final long SHORT_MILLIS = 30_000;

    final ArrayDeque<LaneQueue> hungry = new ArrayDeque<>();
    final LaneTimers timers = new LaneTimers();
    int running;
    int loaded;
    boolean stopped;

    private final LaneSettings settings;
    private final Function<String, Pace> paces;
    private final Lane.Starter starter;
    private final LongSupplier clock;
    private final Runnable wake;
    private final DueScan scan;
    private final Map<String, LaneQueue> queues = new HashMap<>();
    private final ArrayDeque<LaneQueue> ring = new ArrayDeque<>();
    private final PermitLines lines = new PermitLines();
    private int idle;

    LaneQueues(LaneSettings settings, Lane.Wiring wiring, DueScan scan) {
        this.settings = settings;
        this.paces = wiring.paces();
        this.starter = wiring.starter();
        this.clock = wiring.clock();
        this.wake = wiring.wake();
        this.scan = scan;
    }

    @Nullable LaneQueue find(String name) {
        return queues.get(name);
    }

    /** One that is not in memory yet; {@link #add} keeps it. */
    LaneQueue make(String name) {
        return new LaneQueue(name, paces.apply(name));
    }

    void add(LaneQueue queue) {
        queues.put(queue.name, queue);
    }

    Collection<LaneQueue> all() {
        return queues.values();
    }

    /** Picks what can start now; the lock is held, the caller runs the result without it. */
    Starts pump() {
        Starts starts = new Starts(starter);
        long now = clock.getAsLong();
        for (int left = ring.size(); left > 0 && !stopped && running < settings.concurrency(); left--) {
            LaneQueue queue = ring.remove();
            if (!queue.ready.isEmpty() && !settings.allows(queue.running, running)) {
                ring.add(queue);
                continue;
            }
            queue.listed = false;
            boolean loads = queue.ready.isEmpty() && (queue.hungry || queue.loading);
            if (startOne(queue, now, starts)) {
                list(queue);
                feed(queue);
                left = ring.size() + 1; // all of them are looked at once more
            }
            if (!loads) {
                left += passOn(queue);
            }
        }
        if ((!hungry.isEmpty() || scan.cut()) && loaded < settings.loadedMax() / 2) {
            wake.run();
        }
        return starts;
    }

    private boolean startOne(LaneQueue queue, long now, Starts starts) {
        if (queue.ready.isEmpty() || queue.visitors > 0) {
            return false;
        }
        long opens = queue.pace.enter(queue.ready.peek().task, now);
        if (opens > now) {
            refused(queue, opens, now, starts);
            return false;
        }
        Item item = queue.ready.poll();
        item.permit = queue.pace.permit();
        queue.running++;
        running++;
        loaded--;
        starts.add(item);
        return true;
    }

    private void refused(LaneQueue queue, long opens, long now, Starts starts) {
        Object permit = queue.pace.permit();
        if (opens == Pace.AFTER_PERMIT && permit != null) {
            loaded -= queue.close();
            lines.stand(queue, permit);
        } else if (opens < Pace.AFTER_PERMIT) {
            timer(queue, opens);
            if (opens - now > KEEP_LOADED_MILLIS) {
                loaded -= queue.close() + queue.ready.size();
                queue.ready.forEach(starts::giveBack);
                queue.ready.clear();
            }
        }
    }

    /** A queue that was called for a free place has taken it, or does not need it: the next in line is called. */
    int passOn(LaneQueue queue) {
        Object key = queue.called;
        if (key == null) {
            return 0;
        }
        queue.called = null;
        int before = ring.size();
        call(key);
        return ring.size() - before;
    }

    void call(Object key) {
        for (LaneQueue next = lines.call(key); next != null; next = lines.call(key)) {
            next.closed = false;
            list(next);
            feed(next);
            if (next.listed || next.hungry || next.loading) {
                return;
            }
            next.called = null; // nothing of it is left
            drop(next);
        }
    }

    void list(LaneQueue queue) {
        if (!queue.listed && !queue.ready.isEmpty()) {
            queue.listed = true;
            ring.add(queue);
        }
    }

    /** Has a queue loaded that runs low. */
    void feed(LaneQueue queue) {
        if (queue.stored && !queue.hungry && !queue.closed && queue.ready.size() <= queue.loadAtOnce / 2) {
            queue.hungry = true;
            hungry.add(queue);
            if (queue.ready.isEmpty()) {
                wake.run();
            }
        }
    }

    void timer(LaneQueue queue, long at) {
        if (at < Pace.AFTER_PERMIT && timers.set(queue, at)) {
            wake.run();
        }
    }

    /** Forgets a queue that has nothing in memory; one that must still keep its distance is kept until then. */
    void drop(LaneQueue queue) {
        if (!queue.empty()) {
            return;
        }
        long now = clock.getAsLong();
        long until = queue.pace.rememberUntil();
        boolean counts = until - now > SHORT_MILLIS;
        idle -= queue.idle ? 1 : 0;
        queue.idle = counts && idle < IDLE_MAX;
        idle += queue.idle ? 1 : 0;
        if (until > now && counts == queue.idle) {
            timer(queue, until);
        } else {
            queues.remove(queue.name, queue);
        }
    }
}
