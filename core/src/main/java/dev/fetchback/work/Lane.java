package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Stage;
import dev.fetchback.work.LaneQueue.Item;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The scheduler of one stage: picks due queues, then tasks of each, one queue after the other, and starts them within the limits.
 * Passive: {@link #turn} does what is due and says when it wants to be called again, so tests drive it on fake time.
 *
 * <p>A queue is in memory only while it has something there. Tasks come in two ways: begun ahead by a submit ({@link #reserve},
 * {@link #begin}), or read from the store by {@link #turn}. One large queue cannot crowd out others: the ring gives each queue one
 * start at a time, and what is read ahead of one queue is bounded.
 */
final class Lane {
    private static final int QUEUES_A_PAGE = 256;
    private static final long STORE_RETRY_MILLIS = 1_000;

    private final Stage stage;
    private final LaneSettings settings;
    private final Function<String, Pace> paces;
    private final Store store;
    private final Committer committer;
    private final Starter starter;
    private final LongSupplier clock;
    private final Runnable wake;

    private final Map<String, LaneQueue> queues = new HashMap<>();
    private final ArrayDeque<LaneQueue> ring = new ArrayDeque<>();
    private final ArrayDeque<LaneQueue> hungry = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private int running;
    private int loaded;
    private long scanAt;
    private boolean scanCut;
    private Optional<DueQueue> cursor = Optional.empty();
    private long settledSince = Long.MAX_VALUE;
    private boolean stopped;

    /** Starts tasks; called without the lane's lock. */
    interface Starter {
        /** Runs a task whose start is on disk; {@link Lane#leave} must follow when its step has ended. */
        void launch(StoredTask task);

        /** Makes the starts durable, launches what applied, and calls {@link Lane#leave} for the rest. */
        void start(List<StoredTask> tasks);
    }

    private record Timer(long at, LaneQueue queue) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return Long.compare(at, other.at);
        }
    }

    /** What the lane works with; {@code wake} makes its thread call {@link #turn} soon. */
    record Wiring(
            Function<String, Pace> paces, Store store, Committer committer, Starter starter, LongSupplier clock, Runnable wake) {}

    Lane(Stage stage, LaneSettings settings, Wiring wiring) {
        this.stage = stage;
        this.settings = settings;
        this.paces = wiring.paces();
        this.store = wiring.store();
        this.committer = wiring.committer();
        this.starter = wiring.starter();
        this.clock = wiring.clock();
        this.wake = wiring.wake();
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
        boolean now = ahead == 0 && running < settings.concurrency() && queue.pace.opensAt(clock.getAsLong()) <= clock.getAsLong();
        if (!now && (ahead >= queue.pace.window() || loaded >= settings.loadedMax())) {
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
        boolean due;
        synchronized (this) {
            due = readyAt <= clock.getAsLong();
            LaneQueue queue = queues.get(name);
            if (due && queue == null && loaded < settings.loadedMax()) {
                queue = new LaneQueue(name, paces.apply(name));
                queues.put(name, queue);
            }
            if (due && queue != null) {
                due = !queue.stored;
                queue.stored = true;
                feed(queue);
            } else {
                due = readyAt < scanAt;
                scanAt = Math.min(scanAt, readyAt);
            }
        }
        if (due) {
            wake.run();
        }
    }

    /** The step of a task of this queue has ended. */
    void leave(String name) {
        Starts starts;
        synchronized (this) {
            LaneQueue queue = queues.get(name);
            queue.pace.leave(clock.getAsLong());
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
        long emptiedAt;
        synchronized (this) {
            LaneQueue queue = queues.get(name);
            queue.loaded.remove(task.task().id());
            emptiedAt = queue.loaded.isEmpty() && !queue.stored ? queue.emptiedAt : 0;
            if (emptiedAt > 0) {
                queue.emptiedAt = 0;
            }
        }
        if (emptiedAt > 0) {
            settle(name, emptiedAt);
        }
    }

    /** Nothing of this queue starts before {@code until}. */
    synchronized void pause(String name, long until) {
        LaneQueue queue = queues.computeIfAbsent(name, n -> new LaneQueue(n, paces.apply(n)));
        queue.pace.pause(until);
        timer(queue, until);
    }

    /** When the next task of this queue may start, Unix milliseconds; {@link Pace#AFTER_LEAVE} after one ends, 0 for at once. */
    synchronized long opensAt(String name) {
        LaneQueue queue = queues.get(name);
        return queue == null ? 0 : queue.pace.opensAt(clock.getAsLong());
    }

    /** Starts nothing any more. */
    synchronized void stop() {
        stopped = true;
    }

    synchronized int running() {
        return running;
    }

    synchronized int loaded() {
        return loaded;
    }

    /** Does what is due, reading from the store on the calling thread; returns when to call again, Unix milliseconds. */
    long turn() {
        long now = clock.getAsLong();
        fire(now);
        noteSettled();
        loadHungry(now);
        if (scanDue(now)) {
            scan(now);
            loadHungry(now);
        }
        Starts starts;
        long next;
        synchronized (this) {
            starts = pump();
            next = stopped ? Long.MAX_VALUE : nextTurn(now);
        }
        starts.run();
        return next;
    }

    private long nextTurn(long now) {
        if (!hungry.isEmpty() && loaded < settings.loadedMax()) {
            return now;
        }
        long timer = timers.isEmpty() ? Long.MAX_VALUE : timers.peek().at();
        boolean scanLater = scanCut && loaded >= settings.loadedMax();
        return scanLater ? timer : Math.min(timer, scanAt);
    }

    private synchronized void fire(long now) {
        while (!timers.isEmpty() && timers.peek().at() <= now) {
            LaneQueue queue = timers.poll().queue();
            queue.timerAt = 0;
            list(queue);
            drop(queue);
        }
    }

    private synchronized boolean scanDue(long now) {
        return !stopped && scanAt <= now && loaded < settings.loadedMax();
    }

    /** First level of the due scan: which queues have something due. Goes on where it was cut, so that every queue has its turn. */
    private void scan(long now) {
        synchronized (this) {
            scanAt = Long.MAX_VALUE; // a task stored from here on lowers it again
            scanCut = false;
        }
        List<DueQueue> page;
        do {
            page = store.dueQueues(stage, cursor, now, QUEUES_A_PAGE);
            if (!take(page)) {
                return;
            }
            cursor = page.isEmpty() ? Optional.empty() : Optional.of(page.getLast());
        } while (page.size() == QUEUES_A_PAGE);
        cursor = Optional.empty();
        long next = store.nextDue(stage, now).orElse(Long.MAX_VALUE);
        synchronized (this) {
            scanAt = Math.min(scanAt, next);
        }
    }

    /** Notes the queues of a page as having something; false when memory is full and the scan must go on later. */
    private synchronized boolean take(List<DueQueue> page) {
        int room = settings.loadedMax() - loaded - hungry.size();
        for (DueQueue due : page) {
            if (room <= 0) {
                scanCut = true;
                scanAt = 0;
                return false;
            }
            LaneQueue queue = queues.get(due.name());
            if (queue == null) {
                queue = new LaneQueue(due.name(), paces.apply(due.name()));
                queues.put(due.name(), queue);
                room--;
            }
            queue.stored = true;
            feed(queue);
        }
        return true;
    }

    private void loadHungry(long now) {
        while (true) {
            LaneQueue queue;
            int limit;
            synchronized (this) {
                queue = stopped || loaded >= settings.loadedMax() ? null : hungry.poll();
                if (queue == null) {
                    return;
                }
                queue.hungry = false;
                queue.stored = false; // a task stored from here on sets it again
                // With much in memory already, one task of each queue is enough to give every queue its turn.
                int atOnce = loaded < settings.loadedMax() / 2 ? settings.loadAtOnce() : 1;
                limit = queue.loaded.size() + atOnce;
            }
            List<StoredTask> due = store.dueTasks(new QueueKey(stage, queue.name), now, limit);
            load(queue, due, limit, now);
        }
    }

    /** Second level of the due scan: due tasks of one queue. */
    private void load(LaneQueue queue, List<StoredTask> due, int limit, long now) {
        boolean emptied;
        Starts starts;
        synchronized (this) {
            int added = 0;
            for (StoredTask task : due) {
                if (queue.loaded.add(task.task().id())) {
                    queue.ready.add(new Item(task, false));
                    added++;
                }
            }
            loaded += added;
            queue.stored |= due.size() >= limit;
            queue.emptiedAt = now;
            emptied = due.isEmpty() && !queue.stored;
            list(queue);
            if (emptied) {
                drop(queue);
            }
            starts = pump();
        }
        starts.run();
        if (emptied) {
            settle(queue.name, now);
        }
    }

    /** The store's bound for this queue is brought up to date; what is left of it becomes due after {@code now}. */
    private void settle(String name, long now) {
        try {
            committer.submit(List.of(new Change.SettleQueue(new QueueKey(stage, name))), new Committer.Completion() {
                @Override
                public void done(List<Result> results) {
                    settledSince(now);
                }

                @Override
                public void failed(StoreException reason) {
                    scanSoon();
                }
            });
        } catch (StoreBusy | StoreException e) {
            scanSoon();
        }
    }

    /** The bound stays as it is: a scan in a moment finds the queue once more. */
    private void scanSoon() {
        synchronized (this) {
            scanAt = Math.min(scanAt, clock.getAsLong() + STORE_RETRY_MILLIS);
        }
        wake.run();
    }

    private void settledSince(long now) {
        synchronized (this) {
            settledSince = Math.min(settledSince, now);
        }
        wake.run();
    }

    private void noteSettled() {
        long since;
        synchronized (this) {
            since = settledSince;
            settledSince = Long.MAX_VALUE;
        }
        if (since != Long.MAX_VALUE) {
            long next = store.nextDue(stage, since).orElse(Long.MAX_VALUE);
            synchronized (this) {
                scanAt = Math.min(scanAt, next);
            }
        }
    }

    /** Picks what can start now; the lock is held, the caller runs the result without it. */
    private Starts pump() {
        Starts starts = new Starts();
        long now = clock.getAsLong();
        while (!stopped && running < settings.concurrency()) {
            LaneQueue queue = ring.poll();
            if (queue == null) {
                break;
            }
            queue.listed = false;
            if (queue.ready.isEmpty()) {
                continue;
            }
            long opens = queue.pace.opensAt(now);
            if (opens > now) {
                timer(queue, opens);
                continue;
            }
            Item item = queue.ready.poll();
            queue.pace.enter(now);
            queue.running++;
            running++;
            loaded--;
            starts.add(item);
            list(queue);
            feed(queue);
        }
        if ((scanCut || !hungry.isEmpty()) && loaded < settings.loadedMax() / 2) {
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
        if (queue.stored && !queue.hungry && queue.ready.size() <= settings.loadAtOnce() / 2) {
            queue.hungry = true;
            hungry.add(queue);
            if (queue.ready.isEmpty()) {
                wake.run();
            }
        }
    }

    private void timer(LaneQueue queue, long at) {
        if (at != Pace.AFTER_LEAVE && (queue.timerAt == 0 || at < queue.timerAt)) {
            queue.timerAt = at;
            timers.add(new Timer(at, queue));
            if (timers.peek().queue() == queue) {
                wake.run();
            }
        }
    }

    /** Forgets a queue that has nothing in memory; one that must still keep its distance is kept until then. */
    private void drop(LaneQueue queue) {
        if (!queue.empty()) {
            return;
        }
        long opens = queue.pace.opensAt(clock.getAsLong());
        if (opens > clock.getAsLong()) {
            timer(queue, opens);
        } else {
            queues.remove(queue.name, queue);
        }
    }

    /** Tasks picked under the lock, started without it. */
    private final class Starts {
        private final List<StoredTask> begun = new ArrayList<>(1);
        private final List<StoredTask> waiting = new ArrayList<>(0);

        void add(Item item) {
            (item.begun() ? begun : waiting).add(item.task());
        }

        void run() {
            for (StoredTask task : begun) {
                starter.launch(task);
            }
            if (!waiting.isEmpty()) {
                starter.start(waiting);
            }
        }
    }
}
