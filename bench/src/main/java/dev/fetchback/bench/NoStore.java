package dev.fetchback.bench;

import dev.fetchback.store.Aside;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Keeps only what is unfinished, in memory, and says yes to all that is not out of date: a store that costs nothing. */
final class NoStore implements Store {
    private final Map<QueueKey, LinkedHashMap<TaskId, StoredTask>> waiting = new HashMap<>();
    private final Map<TaskId, TaskSpec> specs = new HashMap<>();
    private final Map<TaskId, byte[]> bodies = new HashMap<>();
    private long waitingTasks;

    @Override
    public int epoch() {
        return 1;
    }

    @Override
    public long newestId() {
        return 0;
    }

    @Override
    public synchronized List<Result> commit(List<Change> changes) {
        List<Result> results = new ArrayList<>(changes.size());
        for (Change change : changes) {
            results.add(commit(change));
        }
        return results;
    }

    private Result commit(Change change) {
        boolean applied = switch (change) {
            case Change.Submit submit -> enter(new StoredTask(submit.task(), submit.spec()));
            case Change.Move move -> move(move);
            case Change.Hurry c -> false; // nothing waits for a time
            default -> true;
        };
        return applied ? Result.Applied.APPLIED : Result.Stale.STALE;
    }

    private boolean enter(StoredTask stored) {
        Task task = stored.task();
        if (task.phase().waiting()) {
            waiting.computeIfAbsent(key(task), k -> new LinkedHashMap<>()).put(task.id(), stored);
            waitingTasks++;
        } else {
            specs.put(task.id(), stored.spec());
        }
        return true;
    }

    private boolean move(Change.Move move) {
        Task before = move.before();
        Task after = move.after();
        TaskSpec spec = specs.remove(before.id());
        LinkedHashMap<TaskId, StoredTask> queue = before.phase().waiting() ? waiting.get(key(before)) : null;
        StoredTask stored = queue == null ? null : queue.remove(before.id());
        if (stored != null) {
            waitingTasks--;
            spec = stored.spec();
        }
        if (spec == null) {
            return false;
        }
        if (!after.phase().terminal()) {
            enter(new StoredTask(after, spec));
        }
        if (move.body() != null) {
            boolean there = before.progress().outcome() instanceof Outcome.Fetched fetched && fetched.stored();
            bodies.merge(after.id(), move.body(), (first, more) -> there ? joined(first, more) : more);
        }
        if (after.phase().terminal()) {
            bodies.remove(after.id());
        }
        return true;
    }

    private static byte[] joined(byte[] first, byte[] more) {
        byte[] both = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, both, first.length, more.length);
        return both;
    }

    private static QueueKey key(Task task) {
        return new QueueKey(task.phase().stage(), task.queue());
    }

    @Override
    public Optional<StoreException> noRoom() {
        return Optional.empty();
    }

    @Override
    public synchronized List<DueQueue> dueQueues(Stage stage, Optional<DueQueue> after, long now, int limit) {
        if (after.isPresent()) {
            return List.of();
        }
        List<DueQueue> due = new ArrayList<>();
        waiting.forEach((key, queue) -> {
            if (key.stage() == stage && !queue.isEmpty() && due.size() < limit - 1) {
                due.add(new DueQueue(key.name(), now));
            }
        });
        return due;
    }

    @Override
    public OptionalLong nextDue(Stage stage, long now) {
        return OptionalLong.empty();
    }

    @Override
    public synchronized List<StoredTask> dueTasks(QueueKey queue, long now, int limit) {
        return waiting.getOrDefault(queue, new LinkedHashMap<>()).values().stream().limit(limit).toList();
    }

    @Override
    public List<Task> orphans(int limit) {
        return List.of();
    }

    @Override
    public Optional<StoredTask> find(TaskId id) {
        return Optional.empty();
    }

    @Override
    public Optional<Seen> seen(String pageKey) {
        return Optional.empty();
    }

    @Override
    public TaskPage list(TaskQuery query) {
        return new TaskPage(List.of(), null);
    }

    @Override
    public Optional<BatchRecord> batch(BatchId id) {
        return Optional.empty();
    }

    @Override
    public List<ReceiverRecord> receivers() {
        return List.of();
    }

    @Override
    public synchronized Optional<InputStream> body(TaskId id, long offset, long length) {
        byte[] body = bodies.get(id);
        return body == null
                ? Optional.empty()
                : Optional.of(new ByteArrayInputStream(body, (int) offset, (int) Math.min(length, body.length - offset)));
    }

    @Override
    public synchronized Totals totals() {
        return new Totals(waitingTasks, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public boolean prune(long now) {
        return false;
    }

    @Override
    public void close() {}

    @Override
    public void aside(Consumer<Aside> to) {}

    @Override
    public long importing() {
        return 0;
    }
}
