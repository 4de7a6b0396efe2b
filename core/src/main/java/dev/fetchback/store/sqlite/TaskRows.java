package dev.fetchback.store.sqlite;

import dev.fetchback.store.Change;
import dev.fetchback.store.Codec;
import dev.fetchback.store.Result;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import org.jspecify.annotations.Nullable;

/** Moves tasks from one table to another. */
final class TaskRows {
    private static final String FENCED = " WHERE id=? AND phase=? AND attempt=? AND epoch=?";
    // Most tasks are in no batch: for them the guard and the delete are one statement.
    private static final String TAKE_RUNNING = "DELETE FROM running" + FENCED + " AND batch IS NULL";
    private static final String TAKE_WAITING = "DELETE FROM waiting" + FENCED + " AND batch IS NULL";
    private static final String RUNNING_BATCH = "SELECT batch FROM running" + FENCED;
    private static final String WAITING_BATCH = "SELECT batch FROM waiting" + FENCED;
    private static final String TAKE_RUNNING_IN_BATCH = "DELETE FROM running WHERE id=?";
    private static final String TAKE_WAITING_IN_BATCH = "DELETE FROM waiting WHERE id=?";

    private final int epoch;
    private final Segments segments;
    private final Ledger ledger;
    private final BatchRows batches;
    private final LiveRows live;
    private final BodyRows bodies;
    private @Nullable BatchId takenFrom; // the batch of the task that was taken last

    TaskRows(int epoch, Segments segments, Ledger ledger, BatchRows batches, LiveRows live, BodyRows bodies) {
        this.epoch = epoch;
        this.segments = segments;
        this.ledger = ledger;
        this.batches = batches;
        this.live = live;
        this.bodies = bodies;
    }

    Result move(Statements statements, Change.Move move) throws SQLException {
        Task before = move.before();
        Task after = move.after();
        byte[] id = Statements.id(before.id());
        boolean foreign = after.phase().running() && after.fence().epoch() != epoch;
        if (foreign || !take(statements, before, id)) {
            bodies.stale(statements, before.id());
            return Result.Stale.STALE;
        }
        BatchId batch = takenFrom;
        enter(statements, after, id, batch);
        if (batch != null && before.phase().terminal()) {
            batches.finished(batch, before.phase(), -1);
        }
        if (batch != null && after.phase().terminal()) {
            batches.finished(batch, after.phase(), 1);
        }
        bodies.moved(statements, move);
        return Result.Applied.APPLIED;
    }

    Result delete(Statements statements, TaskId taskId) throws SQLException {
        byte[] id = Statements.id(taskId);
        Segment segment = segments.at(taskId);
        Phase phase;
        PreparedStatement find = statements.get(segment.sql().find());
        find.setBytes(1, id);
        try (ResultSet row = find.executeQuery()) {
            TaskRow stored = row.next() ? TaskRow.read(row) : null;
            if (stored == null || !stored.phase().terminal()) {
                return Result.Stale.STALE;
            }
            phase = stored.phase();
        }
        for (String sql : new String[] {segment.sql().deleteOutcome(), segment.sql().deleteTask()}) {
            PreparedStatement delete = statements.get(sql);
            delete.setBytes(1, id);
            delete.executeUpdate();
        }
        bodies.drop(statements, taskId);
        ledger.left(phase);
        return Result.Applied.APPLIED;
    }

    private void enter(Statements statements, Task task, byte[] id, @Nullable BatchId batch) throws SQLException {
        ledger.entered(task.phase());
        switch (task.phase()) {
            case FETCH_RUNNING, PROCESS_RUNNING, DELIVER_RUNNING, FETCH_WAITING, PROCESS_WAITING, DELIVER_WAITING -> {
                live.add(statements, task, id, Statements.id(batch));
                live.flush(statements);
            }
            case SUCCEEDED, FAILED, DEAD, CANCELLED, EXPIRED -> {
                PreparedStatement finish = statements.get(segments.at(task.id()).sql().insertOutcome());
                int at = fence(finish, task, id);
                long finishedAt = task.progress().finishedAt();
                finish.setLong(at++, finishedAt);
                if (finishedAt - task.id().timeMillis() > Segment.LATE_MILLIS) {
                    finish.setInt(at++, 1);
                } else {
                    finish.setNull(at++, Types.INTEGER);
                }
                finish.setBytes(at, Codec.progress(task.progress()));
                finish.executeUpdate();
            }
        }
    }

    /** Takes the task out of where {@code before} says it is; false when it is not there, or not with this fence. */
    private boolean take(Statements statements, Task before, byte[] id) throws SQLException {
        takenFrom = null;
        boolean taken = switch (before.phase()) {
            case FETCH_RUNNING, PROCESS_RUNNING, DELIVER_RUNNING ->
                deleted(statements, TAKE_RUNNING, before, id)
                        || inBatch(statements, RUNNING_BATCH, TAKE_RUNNING_IN_BATCH, before, id);
            case FETCH_WAITING, PROCESS_WAITING, DELIVER_WAITING ->
                deleted(statements, TAKE_WAITING, before, id)
                        || inBatch(statements, WAITING_BATCH, TAKE_WAITING_IN_BATCH, before, id);
            case SUCCEEDED, FAILED, DEAD, CANCELLED, EXPIRED -> takeFinished(statements, before, id);
        };
        if (taken) {
            ledger.left(before.phase());
        }
        return taken;
    }

    private boolean inBatch(Statements statements, String find, String take, Task before, byte[] id) throws SQLException {
        PreparedStatement batch = statements.get(find);
        fence(batch, before, id);
        try (ResultSet row = batch.executeQuery()) {
            if (!row.next()) {
                return false;
            }
            takenFrom = batchId(row.getBytes(1));
        }
        PreparedStatement delete = statements.get(take);
        delete.setBytes(1, id);
        return delete.executeUpdate() == 1;
    }

    private boolean takeFinished(Statements statements, Task before, byte[] id) throws SQLException {
        Segment segment = segments.at(before.id());
        if (!deleted(statements, segment.sql().takeOutcome(), before, id)) {
            return false;
        }
        PreparedStatement batch = statements.get(segment.sql().selectBatch());
        batch.setBytes(1, id);
        try (ResultSet row = batch.executeQuery()) {
            takenFrom = row.next() ? batchId(row.getBytes(1)) : null;
        }
        return true;
    }

    private static boolean deleted(Statements statements, String sql, Task before, byte[] id) throws SQLException {
        PreparedStatement delete = statements.get(sql);
        fence(delete, before, id);
        return delete.executeUpdate() == 1;
    }

    private static int fence(PreparedStatement statement, Task task, byte[] id) throws SQLException {
        int at = 1;
        statement.setBytes(at++, id);
        statement.setInt(at++, task.phase().code());
        statement.setInt(at++, task.fence().attempt());
        statement.setInt(at++, task.fence().epoch());
        return at;
    }

    private static @Nullable BatchId batchId(byte @Nullable [] id) {
        if (id == null) {
            return null;
        }
        TaskId bits = Statements.taskId(id);
        return new BatchId(bits.high(), bits.low());
    }
}
