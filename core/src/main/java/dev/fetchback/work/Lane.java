package dev.fetchback.work;

import dev.fetchback.store.Committer;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Stage;
import dev.fetchback.work.LaneQueue.Item;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The scheduler of one stage: picks due queues, then tasks of each, one queue after the other, and starts them within the limits.
 * Passive: {@link #turn} does what is due and says when it wants to be called again, so tests drive it on fake time.
 *
 * <p>A queue is in memory only while it has something there. Tasks come in two ways: begun ahead by a submit ({@link #reserve},
 * {@link #begin}), or read from the store by {@link DueScan}. One large queue cannot crowd out others: the ring gives each queue one
 * start at a time, and what is read ahead of one queue is bounded.
 */
final class Lane {
    /** A queue that opens later than this keeps nothing in memory that is in the store as well: others need the room. */
    private static final long KEEP_LOADED_MILLIS = 10_000;

    private final LaneSettings settings;
    private final Function<String, Pace> paces;
    private final Starter starter;
    private final LongSupplier clock;
    private final Runnable wake;
    private final DueScan scan;
    private final DueScan.Sink sink = new Loading();

    private final Map<String, LaneQueue> queues = new HashMap<>();
    private final ArrayDeque<LaneQueue> ring = new ArrayDeque<>();
    private final ArrayDeque<LaneQueue> hungry = new ArrayDeque<>();
    private final LaneTimers timers = new LaneTimers();
    private int running;
    private int loaded;
    private boolean stopped;

    /** Starts tasks; called without the lane's lock. */
    interface Starter {
        /** Runs a task whose start is on disk; {@link Lane#leave} must follow when its step has ended. */
        void launch(StoredTask task);

        /** Makes the starts durable, launches what applied, and calls {@link Lane#leave} for the rest. */
        void start(List<StoredTask> tasks);
    }

    /** What the lane works with; {@code wake} makes its thread call {@link #turn} soon. */
    record Wiring(
            Function<String, Pace> paces, Store store, Committer committer, Starter starter, LongSupplier clock, Runnable wake) {}

    Lane(Stage stage, LaneSettings settings, Wiring wiring) {
        this.settings = settings;
        this.paces = wiring.paces();
        this.starter = wiring.starter();
        this.clock = wiring.clock();
        this.wake = wiring.wake();
        this.scan = new DueScan(stage, wiring.store(), wiring.committer(), clock, wake);
    }

    /** Whether a new task of this queue may be begun at once; if so {@link #begin} or {@link #unreserve} must follow. */
    synchronized boolean reserve(String name) {
        LaneQueue queue = queues.get(name);
        if (stopped || queue != null && queue.stored) {
            return false;
        }
        if (queue == null) {
            queue = new LaneQueue(name, paces.apply(name));
        }
        int ahead = queue.ready.size() + queue.reserved;
        long now = clock.getAsLong();
        boolean atOnce = ahead == 0 && running < settings.concurrency() && queue.pace.opensAt(now) <= now;
        if (!atOnce && (ahead >= queue.pace.window() || loaded >= settings.loadedMax())) {
            return false;
        }
        queues.put(name, queue);
        queue.reserved++;
        loaded++;
        return true;
    }

    /** A reserved task is on disk as begun. */
    void begin(StoredTask task) {
        Starts starts;
        synchronized (this) {
            LaneQueue queue = queues.get(task.task().plan().host());
            queue.reserved--;
            queue.ready.add(new Item(task, true));
            list(queue);
            starts = pump();
        }
        starts.run();
    }

    /** A reserved task was not stored after all. */
    synchronized void unreserve(String name) {
        LaneQueue queue = queues.get(name);
        queue.reserved--;
        loaded--;
        drop(queue);
    }

    /** A task of this queue was stored to wait until {@code readyAt}. */
    void waits(String name, long readyAt) {
        boolean news;
        synchronized (this) {
            boolean due = readyAt <= clock.getAsLong();
            LaneQueue queue = queues.get(name);
            if (due && queue == null && loaded < settings.loadedMax()) {
                queue = new LaneQueue(name, paces.apply(name));
                queues.put(name, queue);
            }
            if (due && queue != null) {
                news = !queue.stored;
                queue.stored = true;
                feed(queue);
            } else {
                news = scan.dueBy(readyAt);
            }
        }
        if (news) {
            wake.run();
        }
    }

    /** A task of this queue has ended; {@code ran} is false when its step never began. */
    void leave(String name, boolean ran) {
        Starts starts;
        synchronized (this) {
            LaneQueue queue = queues.get(name);
            queue.pace.leave(clock.getAsLong(), ran);
            queue.running--;
            running--;
            list(queue);
            feed(queue);
            drop(queue);
            starts = pump();
        }
        starts.run();
    }

    /** The start of a task that was read from the store is decided: it no longer shows there as waiting. */
    void decided(StoredTask task, String name) {
        long emptiedAt = 0;
        synchronized (this) {
            LaneQueue queue = queues.get(name);
            queue.loaded.remove(task.task().id());
            if (queue.loaded.isEmpty() && !queue.stored) {
                emptiedAt = queue.emptiedAt;
                queue.emptiedAt = 0;
            }
        }
        if (emptiedAt > 0) {
            scan.settle(name, emptiedAt);
        }
    }

    /** Nothing of this queue starts before {@code until}. */
    synchronized void pause(String name, long until) {
        LaneQueue queue = queues.computeIfAbsent(name, n -> new LaneQueue(n, paces.apply(n)));
        queue.pace.pause(until);
        timer(queue, until);
    }

    /** The host of a queue that has tasks running asks for so much time between starts; see {@link Pace#slowTo}. */
    synchronized void slowTo(String name, long millis) {
        LaneQueue queue = queues.get(name);
        if (queue != null) {
            queue.pace.slowTo(millis, clock.getAsLong());
        }
    }

    /** A place of this queue has become free that no task of the lane had, or its pause was ended: the lane looks again. */
    void opened(String name) {
        synchronized (this) {
            LaneQueue queue = queues.get(name);
            if (queue == null) {
                return;
            }
            queue.closed = false;
            list(queue);
            feed(queue);
        }
        wake.run();
    }

    /** When the next task of this queue may start, Unix milliseconds; {@link Pace#AFTER_LEAVE} after one ends, 0 for at once. */
    synchronized long opensAt(String name) {
        LaneQueue queue = queues.get(name);
        return (queue == null ? paces.apply(name) : queue.pace).opensAt(clock.getAsLong());
    }

    /** Starts nothing any more. */
    synchronized void stop() {
        stopped = true;
    }

    synchronized int running() {
        return running;
    }

    /** Does what is due, reading from the store on the calling thread; returns when to call again, Unix milliseconds. */
    long turn() {
        fire(clock.getAsLong());
        scan.run(sink);
        Starts starts;
        long next;
        synchronized (this) {
            starts = pump();
            next = nextTurn();
        }
        starts.run();
        return next;
    }

    private long nextTurn() {
        if (stopped) {
            return Long.MAX_VALUE;
        }
        boolean room = loaded < settings.loadedMax();
        if (room && !hungry.isEmpty()) {
            return clock.getAsLong();
        }
        return Math.min(timers.next(), scan.nextAt(room));
    }

    private synchronized void fire(long now) {
        for (LaneQueue queue : timers.due(now)) {
            queue.closed = false;
            list(queue);
            feed(queue);
            drop(queue);
        }
    }

    /** Picks what can start now; the lock is held, the caller runs the result without it. */
    private Starts pump() {
        Starts starts = new Starts(starter);
        long now = clock.getAsLong();
        for (int left = ring.size(); left > 0 && !stopped && running < settings.concurrency(); left--) {
            LaneQueue queue = ring.remove();
            if (!queue.ready.isEmpty() && !settings.allows(queue.running, running)) {
                ring.add(queue);
                continue;
            }
            queue.listed = false;
            if (queue.ready.isEmpty()) {
                continue;
            }
            long opens = queue.pace.enter(queue.ready.peek().task(), now);
            if (opens > now) {
                timer(queue, opens);
                if (opens != Pace.AFTER_LEAVE && opens - now > KEEP_LOADED_MILLIS) {
                    loaded -= queue.close();
                }
                continue;
            }
            Item item = queue.ready.poll();
            queue.running++;
            running++;
            loaded--;
            starts.add(item);
            list(queue);
            feed(queue);
            left = ring.size() + 1; // all of them are looked at once more
        }
        if ((!hungry.isEmpty() || scan.cut()) && loaded < settings.loadedMax() / 2) {
            wake.run();
        }
        return starts;
    }

    private void list(LaneQueue queue) {
        if (!queue.listed && !queue.ready.isEmpty()) {
            queue.listed = true;
            ring.add(queue);
        }
    }

    /** Has a queue loaded that runs low. */
    private void feed(LaneQueue queue) {
        if (queue.stored && !queue.hungry && !queue.closed && queue.ready.size() <= settings.loadAtOnce() / 2) {
            queue.hungry = true;
            hungry.add(queue);
            if (queue.ready.isEmpty()) {
                wake.run();
            }
        }
    }

    private void timer(LaneQueue queue, long at) {
        if (at != Pace.AFTER_LEAVE && timers.set(queue, at)) {
            wake.run();
        }
    }

    /** Forgets a queue that has nothing in memory; one that must still keep its distance is kept until then. */
    private void drop(LaneQueue queue) {
        if (!queue.empty()) {
            return;
        }
        long until = queue.pace.rememberUntil();
        if (until > clock.getAsLong()) {
            timer(queue, until);
        } else {
            queues.remove(queue.name, queue);
        }
    }

    /** Takes what the scan finds. */
    private final class Loading implements DueScan.Sink {
        @Override
        public boolean found(List<DueQueue> due) {
            synchronized (Lane.this) {
                int room = settings.loadedMax() - loaded - hungry.size();
                for (DueQueue one : due) {
                    LaneQueue queue = queues.get(one.name());
                    if (queue == null) {
                        if (room-- <= 0) {
                            return false;
                        }
                        queue = new LaneQueue(one.name(), paces.apply(one.name()));
                        queues.put(one.name(), queue);
                    }
                    queue.stored = true;
                    feed(queue);
                }
                return true;
            }
        }

        @Override
        public Optional<DueScan.Want> next() {
            synchronized (Lane.this) {
                LaneQueue queue = room() ? hungry.poll() : null;
                if (queue == null) {
                    return Optional.empty();
                }
                queue.hungry = false;
                queue.loading = true;
                queue.stored = false; // a task stored from here on sets it again
                // With much in memory already, one task of each queue is enough to give every queue its turn.
                int atOnce = loaded < settings.loadedMax() / 2 ? settings.loadAtOnce() : 1;
                return Optional.of(new DueScan.Want(queue, queue.loaded.size() + atOnce));
            }
        }

        @Override
        public boolean load(DueScan.Want want, List<StoredTask> due, long now) {
            LaneQueue queue = want.queue();
            boolean emptied;
            Starts starts;
            synchronized (Lane.this) {
                queue.loading = false;
                for (StoredTask task : due) {
                    if (queue.loaded.add(task.task().id())) {
                        queue.ready.add(new Item(task, false));
                        loaded++;
                    }
                }
                queue.stored |= due.size() >= want.limit();
                queue.emptiedAt = now;
                emptied = due.isEmpty() && !queue.stored;
                list(queue);
                drop(queue);
                starts = pump();
            }
            starts.run();
            return emptied;
        }

        @Override
        public void giveUp(DueScan.Want want) {
            synchronized (Lane.this) {
                want.queue().loading = false;
                want.queue().stored = true;
                feed(want.queue());
            }
        }

        @Override
        public boolean room() {
            synchronized (Lane.this) {
                return !stopped && loaded < settings.loadedMax();
            }
        }
    }
}
