package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.NodeRecord;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.WaitingOn;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Tasks in memory, moved on by the test instead of a worker. Safe for many threads. */
final class FakeTasks implements Tasks {
    private static final long START_OF_A = 1_800_000_000_000L;

    /** A hook that runs before each submit, outside the lock: to throw, to wait, to count. */
    volatile SubmitHook beforeSubmit = submissions -> {};

    /** A hook before each read. */
    volatile Runnable beforeFind = () -> {};

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Ids ids;
    private final LongSupplier clock;
    private final TreeMap<TaskId, StoredTask> tasks = new TreeMap<>();
    private final Map<String, Given> keys = new HashMap<>();
    private final Map<TaskId, byte[]> bodies = new HashMap<>();
    private final Map<BatchId, Optional<String>> batches = new HashMap<>();
    private final Map<String, ReceiverRecord> receivers = new TreeMap<>();
    private int waiting;

    FakeTasks(LongSupplier clock) {
        this.clock = clock;
        this.ids = new Ids(0, 0, clock, new Counting());
    }

    @Override
    public List<Submitted> submit(List<Submission> submissions) {
        beforeSubmit.run(submissions);
        return locked(() -> submissions.stream().map(this::add).toList());
    }

    private Submitted add(Submission submission) {
        Key key = submission.key();
        if (key != null) {
            Given first = keys.get(key.owner() + "/" + key.key());
            if (first != null) {
                return Arrays.equals(first.fingerprint, key.fingerprint())
                        ? new Submitted.Deduplicated(first.id)
                        : new Submitted.Conflict(first.id);
            }
        }
        TaskId id = ids.task();
        Task task = Task.submitted(
                id, plan(submission.spec()), Math.max(clock.getAsLong(), submission.spec().schedule().notBefore()), 1);
        tasks.put(id, new StoredTask(task, submission.spec()));
        if (key != null) {
            keys.put(key.owner() + "/" + key.key(), new Given(id, key.fingerprint()));
        }
        return new Submitted.Accepted(task);
    }

    static Task.Plan plan(TaskSpec spec) {
        Duration keep = spec.schedule().keep();
        return new Task.Plan(
                URI.create(spec.url()).getAuthority(),
                spec.deliver() == null ? null : "rcv_0000000000000001",
                spec.schedule().priority(),
                spec.fetch().maxAttempts(),
                spec.deliver() == null ? 1 : spec.deliver().maxAttempts(),
                spec.schedule().expiresAt(),
                keep == null ? 0 : keep.toMillis(),
                !spec.process().isEmpty(),
                null);
    }

    @Override
    public WaitingOn waitingOn(Task waiting) {
        boolean early = waiting.readyAt() > clock.getAsLong();
        boolean fetches = waiting.phase().stage() == Stage.FETCH;
        WaitingOn.Kind kind = early ? (fetches ? WaitingOn.Kind.DELAY : WaitingOn.Kind.RETRY) : WaitingOn.Kind.TURN;
        return new WaitingOn(kind, early ? waiting.readyAt() : 0);
    }

    @Override
    public BatchId newBatch(@Nullable String owner) {
        return locked(() -> {
            BatchId id = ids.batch();
            batches.put(id, Optional.ofNullable(owner));
            return id;
        });
    }

    @Override
    public Optional<BatchRecord> batch(BatchId id) {
        return locked(() -> {
            if (!batches.containsKey(id)) {
                return Optional.empty();
            }
            Map<Phase, Long> finished = new EnumMap<>(Phase.class);
            long accepted = 0;
            for (StoredTask task : tasks.values()) {
                if (id.equals(task.spec().tags().batch())) {
                    accepted++;
                    if (task.task().phase().terminal()) {
                        finished.merge(task.task().phase(), 1L, Long::sum);
                    }
                }
            }
            return Optional.of(new BatchRecord(id, batches.get(id).orElse(null), accepted, finished));
        });
    }

    @Override
    public Optional<StoredTask> find(TaskId id) {
        beforeFind.run();
        return locked(() -> Optional.ofNullable(tasks.get(id)));
    }

    @Override
    public Optional<StoredTask> await(TaskId id, Duration patience) throws InterruptedException {
        long nanos = patience.toNanos();
        lock.lockInterruptibly();
        try {
            waiting++;
            changed.signalAll();
            while (nanos > 0 && tasks.containsKey(id) && !tasks.get(id).task().phase().terminal()) {
                nanos = changed.awaitNanos(nanos);
            }
            return Optional.ofNullable(tasks.get(id));
        } finally {
            waiting--;
            lock.unlock();
        }
    }

    /** Waits until {@code count} requests wait for an outcome. */
    void awaitWaiting(int count) throws InterruptedException {
        long nanos = TimeUnit.SECONDS.toNanos(20);
        lock.lockInterruptibly();
        try {
            while (waiting < count) {
                if (nanos <= 0) {
                    throw new AssertionError("only " + waiting + " requests wait, not " + count);
                }
                nanos = changed.awaitNanos(nanos);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public TaskPage list(TaskQuery query) {
        return locked(() -> {
            List<StoredTask> found = new ArrayList<>();
            Map<TaskId, StoredTask> older = query.before() == null ? tasks : tasks.headMap(query.before(), false);
            for (StoredTask task : new TreeMap<>(older).descendingMap().values()) {
                if (found.size() == query.limit()) {
                    return new TaskPage(found, found.getLast().task().id());
                }
                if (matches(query, task)) {
                    found.add(task);
                }
            }
            return new TaskPage(found, null);
        });
    }

    private static boolean matches(TaskQuery query, StoredTask task) {
        TaskSpec.Tags tags = task.spec().tags();
        String host = task.task().plan().host();
        return (query.owner() == null || query.owner().equals(tags.owner()))
                && (query.phases().isEmpty() || query.phases().contains(task.task().phase()))
                && (query.host() == null || host.equals(query.host()) || host.startsWith(query.host() + ":"))
                && (query.label() == null || tags.labels().contains(query.label()))
                && (query.batch() == null || query.batch().equals(tags.batch()))
                && task.task().id().timeMillis() >= query.createdAfter();
    }

    @Override
    public Optional<InputStream> body(TaskId id, long offset) {
        return locked(() -> Optional.ofNullable(bodies.get(id)))
                .map(body -> new ByteArrayInputStream(body, (int) offset, body.length - (int) offset));
    }

    @Override
    public Optional<InputStream> results(TaskId id) {
        return locked(() -> {
            Outcome.Fetched came = (Outcome.Fetched) tasks.get(id).task().progress().outcome();
            int from = (int) came.page().bytes();
            return Optional.of(new ByteArrayInputStream(bodies.get(id), from, (int) came.processed().bytes()));
        });
    }

    @Override
    public Optional<Boolean> cancel(TaskId id) {
        return move(id, phase -> !phase.terminal(), Phase.CANCELLED);
    }

    @Override
    public Optional<Boolean> retry(TaskId id) {
        return move(id, Phase::terminal, Phase.FETCH_WAITING);
    }

    @Override
    public Optional<Boolean> redrive(TaskId id) {
        return move(id, phase -> phase == Phase.DEAD, Phase.DELIVER_WAITING);
    }

    @Override
    public Optional<Boolean> delete(TaskId id) {
        return locked(() -> {
            StoredTask task = tasks.get(id);
            if (task == null) {
                return Optional.empty();
            }
            return Optional.of(task.task().phase().terminal() && tasks.remove(id) != null);
        });
    }

    private Optional<Boolean> move(TaskId id, Predicate<Phase> from, Phase to) {
        return locked(() -> {
            StoredTask stored = tasks.get(id);
            if (stored == null) {
                return Optional.empty();
            }
            if (!from.test(stored.task().phase())) {
                return Optional.of(false);
            }
            put(stored, to, stored.task().progress(), to.terminal() ? 0 : clock.getAsLong());
            return Optional.of(true);
        });
    }

    private void put(StoredTask stored, Phase phase, Task.Progress progress, long readyAt) {
        Task task = stored.task();
        tasks.put(
                task.id(),
                new StoredTask(new Task(task.id(), task.plan(), phase, readyAt, task.fence(), progress), stored.spec()));
        changed.signalAll();
    }

    /** A page came and is kept. */
    void succeed(TaskId id, byte[] body, String contentType, String sha256) {
        locked(() -> {
            long now = clock.getAsLong();
            StoredTask stored = tasks.get(id);
            Page page = new Page(200, stored.spec().url(), List.of(), contentType, body.length, sha256, now, 12);
            bodies.put(id, body);
            put(
                    stored,
                    Phase.SUCCEEDED,
                    new Task.Progress(0, 1, 0, 0, new Outcome.Fetched(page, now + 60_000), null, false, now),
                    0);
            return null;
        });
    }

    /** A page came and waits to be processed, for the second time. */
    void waitToBeProcessed(TaskId id) {
        locked(() -> {
            long now = clock.getAsLong();
            StoredTask stored = tasks.get(id);
            Page page = new Page(200, stored.spec().url(), List.of(), "text/html", 5, "abcd", now, 12);
            Problem problem = new Problem(Problem.PROCESS_CRASHED, "It was killed.", 0);
            put(stored, Phase.PROCESS_WAITING,
                    new Task.Progress(0, 1, 1, 0, new Outcome.Fetched(page, Outcome.Fetched.WHILE_NEEDED), problem, false, 0), now + 2_000);
            return null;
        });
    }

    /** The page was processed and is kept. */
    void processed(TaskId id, byte[] body, byte[] results, Map<String, Problem> failures) {
        succeed(id, body, "text/html", "abcd");
        locked(() -> {
            StoredTask stored = tasks.get(id);
            Task.Progress p = stored.task().progress();
            Outcome.Fetched came = ((Outcome.Fetched) p.outcome()).processed(new Processed(results.length, failures));
            byte[] both = java.util.Arrays.copyOf(body, body.length + results.length);
            System.arraycopy(results, 0, both, body.length, results.length);
            bodies.put(id, both);
            put(stored, Phase.SUCCEEDED, new Task.Progress(0, 1, 1, 0, came, null, false, p.finishedAt()), 0);
            return null;
        });
    }

    /** The page is the same as the last time, says its server. */
    void unchanged(TaskId id, String sha256) {
        locked(() -> {
            long now = clock.getAsLong();
            StoredTask stored = tasks.get(id);
            Page page = new Page(304, stored.spec().url(), List.of(), null, 5, sha256, now, 12);
            put(stored, Phase.SUCCEEDED, new Task.Progress(0, 1, 0, 0, new Outcome.Unchanged(page), null, false, now), 0);
            return null;
        });
    }

    /** Puts the task into {@code phase} with {@code error} as its last one. */
    void fail(TaskId id, Phase phase, String error) {
        locked(() -> {
            long now = clock.getAsLong();
            Problem problem = new Problem(error, "It did not work.", 503);
            put(
                    tasks.get(id),
                    phase,
                    new Task.Progress(0, 3, 0, 2, new Outcome.Failed(problem, now), problem, false, now),
                    phase.terminal() ? 0 : now + 5_000);
            return null;
        });
    }

    void receiver(ReceiverRecord receiver) {
        locked(() -> receivers.put(receiver.id(), receiver));
    }

    int size() {
        return locked(tasks::size);
    }

    int batchCount() {
        return locked(batches::size);
    }

    /** The newest task. */
    StoredTask newest() {
        return locked(() -> tasks.lastEntry().getValue());
    }

    @Override
    public List<NodeRecord> nodes() {
        return List.of(new NodeRecord("a", true, START_OF_A, "0.1.0", 9_000, 33), new NodeRecord("b", false, 0, null, -20, 31));
    }

    @Override
    public List<ReceiverRecord> receivers() {
        return locked(() -> List.copyOf(receivers.values()));
    }

    @Override
    public boolean resumeReceiver(String id) {
        return status(id, ReceiverRecord.Status.ACTIVE);
    }

    @Override
    public boolean pauseReceiver(String id) {
        return status(id, ReceiverRecord.Status.PAUSED);
    }

    private boolean status(String id, ReceiverRecord.Status status) {
        return locked(() -> receivers.computeIfPresent(
                        id,
                        (key, r) -> new ReceiverRecord(
                                key, r.endpoint(), status, r.reason(), r.failures(), r.until(), r.updatedAt()))
                != null);
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Makes ids of one millisecond rise, so that tests know the order of lists. */
    private static final class Counting implements RandomGenerator {
        private long last;

        @Override
        public long nextLong() {
            return ++last;
        }

        @Override
        public int nextInt(int bound) {
            return 0;
        }
    }

    private record Given(TaskId id, byte[] fingerprint) {}

    /** What happens before a submit. */
    @FunctionalInterface
    interface SubmitHook {
        void run(List<Submission> submissions);
    }
}
