package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.store.Committer;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Event;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks: takes submits, starts what is due on all lanes, and settles what came of it. One of these owns a store's shard.
 *
 * <p>A new task whose host has a free place is begun by its submit (one change), so it never waits for a scan; all others are found
 * by the lanes. See ARCHITECTURE.md for the invariants.
 */
public final class Worker {
    private static final Logger LOG = System.getLogger(Worker.class.getName());
    /** A move that is stale this often in a row means a fault, not a race. */
    private static final int MOVE_TRIES = 16;

    private final Store store;
    private final Committer committer;
    private final Committer patient;
    private final TaskMachine machine;
    private final LongSupplier clock;
    private final RandomGenerator random;
    private final Lanes lanes;
    private final Lane fetches;
    private final Hosts hosts;
    private final Receivers receivers;
    private final Runs runs;
    private final Hurries hurries;
    private final Rounds rounds;
    private final Executor threads;
    private final Waiters waiters = new Waiters();
    private final Reclaims reclaims;
    private final Submits submits;
    private final Unsettled unsettled;
    private final Endings endings = new Endings();
    private final LongAdder staleSettles = new LongAdder();
    private final Duration drain;

    /** What a worker works with. */
    public record Parts(Store store, Committer committer, TaskMachine machine, Steps steps, HostRules hosts,
            Receivers receivers, Surroundings surroundings) {}

    /**
     * What hosts are held to.
     *
     * @param policies how each is treated
     * @param addresses places at the addresses that they lead to
     */
    public record HostRules(HostPolicies policies, Permits addresses) {}

    /**
     * What a test replaces.
     *
     * @param clock Unix milliseconds
     * @param random for the jitter of retries; used by many threads
     * @param threads runs each attempt on a thread of its own that may block
     */
    public record Surroundings(LongSupplier clock, RandomGenerator random, Executor threads) {}

    /** The steps of a task's way. */
    public record Steps(Step<FetchInput, FetchResult> fetch, Processing process, Step<Parcel, DeliverResult> deliver) {
        /** Of a worker that knows no processors. */
        public Steps(Step<FetchInput, FetchResult> fetch, Step<Parcel, DeliverResult> deliver) {
            this(fetch, Processing.NONE, deliver);
        }
    }

    /** A task to submit: as it is while it waits, what was asked for, and the caller's key. */
    public record NewTask(Task task, TaskSpec spec, @Nullable IdempotencyKey key) {}

    public Worker(WorkSettings settings, Parts parts) {
        this.store = parts.store();
        this.committer = parts.committer();
        this.patient = new PatientCommitter(committer);
        this.machine = parts.machine();
        this.receivers = parts.receivers();
        this.clock = parts.surroundings().clock();
        this.random = parts.surroundings().random();
        this.drain = settings.drain();
        this.threads = parts.surroundings().threads();
        this.runs = new Runs(this, parts, settings);
        this.unsettled = new Unsettled(clock);
        this.reclaims = new Reclaims(store, committer, this::next);
        this.rounds = new Rounds(store, receivers, runs, clock);
        this.lanes = new Lanes(settings, parts, new StoredStarts(this, parts, runs), this::settleAgain, rounds::turn);
        this.fetches = lanes.of(Stage.FETCH);
        this.hosts = new Hosts(fetches, parts.hosts().addresses(), clock);
        this.submits = new Submits(this, store, committer, fetches, clock);
        this.hurries = new Hurries(committer, clock, lanes.of(Stage.DELIVER));
    }

    /** Starts what was read from the store, until {@link #drain}. */
    public void start() {
        reclaim();
        store.onGain(() -> {
            reclaims.soon();
            lanes.wake();
            lanes.goRound();
        });
        store.onLapse(runs::abandon);
        lanes.start();
    }

    /** Takes back what owners that are no more left unfinished. */
    void reclaim() {
        reclaims.run();
    }

    /** Submits in one durable step and begins at once what has a free place; returns what became of each, in order. */
    public List<Result> submit(List<NewTask> tasks) {
        return submits.run(tasks);
    }

    /** Stores what came of an attempt; does not wait for the disk. */
    void settle(Task before, Event event, byte @Nullable [] body) {
        settle(before, after(before, event), event, body);
    }

    /**
     * Stores that a page which was just fetched is being processed; does not wait for the disk, as nothing leaves by it.
     *
     * @param starting hears of the start before it is stored
     */
    Task startProcessing(Task fetched, Consumer<Task> starting) {
        Event event = new Event.ProcessStarted();
        Task running = after(fetched, event);
        starting.accept(running);
        settle(fetched, running, event, null);
        return running;
    }

    private Task after(Task before, Event event) {
        return next(before, event).orElseThrow(() -> new IllegalStateException(
                "the state machine has no move for " + event + " in phase " + before.phase() + " of " + before.id()));
    }

    private void settle(Task before, Task after, Event event, byte @Nullable [] body) {
        boolean page = body != null || event instanceof Event.ProcessStarted; // what follows that cannot be stored either
        Committer.Completion completion = new Committer.Completion() {
            @Override
            public void done(List<Result> results) {
                if (results.getFirst() instanceof Result.Applied) {
                    settled(after);
                } else {
                    staleSettles.increment();
                }
            }

            @Override
            public void failed(StoreException reason) {
                unsettled(before, event, page, reason);
            }
        };
        List<Change> move = List.of(new Change.Move(before, after, body));
        try {
            patient.submit(move, completion);
        } catch (StoreException e) {
            unsettled(before, event, page, e);
        }
    }

    /**
     * On a full disk, or while the store cannot be reached, a page is fetched again later, and the news itself is kept until it fits;
     * not settled here, as this may be the writer's thread. After any other fault, which whoever met it has logged, a restart takes
     * the task up again.
     */
    private void unsettled(Task before, Event event, boolean page, StoreException failure) {
        if (failure.kind() == StoreException.Kind.FULL || failure.kind() == StoreException.Kind.UNAVAILABLE) {
            Event smaller = page ? lost(before, problem(failure)) : event;
            unsettled.keep(before.id(), () -> settle(before, smaller, null));
            lanes.wake();
        }
    }

    /** Takes up what is to be taken back, and what could not be stored; returns when to be called next, Unix milliseconds. */
    long settleAgain() {
        if (reclaims.turn()) {
            lanes.lookAgain();
        }
        return unsettled.turn();
    }

    /** Why a page could not be stored, in words that a caller may read. */
    static Problem problem(StoreException failure) {
        return failure.kind() == StoreException.Kind.FULL
                ? new Problem(Problem.STORE_FULL, "The page could not be stored: the disk is full.", 0)
                : new Problem(Problem.STORE_UNAVAILABLE, "The page could not be stored: the store could not be reached.", 0);
    }

    /** What follows when a page, or what came of processing it, cannot be stored: that much is done again. */
    static Event lost(Task task, Problem problem) {
        boolean stored = task.progress().outcome() instanceof Outcome.Fetched fetched && fetched.stored();
        return stored ? new Event.ProcessPutOff(problem, 0, null) : new Event.FetchFailed(problem, true, 0);
    }

    /** Tasks that reached a terminal phase since the start. */
    public Map<Phase, Long> finished() {
        return endings.byPhase();
    }

    /** Tasks that ended since the start because their page was the same as the last time. */
    public long unchanged() {
        return endings.unchanged();
    }

    /** Settles that changed nothing because the task had moved on. */
    public long staleSettles() {
        return staleSettles.sum();
    }

    /** Waits until a piece of a large body is on disk. */
    void put(Change.PutBody piece) {
        patient.commit(List.of(piece));
    }

    void settled(Task task) {
        if (task.phase().terminal()) {
            endings.count(task);
            waiters.finished(task.id());
        } else if (task.phase().waiting()) {
            waits(task);
        }
    }

    void waits(Task task) {
        if (!store.owns(task)) {
            return; // its owner looks for it
        }
        lane(task.phase().stage()).waits(task.queue(), task.readyAt());
    }

    Lane lane(Stage stage) {
        return lanes.of(stage);
    }

    /**
     * Moves a task as a caller asks, whatever it is doing just now.
     *
     * @return false when the event means nothing in its phase; empty when there is no such task
     */
    public Optional<Boolean> move(TaskId id, Event event) {
        for (int i = 0; i < MOVE_TRIES; i++) {
            Optional<Task> before = store.find(id).map(StoredTask::task);
            if (before.isEmpty()) {
                return Optional.empty();
            }
            Optional<Task> after = next(before.get(), event);
            if (after.isEmpty()) {
                return Optional.of(false);
            }
            if (committer.commit(List.of(new Change.Move(before.get(), after.get(), null))).getFirst() instanceof Result.Applied) {
                if (before.get().phase().running() && before.get().fence().epoch() == store.epoch()) {
                    runs.cancel(Store.Attempt.of(before.get())); // another owner hears of it from the store
                }
                settled(after.get());
                return Optional.of(true);
            }
        }
        throw new IllegalStateException("task " + id + " changed " + MOVE_TRIES + " times while it was to be moved; try again");
    }

    /** The task as soon as it is finished, or as it stands after {@code patience}; empty when there is no such task. */
    public Optional<StoredTask> await(TaskId id, Duration patience) throws InterruptedException {
        return waiters.await(store, id, patience);
    }

    /** Makes the tasks due that wait for a receiver; returns when that is on disk, but where other owners must hear of it first. */
    public void hurry(String receiver) {
        if (rounds.alone()) {
            hurries.run(receiver);
        } else {
            recovered(receiver);
        }
    }

    /** A receiver that was stopped takes deliveries again: what was put off meanwhile is made due, on another thread. */
    public void recovered(String receiver) {
        threads.execute(() -> {
            try {
                rounds.awaitOthers(); // who has not heard of it would put off again what becomes due
                hurries.run(receiver);
            } catch (StoreBusy | StoreException e) {
                LOG.log(Level.WARNING, "the tasks of receiver " + receiver + " were not hurried; they go on by their schedule", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** A host (host and port) asks for so much time between fetches, as by Crawl-delay; without a gap it is not heeded. */
    public void slowTo(String host, long millis) {
        fetches.slowTo(host, millis);
    }

    /** A receiver may have a free place that the deliver lane does not know of. */
    public void opened(String receiver) {
        lanes.of(Stage.DELIVER).opened(receiver);
    }

    Hosts hosts() {
        return hosts;
    }

    /** Hosts that are kept waiting. */
    public HostCounts hostCounts() {
        return hosts.counts();
    }

    /** What a waiting task waits for. */
    public WaitingOn waitingOn(Task waiting) {
        WaitingOn queue = lane(waiting.phase().stage()).waitingOn(waiting.queue());
        boolean stopped = waiting.phase().stage() == Stage.DELIVER && receivers.stopped(waiting.queue()) != null;
        return WaitingOn.of(waiting, queue, stopped, clock.getAsLong());
    }

    /** Attempts under way. */
    public int running() {
        return lanes.running();
    }

    Optional<Task> next(Task task, Event event) {
        return machine.next(task, event, clock.getAsLong(), random.nextDouble());
    }

    /** Starts nothing more, waits up to the drain time for what is under way, hands the rest back. */
    public void drain() throws InterruptedException {
        lanes.stop();
        runs.drain(drain);
    }
}
