package dev.fetchback.store.sqlite;

import dev.fetchback.store.Change;
import dev.fetchback.store.Store;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Stores, replaces and drops the bodies of pages, as the outcomes of their tasks say. */
final class BodyRows {
    private static final String PIECE = "INSERT OR REPLACE INTO body(id, piece, data) VALUES(?,?,?)";
    private static final String STORED = "INSERT INTO stored(id, until, bytes, dead_at) VALUES(?,?,?,?)";
    private static final String LONGER = "UPDATE stored SET bytes=bytes+? WHERE id=?";
    private static final String READ_PIECE = "SELECT data FROM body WHERE id=? AND piece=?";
    private static final String KEEP = "UPDATE stored SET until=?, dead_at=? WHERE id=?";
    private static final String LOOK = "SELECT bytes, dead_at FROM stored WHERE id=?";
    private static final String DROP = "DELETE FROM stored WHERE id=?";
    private static final String DROP_PIECES = "DELETE FROM body WHERE id=?";
    private static final String PENDING = "SELECT id FROM stored WHERE until=0";

    private final Ledger ledger;
    /** Tasks with pieces that no move refers to yet; null after a rollback, until they are looked up. */
    private @Nullable Set<TaskId> pending;

    BodyRows(Ledger ledger) {
        this.ledger = ledger;
    }

    /** False when the pieces before this one are not there. */
    boolean put(Statements statements, Change.PutBody put) throws SQLException {
        byte[] id = Statements.id(put.id());
        if (put.piece() == 0) {
            drop(statements, put.id());
            stored(statements, id, 0, put.bytes().length, 0);
            pending(statements).add(put.id());
        } else {
            if (!pending(statements).contains(put.id())) {
                return false;
            }
            grow(statements, id, put.bytes().length);
        }
        ledger.bodies(put.bytes().length, false);
        piece(statements, id, put.piece(), put.bytes());
        return true;
    }

    /** Brings the body in line with what the task's outcome says after the move. */
    void moved(Statements statements, Change.Move move) throws SQLException {
        TaskId id = move.after().id();
        long had = storedUntil(move.before());
        long want = storedUntil(move.after());
        boolean pieces = pending(statements).contains(id);
        byte[] body = move.body();
        if (want == 0) {
            if (had > 0 || pieces) {
                drop(statements, id);
            }
        } else if (body != null) {
            if (had > 0) {
                append(statements, Statements.id(id), body);
                keep(statements, move, want);
                return;
            }
            if (pieces) {
                drop(statements, id);
            }
            stored(statements, Statements.id(id), want, body.length, deadAt(move.after()));
            ledger.bodies(body.length, deadAt(move.after()) > 0);
            write(statements, Statements.id(id), 0, body);
        } else if (pieces || had != want || deadAt(move.before()) != deadAt(move.after())) {
            keep(statements, move, want);
        }
    }

    /** A move that came too late: what was put ahead of it is of no use. */
    void stale(Statements statements, TaskId id) throws SQLException {
        if (pending(statements).contains(id)) {
            drop(statements, id);
        }
    }

    void drop(Statements statements, TaskId taskId) throws SQLException {
        byte[] id = Statements.id(taskId);
        PreparedStatement look = statements.get(LOOK);
        look.setBytes(1, id);
        try (ResultSet row = look.executeQuery()) {
            if (!row.next()) {
                return;
            }
            long bytes = row.getLong(1);
            row.getLong(2);
            ledger.bodies(-bytes, !row.wasNull());
        }
        deleteWhere(statements, DROP_PIECES, id);
        deleteWhere(statements, DROP, id);
        pending(statements).remove(taskId);
    }

    /** Whether pieces of this task wait for their move. */
    boolean isPending(Statements statements, TaskId id) throws SQLException {
        return pending(statements).contains(id);
    }

    /** Pieces that came before a restart: whose move will not come. */
    Set<TaskId> abandoned(Statements statements) throws SQLException {
        Set<TaskId> abandoned = new HashSet<>(pending(statements));
        pending = new HashSet<>();
        return abandoned;
    }

    void rollBack() {
        pending = null;
    }

    private void keep(Statements statements, Change.Move move, long until) throws SQLException {
        TaskId id = move.after().id();
        long deadBefore = deadAt(move.before());
        long deadAfter = deadAt(move.after());
        PreparedStatement keep = statements.get(KEEP);
        keep.setLong(1, until);
        setDeadAt(keep, 2, deadAfter);
        keep.setBytes(3, Statements.id(id));
        if (keep.executeUpdate() == 0) {
            return; // a dead page that was dropped for its size, and died again after a redrive
        }
        if (deadBefore != deadAfter && (deadBefore == 0 || deadAfter == 0)) {
            PreparedStatement look = statements.get(LOOK);
            look.setBytes(1, Statements.id(id));
            try (ResultSet row = look.executeQuery()) {
                ledger.bodyDied(deadAfter > 0 ? row.getLong(1) : -row.getLong(1));
            }
        }
        pending(statements).remove(id);
    }

    /** Adds to the end of what is there; of a task that is not dead. */
    private void append(Statements statements, byte[] id, byte[] more) throws SQLException {
        long there;
        PreparedStatement look = statements.get(LOOK);
        look.setBytes(1, id);
        try (ResultSet row = look.executeQuery()) {
            there = row.getLong(1);
        }
        int last = Math.toIntExact(there / Store.PIECE_BYTES);
        byte[] begun = {};
        PreparedStatement read = statements.get(READ_PIECE);
        read.setBytes(1, id);
        read.setInt(2, last);
        try (ResultSet row = read.executeQuery()) {
            if (row.next()) {
                begun = row.getBytes(1);
            }
        }
        byte[] whole = Arrays.copyOf(begun, begun.length + more.length);
        System.arraycopy(more, 0, whole, begun.length, more.length);
        grow(statements, id, more.length);
        ledger.bodies(more.length, false);
        write(statements, id, last, whole);
    }

    private static void grow(Statements statements, byte[] id, int bytes) throws SQLException {
        PreparedStatement longer = statements.get(LONGER);
        longer.setLong(1, bytes);
        longer.setBytes(2, id);
        longer.executeUpdate();
    }

    private static void write(Statements statements, byte[] id, int firstPiece, byte[] bytes) throws SQLException {
        int piece = firstPiece;
        for (int from = 0; from < bytes.length; from += Store.PIECE_BYTES) {
            int to = Math.min(from + Store.PIECE_BYTES, bytes.length);
            boolean whole = from == 0 && to == bytes.length;
            piece(statements, id, piece++, whole ? bytes : Arrays.copyOfRange(bytes, from, to));
        }
    }

    private Set<TaskId> pending(Statements statements) throws SQLException {
        Set<TaskId> there = pending;
        if (there == null) {
            there = new HashSet<>();
            try (ResultSet rows = statements.get(PENDING).executeQuery()) {
                while (rows.next()) {
                    there.add(Statements.taskId(rows.getBytes(1)));
                }
            }
            pending = there;
        }
        return there;
    }

    private static void piece(Statements statements, byte[] id, int number, byte[] bytes) throws SQLException {
        PreparedStatement piece = statements.get(PIECE);
        piece.setBytes(1, id);
        piece.setInt(2, number);
        piece.setBytes(3, bytes);
        piece.executeUpdate();
        piece.clearParameters(); // or the statement would hold the bytes until its next use
    }

    private static void stored(Statements statements, byte[] id, long until, long bytes, long deadAt) throws SQLException {
        PreparedStatement stored = statements.get(STORED);
        stored.setBytes(1, id);
        stored.setLong(2, until);
        stored.setLong(3, bytes);
        setDeadAt(stored, 4, deadAt);
        stored.executeUpdate();
    }

    private static void setDeadAt(PreparedStatement statement, int at, long deadAt) throws SQLException {
        if (deadAt > 0) {
            statement.setLong(at, deadAt);
        } else {
            statement.setNull(at, Types.INTEGER);
        }
    }

    private static void deleteWhere(Statements statements, String sql, byte[] id) throws SQLException {
        PreparedStatement delete = statements.get(sql);
        delete.setBytes(1, id);
        delete.executeUpdate();
    }

    private static long storedUntil(Task task) {
        return task.progress().outcome() instanceof Outcome.Fetched fetched ? fetched.storedUntil() : 0;
    }

    private static long deadAt(Task task) {
        return task.phase() == Phase.DEAD ? Math.max(1, task.progress().finishedAt()) : 0;
    }
}
