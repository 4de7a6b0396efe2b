package dev.fetchback.store.postgres;

import dev.fetchback.store.Codec;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Fence;
import dev.fetchback.task.TaskId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A task as it is stored, not decoded yet.
 *
 * @param readyAt 0 unless it waits
 * @param progress null for that of a task's first attempt
 */
record TaskRow(TaskId id, Phase phase, long readyAt, Fence fence, byte @Nullable [] progress, byte[] facts) {
    /** What is selected of a table of waiting tasks; of the others with 0 for {@code ready_at}. */
    static final String WAITING = "id, phase, ready_at, attempt, epoch, progress, facts";

    static final String OTHERS = "id, phase, 0::int8 AS ready_at, attempt, epoch, progress, facts";

    static TaskRow read(ResultSet row) throws SQLException {
        int at = 1;
        return new TaskRow(
                Columns.taskId(row.getObject(at++, UUID.class)),
                Phase.of(row.getInt(at++)),
                row.getLong(at++),
                new Fence(row.getInt(at++), row.getInt(at++)),
                row.getBytes(at++),
                row.getBytes(at));
    }

    /** Roughly what it takes in memory. */
    int bytes() {
        return facts.length + (progress == null ? 0 : progress.length);
    }

    StoredTask decode() {
        Codec.Facts decoded = Codec.facts(facts);
        return new StoredTask(task(decoded.plan()), decoded.spec());
    }

    Task task() {
        return task(Codec.plan(facts));
    }

    private Task task(Task.Plan plan) {
        return new Task(id, plan, phase, readyAt, fence, Codec.liveProgress(progress, fence));
    }
}
