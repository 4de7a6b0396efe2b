package dev.fetchback.work;

import dev.fetchback.store.Store;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.TaskId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Callers that wait for a task to finish; each on its own, so that one that gives up wakes no other. */
final class Waiters {
    /** How long somebody waits at most for what another owner has finished. */
    private static final long LOOK_MILLIS = 500;

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

    /**
     * The task as soon as it is finished, or as it stands after {@code patience}; empty when there is no such task. One that other
     * owners may finish is looked at now and then.
     */
    Optional<StoredTask> await(Store store, TaskId id, Duration patience) throws InterruptedException {
        CompletableFuture<Void> finished = of(id);
        try {
            long end = System.nanoTime() + patience.toNanos();
            while (true) {
                Optional<StoredTask> task = store.find(id);
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (task.isEmpty() || task.get().task().phase().terminal() || left <= 0) {
                    return task;
                }
                boolean shared = store.lookEveryMillis() < Long.MAX_VALUE;
                if (signalled(finished, shared ? Math.min(left, LOOK_MILLIS) : left)) {
                    return store.find(id);
                }
            }
        } finally {
            forget(id, finished);
        }
    }

    private static boolean signalled(CompletableFuture<Void> finished, long millis) throws InterruptedException {
        try {
            finished.get(millis, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
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
