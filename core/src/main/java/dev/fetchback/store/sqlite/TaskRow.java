package dev.fetchback.store.sqlite;

import dev.fetchback.store.Codec;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Fence;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A task as the statements of {@link Segment.Sql} find it, not decoded yet.
 *
 * @param facts plan and spec
 * @param readyAt 0 unless it waits
 * @param progress null for that of a task's first attempt
 */
record TaskRow(byte[] id, byte[] facts, Phase phase, long readyAt, Fence fence, byte @Nullable [] progress) {
    private static final int RUNNING = 3;
    private static final int WAITING = 7;
    private static final int FINISHED = 12;

    static byte[] id(ResultSet row) throws SQLException {
        return row.getBytes(1);
    }

    /** Null when the row has no state, which is a task between two statements of a reader. */
    static @Nullable TaskRow read(ResultSet row) throws SQLException {
        byte[] id = id(row);
        byte[] facts = row.getBytes(2);
        int phase = row.getInt(RUNNING);
        if (phase != 0) {
            return new TaskRow(id, facts, Phase.of(phase), 0, fence(row, RUNNING + 1), row.getBytes(RUNNING + 3));
        }
        phase = row.getInt(WAITING);
        if (phase != 0) {
            long readyAt = row.getLong(WAITING + 1);
            return new TaskRow(id, facts, Phase.of(phase), readyAt, fence(row, WAITING + 2), row.getBytes(WAITING + 4));
        }
        phase = row.getInt(FINISHED);
        if (phase != 0) {
            return new TaskRow(id, facts, Phase.of(phase), 0, fence(row, FINISHED + 1), row.getBytes(FINISHED + 3));
        }
        return null;
    }

    /** Roughly what it takes in memory: by far the most is in its facts and its progress. */
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
        return new Task(Statements.taskId(id), plan, phase, readyAt, fence, Codec.liveProgress(progress, fence));
    }

    private static Fence fence(ResultSet row, int at) throws SQLException {
        return new Fence(row.getInt(at), row.getInt(at + 1));
    }
}
