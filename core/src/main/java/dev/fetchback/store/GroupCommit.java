package dev.fetchback.store;

import dev.fetchback.store.Handover.Entry;
import dev.fetchback.store.Handover.Weight;
import dev.fetchback.store.StoreException.Kind;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the changes of many threads with few commits: one thread takes all that waits, commits it at once and tells
 * everybody. What arrives meanwhile is the next commit. Changes that a caller waits for are never delayed on purpose; while
 * there is work, the others wait a moment for company, most often for the next caller's, which saves about every second commit.
 * The same thread prunes the store in between.
 *
 * <p>A full disk fails only those changes that need space for new things; settles are tried again without them. While the store cannot
 * be reached, everything is refused; a commit that was under way then is repeated until it is known what became of it. After any
 * other fault nothing is written any more, because a disk that failed once cannot be trusted to have what it said it had.
 */
public final class GroupCommit implements Committer, AutoCloseable {
    private static final Logger LOG = System.getLogger(GroupCommit.class.getName());
    /** A commit takes milliseconds; on a disk that hangs it may take for ever. */
    private static final Duration DRAIN_MAX = Duration.ofSeconds(30);
    /** How long a change that nobody waits for may wait for others: less than a commit takes on many disks. */
    private static final long NAP_NANOS = 2_000_000;

    /** How often it is asked what became of a commit. */
    private static final long DECIDE_NANOS = 200_000_000;
    private static final int PRUNE_SHARE = 10; // pruning takes at most one part in this many of the writer's time

    private final Store store;
    private final CommitSettings settings;
    private final LongSupplier clock;
    private final CommitMetrics metrics;
    private final Handover waiting = new Handover();
    private final ArrayDeque<Entry> backlog = new ArrayDeque<>();
    private final Thread writer;

    private volatile boolean closing;
    private volatile boolean ended;
    private volatile @Nullable StoreException failure;
    private final Refusing refusing = new Refusing();
    private long pruneAt = System.nanoTime();

    /**
     * Starts the writer; from now on only it may change {@code store}, which stays open when this is closed.
     *
     * @param clock Unix milliseconds
     */
    public GroupCommit(Store store, CommitSettings settings, LongSupplier clock, PrometheusRegistry registry) {
        this.store = store;
        this.settings = settings;
        this.clock = clock;
        this.metrics = new CommitMetrics(registry, waiting::waiting);
        this.writer = Thread.ofPlatform().name("store-writer").daemon(true).start(this::run);
    }

    /** {@inheritDoc} At most as many changes as {@link CommitSettings#batch} says, which are not changed afterwards. */
    @Override
    public List<Result> commit(List<Change> changes) {
        Waiter waiter = new Waiter(Thread.currentThread());
        submit(changes, waiter);
        return waiter.await();
    }

    /** {@inheritDoc} At most as many changes as {@link CommitSettings#batch} says, which are not changed afterwards. */
    @Override
    public void submit(List<Change> changes, Completion completion) {
        if (changes.isEmpty() || changes.size() > settings.batch()) {
            throw new IllegalArgumentException(
                    changes.size() + " changes were given to one commit; it takes 1 to " + settings.batch() + ", so split them");
        }
        if (Thread.currentThread() == writer && completion instanceof Waiter) {
            throw new IllegalStateException("the writer's thread would wait for itself; use submit in a completion");
        }
        refuseIfOver();
        Entry entry = new Entry(changes, completion, completion instanceof Waiter);
        int limit = entry.weight == Weight.INTAKE ? settings.capacityOfIntake() : settings.capacity();
        if (!waiting.push(entry, limit)) {
            throw new StoreBusy(
                    "More than " + limit + " changes wait to be written to disk; nothing was stored. Try again in a second.");
        }
        if (ended) {
            // The writer may have looked for the last time just before the push; whoever sees this takes what it left.
            rejectLeftOver();
        }
    }

    /** Why nothing can be written any more; empty while all is well. */
    public Optional<StoreException> failure() {
        return Optional.ofNullable(failure);
    }

    /** Why new tasks are refused just now; empty while they are taken. Notices by itself when there is room, or the store is back. */
    public Optional<StoreException> refusal() {
        return Optional.ofNullable(refusing.reason());
    }

    /** How many changes wait. */
    public int waiting() {
        return waiting.waiting();
    }

    /** Writes what waits, refuses what comes, and ends the writer. Does not close the store. */
    @Override
    public void close() {
        closing = true;
        waiting.wake();
        boolean interrupted = false;
        long deadline = System.nanoTime() + DRAIN_MAX.toNanos();
        while (writer.isAlive() && deadline - System.nanoTime() > 0) {
            try {
                writer.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (writer.isAlive()) {
            LOG.log(Level.ERROR, "The writer did not end within {0}; the disk may hang. What waited is not stored.", DRAIN_MAX);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuseIfOver() {
        StoreException reason = failure;
        if (reason != null) {
            throw copy(reason);
        }
        if (closing) {
            throw closed();
        }
    }

    private static StoreException closed() {
        return new StoreException(Kind.CLOSED, "The store is closed; nothing was stored.", null);
    }

    /** Many threads hear of one failure: each needs its own stack trace. */
    static StoreException copy(StoreException reason) {
        return new StoreException(reason.kind(), reason.getMessage() == null ? "" : reason.getMessage(), reason);
    }

    private void run() {
        try {
            waiting.begin();
            List<Entry> batch = new ArrayList<>();
            while (true) {
                boolean last = closing; // read before the queue is emptied, so that nothing accepted is left behind
                waiting.takeInto(backlog);
                boolean idle = backlog.isEmpty();
                if (!idle) {
                    commitSome(batch);
                } else if (last) {
                    break;
                }
                prune();
                askForRoom();
                if (!backlog.isEmpty() || closing) {
                    continue;
                }
                if (!idle) {
                    waiting.nap(NAP_NANOS);
                } else if (waiting.isEmpty()) {
                    long now = System.nanoTime();
                    waiting.sleep(Math.max(1, refusing.wait(now, pruneAt - now)));
                }
            }
        } catch (Throwable fault) {
            LOG.log(Level.ERROR, "the store's writer met a fault of Fetchback", fault);
            fail(new StoreException(Kind.UNUSABLE, "The store's writer ended by a fault of its own: " + fault, fault));
            throw fault;
        } finally {
            ended = true;
            rejectLeftOver();
        }
    }

    private synchronized void rejectLeftOver() {
        waiting.takeInto(backlog);
        StoreException reason = failure;
        for (Entry entry = backlog.poll(); entry != null; entry = backlog.poll()) {
            reject(entry, reason == null ? closed() : reason);
        }
    }

    private void commitSome(List<Entry> batch) {
        int changes = 0;
        for (Entry next = backlog.peek(); next != null; next = backlog.peek()) {
            if (changes > 0 && changes + next.changes.size() > settings.batch()) {
                break;
            }
            changes += next.changes.size();
            batch.add(backlog.remove());
        }
        commit(batch, changes, false);
        batch.clear();
    }

    /** @param again whether these have met a full disk before */
    private void commit(List<Entry> batch, int changes, boolean again) {
        StoreException before = failure == null ? refusing.reason() : failure;
        if (before != null && before.kind() != Kind.FULL) {
            rejectAll(batch, before);
            return;
        }
        long start = System.nanoTime();
        List<Change> joined = new Joined(batch, changes);
        try {
            List<Result> results = decided(joined);
            metrics.committed(changes, System.nanoTime() - start);
            tell(batch, results);
        } catch (StoreException e) {
            if (e.kind() == Kind.FULL) {
                refusing.because(e);
                commitWithout(batch, changes, again, e);
            } else if (e.kind() == Kind.UNAVAILABLE) {
                refusing.because(e);
                rejectAll(batch, e);
            } else {
                fail(e);
                rejectAll(batch, e);
            }
        } catch (RuntimeException e) {
            commitAlone(batch, e);
        }
    }

    /** Commits, and if nobody can say whether that was done, until somebody can; what comes meanwhile need not wait for that. */
    private List<Result> decided(List<Change> changes) {
        boolean lost = false;
        while (true) {
            try {
                List<Result> results = store.commit(changes);
                if (lost) {
                    refusing.over();
                }
                return results;
            } catch (StoreException e) {
                if (e.kind() != Kind.UNDECIDED) {
                    throw e;
                }
                lost = true;
                refusing.because(e);
                LockSupport.parkNanos(this, DECIDE_NANOS);
                waiting.takeInto(backlog);
                for (int i = backlog.size(); i > 0; i--) {
                    Entry entry = backlog.remove();
                    if (entry.weight == Weight.INTAKE) {
                        reject(entry, refusing.reason());
                    } else {
                        backlog.add(entry);
                    }
                }
            }
        }
    }

    /** Refuses what asked for the most space, and tries the others again: the store has given its reserve up by now. */
    private void commitWithout(List<Entry> batch, int all, boolean again, StoreException why) {
        Weight refused = Weight.SETTLE;
        for (Entry entry : batch) {
            refused = entry.weight.compareTo(refused) > 0 ? entry.weight : refused;
        }
        if (refused == Weight.SETTLE && !again) {
            commit(batch, all, true);
            return;
        }
        List<Entry> others = new ArrayList<>();
        int changes = 0;
        for (Entry entry : batch) {
            if (entry.weight == refused) {
                reject(entry, why);
            } else {
                others.add(entry);
                changes += entry.changes.size();
            }
        }
        if (!others.isEmpty()) {
            commit(others, changes, again);
        }
    }

    private void askForRoom() {
        if (failure != null || !refusing.asks(System.nanoTime())) {
            return;
        }
        Optional<StoreException> still = store.noRoom();
        if (still.isEmpty()) {
            refusing.over();
        } else if (Refusing.passes(still.get())) {
            refusing.because(still.get());
        } else {
            fail(still.get());
        }
    }

    /** One of them is at fault: the others must not suffer from it. */
    private void commitAlone(List<Entry> batch, RuntimeException fault) {
        if (batch.size() == 1) {
            Entry entry = batch.getFirst();
            LOG.log(Level.ERROR, "A change could not be stored; this is a fault of Fetchback. " + entry.changes.size()
                    + " changes were refused, the first is a " + entry.changes.getFirst().getClass().getSimpleName(), fault);
            reject(entry, new StoreException(Kind.UNUSABLE, "The change could not be stored: " + fault.getMessage(), fault));
            return;
        }
        for (Entry entry : batch) {
            commit(List.of(entry), entry.changes.size(), false);
        }
    }

    private void fail(StoreException reason) {
        failure = reason;
        LOG.log(Level.ERROR, "nothing is written any more reason={0}", reason.getMessage());
    }

    /** Whoever hears of a commit may submit at once: its place in the queue is free by then. */
    private void tell(List<Entry> batch, List<Result> results) {
        int from = 0;
        for (Entry entry : batch) {
            int to = from + entry.changes.size();
            waiting.done(entry.changes.size());
            try {
                entry.completion.done(batch.size() == 1 ? results : results.subList(from, to));
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "A completion failed after its changes were stored", e);
            }
            from = to;
        }
    }

    private void rejectAll(List<Entry> batch, StoreException reason) {
        for (Entry entry : batch) {
            reject(entry, reason);
        }
    }

    private void reject(Entry entry, StoreException reason) {
        waiting.done(entry.changes.size());
        try {
            entry.completion.failed(reason);
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "A completion failed after its changes were refused", e);
        }
    }

    private void prune() {
        long start = System.nanoTime();
        if (start - pruneAt < 0 || failure != null || closing) {
            return;
        }
        boolean more = false;
        try {
            more = store.prune(clock.getAsLong());
        } catch (StoreException e) {
            if (Refusing.passes(e)) {
                LOG.log(Level.WARNING, "Old tasks could not be forgotten, trying again in {0}: {1}",
                        settings.pruneEvery(), e.getMessage());
            } else {
                fail(e);
            }
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "Old tasks could not be forgotten; trying again in " + settings.pruneEvery(), e);
        }
        long now = System.nanoTime();
        metrics.pruned(now - start);
        pruneAt = now + (more ? (now - start) * (PRUNE_SHARE - 1) : settings.pruneEvery().toNanos());
    }
}
