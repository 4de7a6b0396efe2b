package dev.fetchback.work;

import dev.fetchback.task.TaskId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Callers that wait for a task to finish. */
final class Waiters {
    private final ConcurrentHashMap<TaskId, CompletableFuture<Void>> byTask = new ConcurrentHashMap<>();

    /** Completed when the task finishes after this call; look at the task once more before waiting, and {@link #forget} afterwards. */
    CompletableFuture<Void> of(TaskId id) {
        return byTask.computeIfAbsent(id, key -> new CompletableFuture<>());
    }

    void finished(TaskId id) {
        if (!byTask.isEmpty()) {
            CompletableFuture<Void> waiting = byTask.remove(id);
            if (waiting != null) {
                waiting.complete(null);
            }
        }
    }

    /** Gives up; others that wait for the same task are woken to look again. */
    void forget(TaskId id, CompletableFuture<Void> future) {
        if (byTask.remove(id, future)) {
            future.complete(null);
        }
    }
}
