package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.Store;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Stores and drops the bodies of pages, as the outcomes of their tasks say. A body has a number of its own, so that what replaces it
 * never mixes with it. Dropping one takes its row of {@code stored}; the pieces go with their whole span.
 */
final class Bodies {
    private static final String RUNS = "SELECT 1 FROM running WHERE id=? AND epoch=?";
    private static final String NUMBER = "SELECT nextval('body_n')";
    private static final String STORED = "INSERT INTO stored(id, body, until, bytes, dead_at, span, epoch) VALUES(?,?,?,?,?,?,?)";
    private static final String LONGER = "UPDATE stored SET bytes=bytes+? WHERE id=? AND until=0 AND epoch=? RETURNING body, span";
    private static final String APPEND = "UPDATE stored SET bytes=bytes+?, until=?, dead_at=? WHERE id=? RETURNING body, span, bytes";
    private static final String PIECE = "INSERT INTO body(body, span, piece, data) VALUES(?,?,?,?)";
    private static final String END = "UPDATE body SET data=data || ? WHERE body=? AND span=? AND piece=?";
    private static final String DROP = "DELETE FROM stored WHERE id=ANY(?::uuid[]) RETURNING bytes, dead_at, span, body";
    private static final String DROP_PENDING =
            "DELETE FROM stored WHERE id=ANY(?::uuid[]) AND until=0 AND epoch=? RETURNING bytes, dead_at, span, body";
    private static final String DROP_PIECES = "DELETE FROM body WHERE span=" + Spans.LASTING + " AND body=?";
    private static final String KEEP = "UPDATE stored s SET until=" + Columns.at("s.id", "m", "until") + ", dead_at="
            + Columns.at("s.id", "m", "dead_at") + " FROM "
            + Columns.arrays("m", "id, until, dead_at, died", Type.ID, Type.LONG, Type.LONG, Type.INT)
            + " WHERE " + Columns.each("s.id", "m") + " RETURNING s.bytes, " + Columns.at("s.id", "m", "died");
    /** Pieces of bodies that one statement takes along. */
    private static final int PIECES_AT_ONCE = 32;

    private final Connection connection;
    private final Tally tally;
    private final Pending pending;
    private final int epoch;
    private final int span;
    private final List<UUID> drops = new ArrayList<>();
    private final List<UUID> stale = new ArrayList<>();
    private final List<Change.Move> fresh = new ArrayList<>();
    private final List<Change.Move> appends = new ArrayList<>();
    private final Columns keeps = new Columns(Type.ID, Type.LONG, Type.LONG, Type.INT);

    /** @param span where new bodies go */
    Bodies(Connection connection, Tally tally, Pending pending, int epoch, int span) {
        this.connection = connection;
        this.tally = tally;
        this.pending = pending;
        this.epoch = epoch;
        this.span = span;
    }

    /** False when the task is not run by this node, or the pieces before this one are not there. */
    boolean put(Change.PutBody put) throws SQLException {
        UUID id = Columns.id(put.id());
        flush();
        if (put.piece() == 0) {
            if (!runs(id)) {
                return false;
            }
            pending.add(put.id());
            drop(List.of(id));
            long body = number();
            stored(id, body, 0, put.bytes().length, null);
            piece(body, span, 0, put.bytes());
        } else {
            try (PreparedStatement longer = connection.prepareStatement(LONGER)) {
                longer.setLong(1, put.bytes().length);
                longer.setObject(2, id);
                longer.setInt(3, epoch);
                try (ResultSet row = longer.executeQuery()) {
                    if (!row.next()) {
                        return false;
                    }
                    piece(row.getLong(1), row.getInt(2), put.piece(), put.bytes());
                }
            }
        }
        tally.bodies(put.bytes().length, false);
        return true;
    }

    /** Brings the body in line with what the task's outcome says after a move that was applied; done by {@link #flush}. */
    void moved(Change.Move move) {
        TaskId id = move.after().id();
        long had = until(move.before());
        long want = until(move.after());
        boolean pieces = pending.has(id);
        if (want == 0) {
            if (had > 0 || pieces) {
                drops.add(Columns.id(id));
            }
        } else if (move.body() != null) {
            if (pieces && had == 0) {
                drops.add(Columns.id(id));
            }
            (had > 0 ? appends : fresh).add(move);
        } else if (pieces || had != want || deadAt(move.before()) != deadAt(move.after())) {
            int died = (deadAt(move.after()) > 0 ? 1 : 0) - (deadAt(move.before()) > 0 ? 1 : 0);
            keeps.add(Columns.id(id), want, deadAtOrNull(move.after()), died);
        }
        if (pieces) {
            pending.remove(id);
        }
    }

    /** A move that came too late: what this node put ahead of it is of no use. */
    void stale(TaskId id) {
        if (pending.has(id)) {
            pending.remove(id);
            stale.add(Columns.id(id));
        }
    }

    void flush() throws SQLException {
        drop(drops);
        drops.clear();
        if (!stale.isEmpty()) {
            try (PreparedStatement drop = connection.prepareStatement(DROP_PENDING)) {
                Columns.ids(drop, 1, stale);
                drop.setInt(2, epoch);
                dropped(drop);
            }
            stale.clear();
        }
        for (Change.Move move : fresh) {
            store(move, move.body());
        }
        fresh.clear();
        for (Change.Move move : appends) {
            append(move, move.body());
        }
        appends.clear();
        keep();
    }

    /** Drops bodies, whatever they are stored for. */
    void drop(List<UUID> ids) throws SQLException {
        if (ids.isEmpty()) {
            return;
        }
        try (PreparedStatement drop = connection.prepareStatement(DROP)) {
            Columns.ids(drop, 1, ids);
            dropped(drop);
        }
    }

    private void dropped(PreparedStatement drop) throws SQLException {
        List<Long> lasting = new ArrayList<>();
        try (ResultSet row = drop.executeQuery()) {
            while (row.next()) {
                long bytes = row.getLong(1);
                row.getLong(2);
                tally.bodies(-bytes, !row.wasNull());
                if (row.getInt(3) == Spans.LASTING) {
                    lasting.add(row.getLong(4));
                }
            }
        }
        for (long body : lasting) {
            try (PreparedStatement pieces = connection.prepareStatement(DROP_PIECES)) {
                pieces.setLong(1, body);
                pieces.executeUpdate();
            }
        }
    }

    private void keep() throws SQLException {
        if (keeps.isEmpty()) {
            return;
        }
        keeps.sort(Comparator.comparing(row -> (UUID) row[0], Columns.SERVER_ORDER));
        try (PreparedStatement keep = connection.prepareStatement(KEEP)) {
            keeps.bind(keep, 1);
            try (ResultSet row = keep.executeQuery()) {
                while (row.next()) { // none for a dead page that was dropped for its size
                    tally.bodyDied(row.getLong(1) * row.getInt(2));
                }
            }
        }
        keeps.clear();
    }

    private void store(Change.Move move, byte[] bytes) throws SQLException {
        UUID id = Columns.id(move.after().id());
        long body = number();
        stored(id, body, until(move.after()), bytes.length, deadAtOrNull(move.after()));
        tally.bodies(bytes.length, deadAt(move.after()) > 0);
        pieces(body, span, 0, bytes, 0);
    }

    /** Adds to the end of what is there; of a task that was not dead. */
    private void append(Change.Move move, byte[] more) throws SQLException {
        try (PreparedStatement append = connection.prepareStatement(APPEND)) {
            append.setLong(1, more.length);
            append.setLong(2, until(move.after()));
            append.setObject(3, deadAtOrNull(move.after()), java.sql.Types.BIGINT);
            append.setObject(4, Columns.id(move.after().id()));
            try (ResultSet row = append.executeQuery()) {
                if (!row.next()) {
                    return; // its page was dropped meanwhile
                }
                long body = row.getLong(1);
                int its = row.getInt(2);
                long there = row.getLong(3) - more.length;
                tally.bodies(more.length, false);
                if (deadAt(move.after()) > 0) {
                    tally.bodyDied(row.getLong(3));
                }
                int last = Math.toIntExact(there / Store.PIECE_BYTES);
                int begun = Math.toIntExact(there % Store.PIECE_BYTES);
                int fits = begun == 0 ? 0 : Math.min(more.length, Store.PIECE_BYTES - begun);
                if (fits > 0) {
                    end(body, its, last, Arrays.copyOf(more, fits));
                }
                pieces(body, its, begun == 0 ? last : last + 1, more, fits);
            }
        }
    }

    private void end(long body, int its, int piece, byte[] bytes) throws SQLException {
        try (PreparedStatement end = connection.prepareStatement(END)) {
            end.setBytes(1, bytes);
            end.setLong(2, body);
            end.setInt(3, its);
            end.setInt(4, piece);
            end.executeUpdate();
        }
    }

    private void pieces(long body, int its, int firstPiece, byte[] bytes, int start) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(PIECE)) {
            int piece = firstPiece;
            int batched = 0;
            for (int from = start; from < bytes.length; from += Store.PIECE_BYTES) {
                int to = Math.min(from + Store.PIECE_BYTES, bytes.length);
                boolean whole = from == 0 && to == bytes.length;
                piece(insert, body, its, piece++, whole ? bytes : Arrays.copyOfRange(bytes, from, to));
                insert.addBatch();
                if (++batched % PIECES_AT_ONCE == 0) {
                    insert.executeBatch();
                }
            }
            insert.executeBatch();
        }
    }

    private void piece(long body, int its, int number, byte[] bytes) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(PIECE)) {
            piece(insert, body, its, number, bytes);
            insert.executeUpdate();
        }
    }

    private static void piece(PreparedStatement insert, long body, int its, int number, byte[] bytes) throws SQLException {
        insert.setLong(1, body);
        insert.setInt(2, its);
        insert.setInt(3, number);
        insert.setBytes(4, bytes);
    }

    private void stored(UUID id, long body, long until, long bytes, @Nullable Long deadAt) throws SQLException {
        try (PreparedStatement stored = connection.prepareStatement(STORED)) {
            int at = 1;
            stored.setObject(at++, id);
            stored.setLong(at++, body);
            stored.setLong(at++, until);
            stored.setLong(at++, bytes);
            stored.setObject(at++, deadAt, java.sql.Types.BIGINT);
            stored.setInt(at++, span);
            stored.setInt(at, epoch);
            stored.executeUpdate();
        }
    }

    private boolean runs(UUID id) throws SQLException {
        try (PreparedStatement runs = connection.prepareStatement(RUNS)) {
            runs.setObject(1, id);
            runs.setInt(2, epoch);
            try (ResultSet row = runs.executeQuery()) {
                return row.next();
            }
        }
    }

    private long number() throws SQLException {
        try (PreparedStatement number = connection.prepareStatement(NUMBER);
                ResultSet row = number.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    private static long until(Task task) {
        return task.progress().outcome() instanceof Outcome.Fetched fetched ? fetched.storedUntil() : 0;
    }

    private static long deadAt(Task task) {
        return task.phase() == Phase.DEAD ? Math.max(1, task.progress().finishedAt()) : 0;
    }

    private static @Nullable Long deadAtOrNull(Task task) {
        return task.phase() == Phase.DEAD ? deadAt(task) : null;
    }
}
