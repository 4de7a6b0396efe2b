package dev.fetchback.work;

import dev.fetchback.store.Committer;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Stage;
import dev.fetchback.work.LaneQueue.Item;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
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
    private final LaneSettings settings;
    private final LongSupplier clock;
    private final Runnable wake;
    private final DueScan scan;
    private final DueScan.Sink sink = new Loading();

    /** Guarded by this lane's lock, as is all that it knows. */
    private final LaneQueues queues;

    private final LaneVisits visits;

    /** Starts tasks; called without the lane's lock. */
    interface Starter {
        /** Runs a task whose start is on disk; {@link Lane#leave} must follow when its step has ended. */
        void launch(Item item);

        /** Makes the starts durable, launches what applied, and calls {@link Lane#leave} for the rest. */
        void start(List<Item> items);

        /** Stores a task as waiting that was begun ahead. */
        void giveBack(Item item);
    }

    /** What the lane works with; {@code wake} makes its thread call {@link #turn} soon. */
    record Wiring(
            Function<String, Pace> paces, Store store, Committer committer, Starter starter, LongSupplier clock, Runnable wake) {}

    Lane(Stage stage, LaneSettings settings, Wiring wiring) {
        this.settings = settings;
        this.clock = wiring.clock();
        this.wake = wiring.wake();
        this.scan = new DueScan(stage, wiring.store(), wiring.committer(), clock, wake);
        this.queues = new LaneQueues(settings, wiring, scan);
        this.visits = new LaneVisits(this, queues, clock);
    }

    /** Whether a new task of this queue may be begun at once; if so {@link #begin} or {@link #unreserve} must follow. */
    synchronized boolean reserve(String name) {
        LaneQueue queue = queues.find(name);
        if (queues.stopped || queue != null && queue.stored) {
            return false;
        }
        if (queue == null) {
            queue = queues.make(name);
        }
        int ahead = queue.ready.size() + queue.reserved;
        long now = clock.getAsLong();
        long opens = queue.pace.opensAt(now);
        boolean atOnce = ahead == 0 && queues.running < settings.concurrency() && opens <= now;
        boolean later = opens > now && opens < Pace.AFTER_PERMIT; // a paused queue's tasks are not to wait in memory
        if (!atOnce && (later || ahead >= queue.pace.window() || queues.loaded >= settings.loadedMax())) {
            return false;
        }
        queues.add(queue);
        queue.reserved++;
        queues.loaded++;
        return true;
    }

    /** A reserved task is on disk as begun. */
    void begin(StoredTask task) {
        Starts starts;
        synchronized (this) {
            LaneQueue queue = queues.find(task.task().plan().host());
            queue.reserved--;
            queue.ready.add(new Item(task, true));
            queues.list(queue);
            starts = queues.pump();
        }
        starts.run();
    }

    /** A reserved task was not stored after all. */
    synchronized void unreserve(String name) {
        LaneQueue queue = queues.find(name);
        queue.reserved--;
        queues.loaded--;
        queues.drop(queue);
    }

    /** A task of this queue was stored to wait until {@code readyAt}. */
    void waits(String name, long readyAt) {
        boolean news;
        synchronized (this) {
            boolean due = readyAt <= clock.getAsLong();
            LaneQueue queue = queues.find(name);
            if (due && queue == null && queues.loaded < settings.loadedMax()) {
                queue = queues.make(name);
                queues.add(queue);
            }
            if (due && queue != null) {
                news = !queue.stored;
                queue.stored = true;
                queues.feed(queue);
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
            LaneQueue queue = queues.find(name);
            queue.pace.leave(clock.getAsLong(), ran);
            queue.running--;
            queues.running--;
            visits.wake(queue);
            queues.list(queue);
            queues.feed(queue);
            queues.drop(queue);
            starts = queues.pump();
        }
        starts.run();
    }

    /** Tasks of this lane that are redirected to other queues' hosts. */
    LaneVisits visits() {
        return visits;
    }

    /** The start of a task that was read from the store is decided: it no longer shows there as waiting. */
    void decided(StoredTask task, String name) {
        long emptiedAt = 0;
        synchronized (this) {
            LaneQueue queue = queues.find(name);
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

    /** Asks or tells a queue's pace something; that of a queue that is not in memory is made anew, and kept if it must be remembered. */
    synchronized <T> T pace(String name, Function<Pace, T> ask) {
        LaneQueue known = queues.find(name);
        if (known != null) {
            return ask.apply(known.pace);
        }
        LaneQueue queue = queues.make(name);
        T answer = ask.apply(queue.pace);
        if (queue.pace.rememberUntil() > clock.getAsLong()) {
            queues.add(queue);
            queues.drop(queue);
        }
        return answer;
    }

    /** Looks at the pace of every queue in memory. */
    synchronized void look(Consumer<Pace> eye) {
        queues.all().forEach(queue -> eye.accept(queue.pace));
    }

    /** What the next task of a queue waits for. */
    synchronized WaitingOn waitingOn(String name) {
        LaneQueue queue = queues.find(name);
        WaitingOn own = (queue == null ? queues.make(name) : queue).pace.waitingOn(clock.getAsLong());
        boolean full = queues.running >= settings.concurrency()
                || !settings.allows(queue == null ? 0 : queue.running, queues.running);
        return own.kind() == WaitingOn.Kind.TURN && full ? new WaitingOn(WaitingOn.Kind.GLOBAL_LIMIT, 0) : own;
    }

    /** A place at {@code key} has become free. */
    void freed(Object key) {
        synchronized (this) {
            queues.call(key);
        }
        wake.run();
    }

    /** The host of a queue that has tasks running asks for so much time between starts; see {@link Pace#slowTo}. */
    synchronized void slowTo(String name, long millis) {
        LaneQueue queue = queues.find(name);
        if (queue != null) {
            queue.pace.slowTo(millis, clock.getAsLong());
        }
    }

    /** A place of this queue has become free that no task of the lane had, or its pause was ended: the lane looks again. */
    void opened(String name) {
        synchronized (this) {
            LaneQueue queue = queues.find(name);
            if (queue == null) {
                return;
            }
            queue.closed = false;
            queues.list(queue);
            queues.feed(queue);
        }
        wake.run();
    }

    /** Whatever is known of when something becomes due: the next turn looks. */
    void lookAgain() {
        scan.dueBy(clock.getAsLong());
    }

    /** Starts nothing any more. */
    synchronized void stop() {
        queues.stopped = true;
        notifyAll();
    }

    synchronized int running() {
        return queues.running;
    }

    /** Does what is due, reading from the store on the calling thread; returns when to call again, Unix milliseconds. */
    long turn() {
        fire(clock.getAsLong());
        scan.run(sink);
        Starts starts;
        long next;
        synchronized (this) {
            starts = queues.pump();
            next = nextTurn();
        }
        starts.run();
        return next;
    }

    private long nextTurn() {
        if (queues.stopped) {
            return Long.MAX_VALUE;
        }
        boolean room = queues.loaded < settings.loadedMax();
        if (room && !queues.hungry.isEmpty()) {
            return clock.getAsLong();
        }
        return Math.min(queues.timers.next(), scan.nextAt(room));
    }

    private synchronized void fire(long now) {
        for (LaneQueue queue : queues.timers.due(now)) {
            queue.closed = false;
            queues.list(queue);
            queues.feed(queue);
            queues.drop(queue);
        }
    }

    /** Takes what the scan finds. */
    private final class Loading implements DueScan.Sink {
        @Override
        public boolean found(List<DueQueue> due) {
            synchronized (Lane.this) {
                int room = settings.loadedMax() - queues.loaded - queues.hungry.size();
                for (DueQueue one : due) {
                    LaneQueue queue = queues.find(one.name());
                    if (queue == null) {
                        if (room-- <= 0) {
                            return false;
                        }
                        queue = queues.make(one.name());
                        queues.add(queue);
                    }
                    queue.stored = true;
                    queues.feed(queue);
                }
                return true;
            }
        }

        @Override
        public Optional<DueScan.Want> next() {
            synchronized (Lane.this) {
                LaneQueue queue = room() ? queues.hungry.poll() : null;
                if (queue == null) {
                    return Optional.empty();
                }
                queue.hungry = false;
                queue.loading = true;
                queue.stored = false; // a task stored from here on sets it again
                // With much in memory already, one task of each queue is enough to give every queue its turn.
                int atOnce = queues.loaded < settings.loadedMax() / 2 ? queue.loadAtOnce : 1;
                return Optional.of(new DueScan.Want(queue, queue.loaded.size(), atOnce));
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
                        queues.loaded++;
                    }
                }
                queue.stored |= due.size() >= want.limit();
                queue.emptiedAt = now;
                emptied = due.isEmpty() && !queue.stored;
                queues.list(queue);
                if (!queue.listed && !queue.hungry) {
                    queues.passOn(queue);
                }
                queues.drop(queue);
                starts = queues.pump();
            }
            starts.run();
            return emptied;
        }

        @Override
        public void giveUp(DueScan.Want want) {
            synchronized (Lane.this) {
                want.queue().loading = false;
                want.queue().stored = true;
                queues.feed(want.queue());
            }
        }

        @Override
        public boolean room() {
            synchronized (Lane.this) {
                return !queues.stopped && queues.loaded < settings.loadedMax();
            }
        }
    }
}
