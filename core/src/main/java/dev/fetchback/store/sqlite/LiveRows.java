package dev.fetchback.store.sqlite;

import dev.fetchback.store.Codec;
import dev.fetchback.store.QueueKey;
import dev.fetchback.task.Task;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Puts live tasks into {@code running} or {@code waiting}. */
final class LiveRows {
    private static final RowBuffer.Insert RUN = new RowBuffer.Insert(
            "INSERT INTO running(id, phase, attempt, epoch, batch, data) VALUES", "(?,?,?,?,?,?)", "");
    private static final int RUN_COLUMNS = 6;
    private static final RowBuffer.Insert WAIT = new RowBuffer.Insert(
            "INSERT INTO waiting(id, phase, queue, priority, ready_at, attempt, epoch, batch, data) VALUES",
            "(?,?,?,?,?,?,?,?,?)",
            "");
    private static final int WAIT_COLUMNS = 9;

    private final QueueRows queues;
    private final RowBuffer running = new RowBuffer(RUN_COLUMNS);
    private final RowBuffer waiting = new RowBuffer(WAIT_COLUMNS);

    LiveRows(QueueRows queues) {
        this.queues = queues;
    }

    /** Adds a live task; it is there after {@link #flush}. */
    void add(Statements statements, Task task, byte[] id, byte @Nullable [] batch) throws SQLException {
        int phase = task.phase().code();
        Task.Fence fence = task.fence();
        byte[] data = Codec.liveProgress(task);
        if (task.phase().running()) {
            running.add(id, phase, fence.attempt(), fence.epoch(), batch, data);
        } else {
            long queue = queues.waits(statements, new QueueKey(task.phase().stage(), task.queue()), task.readyAt());
            int priority = Math.clamp(task.plan().priority(), 0, QueueRows.PRIORITY_MAX);
            waiting.add(id, phase, queue, priority, task.readyAt(), fence.attempt(), fence.epoch(), batch, data);
        }
        if (running.full() || waiting.full()) {
            flush(statements);
        }
    }

    void flush(Statements statements) throws SQLException {
        running.flush(statements, RUN);
        waiting.flush(statements, WAIT);
    }

    void rollBack() {
        running.clear();
        waiting.clear();
    }
}
