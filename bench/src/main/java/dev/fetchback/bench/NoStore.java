package dev.fetchback.bench;

import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change;
import dev.fetchback.store.DueQueue;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Says yes to everything and keeps only what waits, in memory: what a store that costs nothing would be. */
final class NoStore implements Store {
    private final Map<QueueKey, LinkedHashMap<TaskId, StoredTask>> waiting = new HashMap<>();
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
        for (int i = 0; i < changes.size(); i++) {
            switch (changes.get(i)) {
                case Change.Submit(Task task, var spec, var key) -> enter(new StoredTask(task, spec));
                case Change.Move(Task before, Task after, var body) -> move(before, after);
                case Change.PutBody c -> { }
                case Change.Delete c -> { }
                case Change.NewBatch c -> { }
                case Change.SaveReceiver c -> { }
                case Change.Hurry c -> { }
                case Change.SettleQueue c -> { }
            }
        }
        return Collections.nCopies(changes.size(), Result.Applied.APPLIED);
    }

    private void enter(StoredTask stored) {
        Task task = stored.task();
        if (task.phase().waiting()) {
            waiting.computeIfAbsent(key(task), k -> new LinkedHashMap<>()).put(task.id(), stored);
            waitingTasks++;
        }
    }

    private void move(Task before, Task after) {
        if (before.phase().waiting()) {
            LinkedHashMap<TaskId, StoredTask> queue = waiting.get(key(before));
            if (queue != null && queue.remove(before.id()) != null) {
                waitingTasks--;
            }
        }
        if (after.phase().waiting()) {
            throw new IllegalStateException("the relay cannot try again: " + after);
        }
    }

    private static QueueKey key(Task task) {
        return new QueueKey(task.phase().stage(), task.queue());
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
    public Optional<InputStream> body(TaskId id, long offset) {
        return Optional.empty();
    }

    @Override
    public synchronized Totals totals() {
        return new Totals(waitingTasks, 0, 0, 0, 0, 0);
    }

    @Override
    public boolean prune(long now) {
        return false;
    }

    @Override
    public void close() {}
}
