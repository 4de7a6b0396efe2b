package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.TaskId;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;

/** Requests that wait for an outcome, each on a virtual thread of its own; when the server drains all of them are woken. */
final class Waits implements AutoCloseable {
    private final Kit kit;
    private final Semaphore free;
    private final ExecutorService waiting =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("api-wait-", 0).factory());

    /** @param max requests that wait at once; more are answered as things stand */
    Waits(Kit kit, int max) {
        this.kit = kit;
        this.free = new Semaphore(max);
    }

    /** Does {@code work}, which may {@link #await}, on a thread of its own. */
    void begin(Call call, Kit.Work work) {
        try {
            waiting.execute(() -> kit.run(call, work));
        } catch (RejectedExecutionException e) {
            kit.later(call, work); // draining: it is answered as things stand
        }
    }

    /**
     * The task as soon as it is finished; as it stands after {@code patience}, or at once when too many wait or the server
     * drains.
     */
    Optional<StoredTask> await(TaskId id, Duration patience) {
        Tasks tasks = kit.tasks();
        if (patience.isZero() || waiting.isShutdown() || !free.tryAcquire()) {
            return tasks.find(id);
        }
        try {
            return tasks.await(id, patience);
        } catch (InterruptedException e) {
            return tasks.find(id); // draining; the request is still answered
        } finally {
            free.release();
        }
    }

    @Override
    public void close() {
        waiting.shutdownNow();
    }
}
