package dev.fetchback.work;

import dev.fetchback.store.Store;
import dev.fetchback.store.Store.Attempt;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Event;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The way of one attempt, each on a virtual thread of its own: fetch, process, hand over, settle. The outcome is decided once and stored once.
 */
final class Runs {
    private static final Logger LOG = System.getLogger(Runs.class.getName());

    /** Bounds what is remembered of cancelled attempts; one that is forgotten may still tell its receiver. */
    private static final int CANCELLED_MAX = 10_000;

    private final Worker worker;
    private final Store store;
    private final Worker.Steps steps;
    private final Executor executor;
    private final HandOver handOver;
    private final ProcessRuns processing;
    private final Map<Attempt, Thread> threads = new ConcurrentHashMap<>();
    /** Cancelled while they were not running, which most of them are about to. */
    private final Set<Attempt> cancelled = ConcurrentHashMap.newKeySet();
    private final AtomicInteger underWay = new AtomicInteger();
    private final Object idle = new Object();

    Runs(Worker worker, Worker.Parts parts, WorkSettings settings) {
        this.worker = worker;
        this.store = parts.store();
        this.steps = parts.steps();
        this.executor = parts.surroundings().threads();
        this.handOver = new HandOver(worker, parts, settings);
        this.processing = new ProcessRuns(worker, parts, handOver);
    }

    /** @param permit what was taken for the task besides its queue's place; null for nothing */
    void launch(StoredTask task, @Nullable Object permit) {
        underWay.incrementAndGet();
        executor.execute(() -> run(task, permit));
    }

    private void run(StoredTask stored, @Nullable Object permit) {
        Task task = stored.task();
        Attempt attempt = Attempt.of(task);
        threads.put(attempt, Thread.currentThread());
        try {
            if (!cancelled.isEmpty() && cancelled.remove(attempt)) {
                worker.lane(task.phase().stage()).leave(task.queue(), false);
                worker.hosts().giveBack(permit);
                return;
            }
            if (!store.owns(task)) { // it was begun ahead, or its start took long: another owner may do it by now
                worker.lane(task.phase().stage()).leave(task.queue(), false);
                worker.hosts().giveBack(permit);
                worker.settle(task, new Event.HandedBack(), null);
                return;
            }
            switch (task.phase().stage()) {
                case FETCH -> fetch(task, stored.spec(), permit);
                case PROCESS -> processing.stored(task, stored.spec());
                case DELIVER -> deliver(task, stored.spec());
            }
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "task " + task.id() + " was left unsettled by a fault of Fetchback; a restart takes it up again", e);
        } finally {
            threads.remove(attempt);
            done();
        }
    }

    /** Ends the attempt that a task was on when it was cancelled: nobody is to be told any more. */
    void cancel(Attempt attempt) {
        if (cancelled.size() >= CANCELLED_MAX) {
            cancelled.clear();
        }
        cancelled.add(attempt); // before looking for its thread, which may begin just now
        Thread thread = threads.get(attempt);
        if (thread != null) {
            cancelled.remove(attempt);
            thread.interrupt();
        }
    }

    private void fetch(Task task, TaskSpec spec, @Nullable Object permit) {
        HostVisit visit = new HostVisit(worker.lane(Stage.FETCH).visits(), task.queue());
        FetchPlace place = new FetchPlace(task.queue(), visit);
        FetchResult result;
        try {
            result = steps.fetch().run(task, spec, new FetchInput(seen(task), permit, visit));
        } catch (InterruptedException e) {
            place.leave();
            worker.settle(task, new Event.HandedBack(), null);
            return;
        } catch (RuntimeException | Error e) { // out of memory, say: its place must not be lost
            LOG.log(Level.ERROR, "the fetch of task " + task.id() + " met a fault of Fetchback", e);
            result = new FetchResult.Failed(HandOver.internal(), true, 0, null);
        } finally {
            worker.hosts().giveBack(permit); // for the connection only, not for what follows
        }
        try {
            switch (result) {
                case FetchResult.Crowded crowded -> {
                    worker.hosts().crowded(task.queue(), crowded.permit());
                    place.leave();
                    worker.settle(task, new Event.HandedBack(), null);
                }
                case FetchResult.PutOff off -> {
                    place.leave();
                    worker.settle(task, new Event.PutOff(off.problem(), off.until()), null);
                }
                case FetchResult.Failed f -> {
                    // A pause is not stored, so the task carries it over a restart.
                    long pausedUntil = worker.hosts().heard(f.news());
                    place.leave();
                    long notBefore = Math.max(f.notBefore(), pausedUntil);
                    worker.settle(task, new Event.FetchFailed(f.problem(), f.retryable(), notBefore), null);
                }
                case FetchResult.Unchanged unchanged -> {
                    worker.hosts().heard(unchanged.news());
                    place.leave();
                    worker.settle(task, new Event.PageUnchanged(unchanged.page()), null);
                }
                case FetchResult.Fetched fetched -> {
                    worker.hosts().heard(fetched.news());
                    visit.end(); // only its own host waits for the receiver, too
                    try (Body body = fetched.body()) {
                        Load load = new Load(fetched.page(), body, false, null);
                        if (task.plan().processing()) {
                            place.leave(); // processing is no load on its host
                            process(task, spec, load);
                        } else {
                            handOver.run(task, spec, load, place::leave);
                        }
                    }
                }
            }
        } finally {
            place.leave();
        }
    }

    /** The page as it was the last time; null when it is not known or does not matter. */
    private @Nullable Seen seen(Task task) {
        String page = task.plan().pageKey();
        return page == null ? null : store.seen(page).orElse(null);
    }

    /**
     * A task's place among the fetches. A page keeps it while it waits a moment for its receiver: fetches that are faster than
     * deliveries would only pile up pages, which then must go to disk and back.
     */
    private final class FetchPlace {
        private final String queue;
        private final HostVisit visit;
        private final AtomicBoolean left = new AtomicBoolean();

        FetchPlace(String queue, HostVisit visit) {
            this.queue = queue;
            this.visit = visit;
        }

        /** Gives the place to another task, the first time it is called. */
        void leave() {
            if (left.compareAndSet(false, true)) {
                visit.end();
                worker.lane(Stage.FETCH).leave(queue, true);
            }
        }
    }

    /** It is another start then, which a cancel must find as well. */
    private void process(Task task, TaskSpec spec, Load load) {
        List<Attempt> started = new ArrayList<>(1);
        try {
            processing.fetched(task, spec, load, running -> {
                Attempt attempt = Attempt.of(running);
                started.add(attempt);
                threads.put(attempt, Thread.currentThread());
            });
        } finally {
            started.forEach(threads::remove);
        }
    }

    private void deliver(Task task, TaskSpec spec) {
        Outcome outcome = task.progress().outcome();
        Body body = null;
        Body results = null;
        if (outcome instanceof Outcome.Fetched fetched) {
            body = StoredBody.page(store, task.id(), fetched);
            results = StoredBody.results(store, task.id(), fetched);
        }
        Event event;
        try {
            if (store.lapse().isPresent()) {
                throw new InterruptedException(); // as it would have been a moment later
            }
            Parcel parcel = new Parcel(outcome, body, results, task.progress().deliverAttempts(), true, () -> {});
            DeliverResult result = steps.deliver().run(task, spec, parcel);
            event = switch (result) {
                case DeliverResult.Accepted a -> new Event.Delivered(a.linked());
                case DeliverResult.Refused r -> new Event.Refused(r.problem(), r.notBefore());
                case DeliverResult.StoreFirst s -> new Event.HandedBack();
            };
        } catch (InterruptedException e) {
            event = new Event.HandedBack();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the delivery of task " + task.id() + " met a fault of Fetchback", e);
            event = new Event.Refused(HandOver.internal(), 0);
        }
        worker.lane(Stage.DELIVER).leave(task.queue(), true);
        worker.settle(task, event, null);
    }

    /** Ends all attempts under way, as others may do their tasks by now. */
    void abandon() {
        Set<Thread> all = new HashSet<>(threads.values()); // once each, as one may be found by two starts
        if (!all.isEmpty()) {
            LOG.log(Level.WARNING, "the lease of this node is over, what it has under way is ended attempts={0}", all.size());
        }
        all.forEach(Thread::interrupt);
    }

    private void done() {
        if (underWay.decrementAndGet() == 0) {
            synchronized (idle) {
                idle.notifyAll();
            }
        }
    }

    /** Waits for the attempts under way, then interrupts them, which hands them back. */
    void drain(Duration patience) throws InterruptedException {
        if (!await(patience)) {
            new HashSet<>(threads.values()).forEach(Thread::interrupt); // once each, as one may be found by two starts
            await(patience);
        }
    }

    private boolean await(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        synchronized (idle) {
            while (underWay.get() > 0) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                idle.wait(left);
            }
        }
        return true;
    }
}
