package dev.fetchback.store.sqlite;

import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts new tasks into the tables, many with one statement. */
final class NewTasks {
    private static final int TASK_COLUMNS = 3;
    private static final String FIND_KEY = "SELECT fingerprint, task, created FROM idempotency WHERE owner=? AND key=?";
    private static final String PUT_KEY =
            "INSERT OR REPLACE INTO idempotency(owner, key, fingerprint, task, created) VALUES(?,?,?,?,?)";

    private final Segments segments;
    private final Ledger ledger;
    private final BatchRows batches;
    private final LiveRows live;
    private final List<New> group = new ArrayList<>(RowBuffer.ROWS_MAX);
    private final RowBuffer rows = new RowBuffer(TASK_COLUMNS);
    private @Nullable Segment segment; // of the group

    /** @param at where its result goes */
    private record New(Change.Submit submit, int at, byte[] id, byte @Nullable [] batch) {}

    NewTasks(Segments segments, Ledger ledger, BatchRows batches, LiveRows live) {
        this.segments = segments;
        this.ledger = ledger;
        this.batches = batches;
        this.live = live;
    }

    /** Adds a task; it is there, and {@code results[at]} says what became of it, after {@link #flush}. */
    void add(Statements statements, Change.Submit submit, Result[] results, int at) throws SQLException {
        if (submit.task().phase().terminal()) {
            throw new IllegalArgumentException(
                    "task " + submit.task().id() + " is submitted as " + submit.task().phase() + "; it must be live");
        }
        byte[] id = Statements.id(submit.task().id());
        Change.IdempotencyKey key = submit.key();
        if (key != null) {
            Result.Duplicate duplicate = duplicate(statements, key);
            if (duplicate != null) {
                results[at] = duplicate;
                return;
            }
            remember(statements, key, id);
        }
        Segment its = segments.forNew(submit.task().id(), statements);
        if (rows.full() || its != segment) {
            flush(statements, results);
            segment = its;
        }
        byte[] batch = Statements.id(submit.spec().tags().batch());
        rows.add(id, batch, submit.facts());
        group.add(new New(submit, at, id, batch));
    }

    void flush(Statements statements, Result[] results) throws SQLException {
        Segment into = segment;
        if (group.isEmpty() || into == null) {
            return;
        }
        boolean allNew = rows.flush(statements, into.sql().insertTask()) == group.size();
        for (New task : group) {
            if (!allNew && hasState(statements, into, task.id())) {
                results[task.at()] = new Result.Duplicate(task.submit().task().id(), true); // the same submit twice
            } else {
                enter(statements, task);
                results[task.at()] = Result.Applied.APPLIED;
                if (!allNew) {
                    live.flush(statements); // it may be the same as one that follows
                }
            }
        }
        live.flush(statements);
        group.clear();
    }

    void rollBack() {
        group.clear();
        rows.clear();
        segment = null;
    }

    private void enter(Statements statements, New task) throws SQLException {
        ledger.entered(task.submit().task().phase());
        live.add(statements, task.submit().task(), task.id(), task.batch());
        BatchId batch = task.submit().spec().tags().batch();
        if (batch != null) {
            batches.accepted(batch);
        }
    }

    /** Whether a task that is in the segment has a state already: one that was just put there has none. */
    private static boolean hasState(Statements statements, Segment segment, byte[] id) throws SQLException {
        PreparedStatement find = statements.get(segment.sql().find());
        find.setBytes(1, id);
        try (ResultSet row = find.executeQuery()) {
            return row.next() && TaskRow.read(row) != null;
        }
    }

    private static Result.@Nullable Duplicate duplicate(Statements statements, Change.IdempotencyKey key) throws SQLException {
        PreparedStatement find = statements.get(FIND_KEY);
        find.setString(1, key.owner());
        find.setString(2, key.key());
        try (ResultSet row = find.executeQuery()) {
            if (!row.next() || row.getLong(3) <= key.now() - Store.IDEMPOTENCY_KEPT.toMillis()) {
                return null;
            }
            return new Result.Duplicate(
                    Statements.taskId(row.getBytes(2)), Arrays.equals(row.getBytes(1), key.fingerprint()));
        }
    }

    private static void remember(Statements statements, Change.IdempotencyKey key, byte[] id) throws SQLException {
        PreparedStatement put = statements.get(PUT_KEY);
        put.setString(1, key.owner());
        put.setString(2, key.key());
        put.setBytes(3, key.fingerprint());
        put.setBytes(4, id);
        put.setLong(5, key.now());
        put.executeUpdate();
    }
}
