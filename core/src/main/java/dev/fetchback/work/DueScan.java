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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Finds what is due in the store: first which queues, then tasks of each. It goes on where it was cut when memory was full, so that
 * every queue has its turn, and knows when the next queue becomes due, so that nothing is read before. Only {@link #run} reads, on
 * the lane's thread; the other methods may be called from anywhere.
 */
final class DueScan {
    private static final int QUEUES_A_PAGE = 256;
    /** When the store is asked again that was full or busy: soon, and too seldom to be a load. */
    static final long STORE_RETRY_MILLIS = 1_000;
    private static final long NEVER = Long.MAX_VALUE;
    /** How late a task may be whose queue lingers. */
    private static final long LINGERING_LOOK_MILLIS = 200;
    /** What others put into a queue is due by their clocks, and stored a moment later. */
    private static final long LOOK_BACK_MILLIS = 10_000;
    /** What came too late even for that is found by looking at everything, this often. */
    private static final long LOOK_AT_ALL_MILLIS = 60_000;

    /** What is read of several queues at once is shared among them: about a megabyte. */
    private static final int TASKS_A_READ = 1_024;

    private final Stage stage;
    private final Store store;
    private final Committer committer;
    private final LongSupplier clock;
    private final Runnable wake;
    private final Lingering lingering;

    private Optional<DueQueue> cursor = Optional.empty(); // used by the lane's thread only
    private long ranAt; // likewise
    private long nextAt;
    private long settledSince = NEVER;
    private boolean cut;
    private long lookedAt; // when others' tasks were looked for; the lane's thread's own, as is the next
    private long scannedAt;

    DueScan(Stage stage, Store store, Committer committer, LongSupplier clock, Runnable wake) {
        this.stage = stage;
        this.store = store;
        this.committer = committer;
        this.clock = clock;
        this.wake = wake;
        this.lingering = new Lingering(store.lingerMillis());
    }

    /** Where the tasks go that are found. */
    interface Sink {
        /** Takes note that these queues have something due; false when there is no room for all of them. */
        boolean found(List<DueQueue> queues);

        /** The next queue to be loaded, or empty when none is hungry or memory is full. */
        Optional<Want> next();

        /** Takes due tasks of a queue; true when the queue has nothing more and its bound should be settled. */
        boolean load(Want want, List<StoredTask> due, long now);

        /** The queue could not be read: it stays to be loaded. */
        void giveUp(Want want);

        /** Whether there is room for more. */
        boolean room();
    }

    /** A queue that is to be loaded with up to {@code fresh} tasks beside the {@code known} that are in memory. */
    record Want(LaneQueue queue, int known, int fresh) {
        int limit() {
            return known + fresh;
        }

        Want atMost(int share) {
            return fresh <= share ? this : new Want(queue, known, share);
        }
    }

    /** Reads what is due now into the sink. */
    void run(Sink sink) {
        long now = clock.getAsLong();
        if (now < ranAt) {
            dueBy(now); // the clock was set back: nobody knows what the next time means, so look
        }
        ranAt = now;
        noteSettled();
        Map<String, Long> quiet = lingering.quiet(now);
        if (!quiet.isEmpty()) {
            submitSettles(List.copyOf(quiet.keySet()), Collections.min(quiet.values()));
        }
        loadAll(sink, now);
        if (due(now) && sink.room()) {
            scan(sink, now);
            loadAll(sink, now);
        } else if (now - lookedAt >= lookEvery() && sink.room()) {
            look(sink, now);
            loadAll(sink, now);
        }
    }

    /** A queue that lingers hides when its next task is due, so it is looked at as if others put tasks there. */
    private long lookEvery() {
        return lingering.isEmpty() ? store.lookEveryMillis() : Math.min(store.lookEveryMillis(), LINGERING_LOOK_MILLIS);
    }

    /** When to run again by itself, Unix milliseconds. */
    synchronized long nextAt(boolean room) {
        long every = lookEvery();
        long look = every == NEVER || !room ? NEVER : lookedAt + every;
        return Math.min(cut && !room ? NEVER : Math.min(nextAt, look), lingering.nextAt());
    }

    /** A scan was cut because memory was full; it should go on when there is room. */
    synchronized boolean cut() {
        return cut;
    }

    /** Something becomes due at {@code at}; true when that is earlier than all that was known. */
    synchronized boolean dueBy(long at) {
        boolean earlier = at < nextAt;
        nextAt = Math.min(nextAt, at);
        return earlier;
    }

    private synchronized boolean due(long now) {
        return nextAt <= now;
    }

    /** Finds the queues that became due since the last look: other owners may have put something there, who tell nobody. */
    private void look(Sink sink, long now) {
        if (now - scannedAt >= LOOK_AT_ALL_MILLIS) {
            dueBy(now);
            scan(sink, now);
            return;
        }
        long since = lookedAt - LOOK_BACK_MILLIS;
        lookedAt = now;
        if (!sink.found(lingering.names().stream().map(name -> new DueQueue(name, now)).toList())) {
            dueBy(now);
            return;
        }
        Optional<DueQueue> after = Optional.of(new DueQueue("", since));
        List<DueQueue> page;
        do {
            page = store.dueQueues(stage, after, now, QUEUES_A_PAGE);
            if (!sink.found(page)) {
                dueBy(now); // the next scan goes on with them when there is room
                return;
            }
            after = page.isEmpty() ? after : Optional.of(page.getLast());
        } while (page.size() == QUEUES_A_PAGE);
        dueBy(store.nextDue(stage, now).orElse(NEVER));
    }

    private void scan(Sink sink, long now) {
        lookedAt = now;
        scannedAt = now;
        synchronized (this) {
            nextAt = NEVER; // a task stored from here on lowers it again
            cut = false;
        }
        List<DueQueue> page;
        do {
            page = store.dueQueues(stage, cursor, now, QUEUES_A_PAGE);
            if (!sink.found(page)) {
                synchronized (this) {
                    cut = true;
                    nextAt = 0;
                }
                return;
            }
            cursor = page.isEmpty() ? Optional.empty() : Optional.of(page.getLast());
        } while (page.size() == QUEUES_A_PAGE);
        cursor = Optional.empty();
        dueBy(store.nextDue(stage, now).orElse(NEVER));
    }

    private void loadAll(Sink sink, long now) {
        for (List<Want> wants = wants(sink); !wants.isEmpty(); wants = wants(sink)) {
            List<List<StoredTask>> due;
            try {
                due = store.dueTasks(
                        stage, wants.stream().map(want -> new Store.Portion(want.queue().name, want.limit())).toList(), now);
            } catch (RuntimeException e) {
                wants.forEach(sink::giveUp);
                throw e;
            }
            for (int i = 0; i < wants.size(); i++) {
                load(sink, wants.get(i), due.get(i), now);
            }
        }
    }

    /** The queues that are read next, with one read. */
    private List<Want> wants(Sink sink) {
        List<Want> wants = new ArrayList<>();
        while (wants.size() < store.queuesARead()) {
            Optional<Want> want = sink.next();
            if (want.isEmpty()) {
                break;
            }
            wants.add(want.get());
        }
        int share = TASKS_A_READ / Math.max(1, wants.size());
        wants.replaceAll(want -> want.atMost(share));
        return wants;
    }

    private void load(Sink sink, Want want, List<StoredTask> due, long now) {
        String name = want.queue().name;
        boolean much = !due.isEmpty() && lingering.used(name, due.size(), now); // before they are started, which may empty it at once
        if (sink.load(want, due, now)) {
            settle(name, now);
        } else if (much) {
            submitSettles(List.of(name), now);
        }
    }

    /** Brings the store's bound of a queue up to date, soon, that had nothing due but what was read at {@code since}. */
    void settle(String name, long since) {
        if (lingering.emptied(name, since)) {
            wake.run(); // whoever drives the lane may sleep until much later
        } else {
            submitSettles(List.of(name), since);
        }
    }

    private void submitSettles(List<String> names, long since) {
        List<Change> settles = new ArrayList<>();
        names.forEach(name -> settles.add(new Change.SettleQueue(new QueueKey(stage, name))));
        try {
            committer.submit(settles, new Committer.Completion() {
                @Override
                public void done(List<Result> results) {
                    if (results.contains(Result.Stale.STALE)) { // a node that has just got the queue must wait for others' commits
                        runSoon();
                    } else {
                        settled(since);
                    }
                }

                @Override
                public void failed(StoreException reason) {
                    runSoon();
                }
            });
        } catch (StoreBusy | StoreException e) {
            runSoon();
        }
    }

    private void settled(long since) {
        synchronized (this) {
            settledSince = Math.min(settledSince, since);
        }
        wake.run();
    }

    /** The bound stays as it is: a scan in a moment finds the queue once more. */
    private void runSoon() {
        if (dueBy(clock.getAsLong() + STORE_RETRY_MILLIS)) {
            wake.run();
        }
    }

    /** A settled queue's next task is due after it was read, so that is where to look for the next due time. */
    private void noteSettled() {
        long since;
        synchronized (this) {
            since = settledSince;
            settledSince = NEVER;
        }
        if (since != NEVER) {
            dueBy(store.nextDue(stage, since).orElse(NEVER));
        }
    }
}
