package dev.fetchback.work;

import dev.fetchback.task.TaskId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Callers that wait for a task to finish; each on its own, so that one that gives up wakes no other. */
final class Waiters {
    /** The lists are changed within {@code compute} only; one that was removed is not changed any more. */
    private final ConcurrentHashMap<TaskId, List<CompletableFuture<Void>>> byTask = new ConcurrentHashMap<>();

    /** Completed when the task finishes after this call; look at the task once more before waiting, and {@link #forget} afterwards. */
    CompletableFuture<Void> of(TaskId id) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        byTask.compute(id, (key, others) -> {
            List<CompletableFuture<Void>> all = others == null ? new ArrayList<>(1) : others;
            all.add(mine);
            return all;
        });
        return mine;
    }

    void finished(TaskId id) {
        if (!byTask.isEmpty()) {
            List<CompletableFuture<Void>> waiting = byTask.remove(id);
            if (waiting != null) {
                waiting.forEach(one -> one.complete(null));
            }
        }
    }

    /** Gives up. */
    void forget(TaskId id, CompletableFuture<Void> mine) {
        byTask.computeIfPresent(id, (key, all) -> {
            all.remove(mine);
            return all.isEmpty() ? null : all;
        });
    }
}
