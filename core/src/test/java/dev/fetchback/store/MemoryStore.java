package dev.fetchback.store;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The store as a model: slow, obvious, in memory. It outlives its owners, as a disk does. */
public class MemoryStore implements Store {
    private final TreeMap<TaskId, StoredTask> tasks = new TreeMap<>();
    private final Map<TaskId, byte[]> bodies = new HashMap<>();
    private final Map<String, Change.IdempotencyKey> keys = new HashMap<>();
    private final Map<String, TaskId> keyTasks = new HashMap<>();
    private final Map<BatchId, BatchRecord> batches = new HashMap<>();
    private final Map<String, ReceiverRecord> receivers = new HashMap<>();
    private final Map<String, Seen> seen = new HashMap<>();
    private long importing;
    private Retention retention = Retention.DEFAULT;
    private int epoch;

    /** The same with another retention of pages as last seen, which is all it forgets. */
    public synchronized MemoryStore forgetting(Retention other) {
        retention = other;
        return this;
    }

    /** A new owner: everything begun by those before is an orphan. */
    public synchronized MemoryStore takeOver() {
        epoch++;
        return this;
    }

    @Override
    public synchronized int epoch() {
        return epoch;
    }

    @Override
    public synchronized long newestId() {
        return tasks.isEmpty() ? 0 : tasks.lastKey().timeMillis();
    }

    @Override
    public synchronized List<Result> commit(List<Change> changes) {
        List<Result> results = new ArrayList<>();
        for (Change change : changes) {
            results.add(apply(change));
        }
        return results;
    }

    private Result apply(Change change) {
        return switch (change) {
            case Change.Submit c -> submit(c);
            case Change.Move c -> move(c);
            case Change.PutBody c -> put(c);
            case Change.Delete c -> {
                StoredTask task = tasks.get(c.id());
                if (task == null || !task.task().phase().terminal()) {
                    yield Result.Stale.STALE;
                }
                tasks.remove(c.id());
                bodies.remove(c.id());
                yield Result.Applied.APPLIED;
            }
            case Change.NewBatch c -> {
                batches.put(c.id(), new BatchRecord(c.id(), c.owner(), 0, Map.of()));
                yield Result.Applied.APPLIED;
            }
            case Change.SaveReceiver c -> {
                receivers.put(c.receiver().id(), c.receiver());
                yield Result.Applied.APPLIED;
            }
            case Change.Restore c -> {
                restore(c.aside());
                yield Result.Applied.APPLIED;
            }
            case Change.Hurry c -> {
                List<StoredTask> later = waiting(c.queue().stage())
                        .filter(t -> t.task().queue().equals(c.queue().name()) && t.task().readyAt() > c.now())
                        .sorted(Comparator.comparingLong(t -> t.task().readyAt()))
                        .limit(c.limit())
                        .toList();
                later.forEach(t -> replace(t, new Task(t.task().id(), t.task().plan(), t.task().phase(), c.now(),
                        t.task().fence(), t.task().progress())));
                yield later.isEmpty() ? Result.Stale.STALE : Result.Applied.APPLIED;
            }
            case Change.SettleQueue c -> Result.Applied.APPLIED;
        };
    }

    private void restore(Aside aside) {
        switch (aside) {
            case Aside.Key(var key, var task) -> {
                keys.put(key.owner() + "\n" + key.key(), key);
                keyTasks.put(key.owner() + "\n" + key.key(), task);
            }
            case Aside.Page(var key, var page) -> seen.put(key, page);
            case Aside.Batch(var batch) -> batches.put(batch.id(), batch);
            case Aside.Import(long mark) -> importing = mark;
        }
    }

    @Override
    public void aside(Consumer<Aside> to) {
        keys.forEach((name, key) -> to.accept(new Aside.Key(key, keyTasks.get(name))));
        seen.forEach((page, last) -> to.accept(new Aside.Page(page, last)));
        batches.keySet().forEach(id -> to.accept(new Aside.Batch(batch(id).orElseThrow())));
    }

    @Override
    public long importing() {
        return importing;
    }

    private Result submit(Change.Submit c) {
        if (c.key() != null) {
            String name = c.key().owner() + "\n" + c.key().key();
            Change.IdempotencyKey known = keys.get(name);
            if (known != null && known.now() + IDEMPOTENCY_KEPT.toMillis() > c.key().now()) {
                return new Result.Duplicate(
                        keyTasks.get(name), java.util.Arrays.equals(known.fingerprint(), c.key().fingerprint()));
            }
            keys.put(name, c.key());
            keyTasks.put(name, c.task().id());
        }
        tasks.put(c.task().id(), new StoredTask(c.task(), c.spec()));
        return Result.Applied.APPLIED;
    }

    private Result move(Change.Move c) {
        StoredTask stored = tasks.get(c.before().id());
        if (stored == null
                || stored.task().phase() != c.before().phase()
                || !stored.task().fence().equals(c.before().fence())
                || c.after().phase().running() && c.after().fence().epoch() != epoch) {
            return Result.Stale.STALE;
        }
        replace(stored, c.after());
        String page = c.after().plan().pageKey();
        if (page != null) {
            seen.compute(page, (key, last) -> Seen.after(last, c.after()));
        }
        if (c.body() != null) {
            boolean there = c.before().progress().outcome() instanceof Outcome.Fetched fetched && fetched.stored();
            bodies.merge(c.after().id(), c.body(), (old, more) -> there ? joined(old, more) : more);
        }
        if (!(c.after().progress().outcome() instanceof Outcome.Fetched fetched && fetched.stored())) {
            bodies.remove(c.after().id());
        }
        return Result.Applied.APPLIED;
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private Result put(Change.PutBody c) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (c.piece() > 0) {
            out.writeBytes(bodies.get(c.id()));
        }
        out.writeBytes(c.bytes());
        bodies.put(c.id(), out.toByteArray());
        return Result.Applied.APPLIED;
    }

    private void replace(StoredTask stored, Task after) {
        tasks.put(after.id(), new StoredTask(after, stored.spec()));
    }

    private java.util.stream.Stream<StoredTask> waiting(Stage stage) {
        return tasks.values().stream()
                .filter(t -> t.task().phase().waiting() && t.task().phase().stage() == stage);
    }

    @Override
    public Optional<StoreException> noRoom() {
        return Optional.empty();
    }

    @Override
    public synchronized List<DueQueue> dueQueues(Stage stage, Optional<DueQueue> after, long now, int limit) {
        Map<String, Long> due = new HashMap<>();
        waiting(stage).forEach(t -> due.merge(t.task().queue(), t.task().readyAt(), Math::min));
        Comparator<DueQueue> order = Comparator.comparingLong(DueQueue::dueAt).thenComparing(DueQueue::name);
        return due.entrySet().stream()
                .filter(e -> e.getValue() <= now)
                .map(e -> new DueQueue(e.getKey(), e.getValue()))
                .filter(q -> after.isEmpty() || order.compare(q, after.get()) > 0)
                .sorted(order)
                .limit(limit)
                .toList();
    }

    @Override
    public synchronized OptionalLong nextDue(Stage stage, long now) {
        Map<String, Long> due = new HashMap<>();
        waiting(stage).forEach(t -> due.merge(t.task().queue(), t.task().readyAt(), Math::min));
        return due.values().stream().mapToLong(Long::longValue).filter(at -> at > now).min();
    }

    @Override
    public synchronized List<StoredTask> dueTasks(QueueKey queue, long now, int limit) {
        return waiting(queue.stage())
                .filter(t -> t.task().queue().equals(queue.name()) && t.task().readyAt() <= now)
                .sorted(Comparator.comparingInt((StoredTask t) -> -t.task().plan().priority())
                        .thenComparingLong(t -> t.task().readyAt())
                        .thenComparing(t -> t.task().id()))
                .limit(limit)
                .toList();
    }

    @Override
    public synchronized List<Task> orphans(int limit) {
        return tasks.values().stream()
                .map(StoredTask::task)
                .filter(t -> t.phase().running() && t.fence().epoch() < epoch)
                .limit(limit)
                .toList();
    }

    @Override
    public synchronized Optional<StoredTask> find(TaskId id) {
        return Optional.ofNullable(tasks.get(id));
    }

    @Override
    public synchronized TaskPage list(TaskQuery query) {
        List<StoredTask> found = tasks.descendingMap().values().stream()
                .filter(t -> query.before() == null || t.task().id().compareTo(query.before()) < 0)
                .filter(t -> query.phases().isEmpty() || query.phases().contains(t.task().phase()))
                .limit(query.limit())
                .toList();
        long bytes = 0;
        int fits = 0;
        while (fits < found.size() && bytes < TaskQuery.PAGE_BYTES) {
            StoredTask task = found.get(fits++);
            bytes += Codec.facts(task.task().plan(), task.spec()).length;
        }
        List<StoredTask> page = found.subList(0, fits);
        return new TaskPage(page, found.size() < query.limit() && fits == found.size() ? null : page.getLast().task().id());
    }

    /** Every task there is. */
    public synchronized List<StoredTask> all() {
        return List.copyOf(tasks.values());
    }

    @Override
    public synchronized Optional<BatchRecord> batch(BatchId id) {
        return Optional.ofNullable(batches.get(id)).map(batch -> {
            Map<Phase, Long> finished = new HashMap<>();
            long[] accepted = new long[1];
            tasks.values().stream().filter(t -> id.equals(t.spec().tags().batch())).forEach(t -> {
                accepted[0]++;
                if (t.task().phase().terminal()) {
                    finished.merge(t.task().phase(), 1L, Long::sum);
                }
            });
            return new BatchRecord(id, batch.owner(), accepted[0], finished);
        });
    }

    @Override
    public synchronized List<ReceiverRecord> receivers() {
        return List.copyOf(receivers.values());
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
        long dead = tasks.values().stream().filter(t -> t.task().phase() == Phase.DEAD).count();
        long running = tasks.values().stream().filter(t -> t.task().phase().running()).count();
        long bytes = bodies.values().stream().mapToLong(b -> b.length).sum();
        return new Totals(waiting(Stage.FETCH).count(), waiting(Stage.PROCESS).count(), waiting(Stage.DELIVER).count(), running, dead, bytes, bytes);
    }

    @Override
    public synchronized Optional<Seen> seen(String pageKey) {
        return Optional.ofNullable(seen.get(pageKey));
    }

    @Override
    public synchronized boolean prune(long now) {
        seen.values().removeIf(page -> page.at() <= now - retention.seen().toMillis());
        while (seen.size() > retention.seenMax()) {
            seen.values().remove(seen.values().stream().min(Comparator.comparingLong(Seen::at)).orElseThrow());
        }
        return false;
    }

    @Override
    public void close() {}
}
