package dev.fetchback.store.sqlite;

import dev.fetchback.store.Codec;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task.Progress;
import dev.fetchback.task.TaskId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;

/**
 * Forgets what is old, a little at a time. A segment whose every task is old enough is emptied of what is still wanted (live
 * tasks, dead outcomes, kept pages, what finished late), which goes to segment LATE, and then its tables are dropped. Only
 * LATE loses row by row.
 */
final class Pruner {
    /** Rows looked at in one step: a step takes a few milliseconds, and a commit may have to wait for it. */
    static final int ROWS_MAX = 1000;

    private static final int BODIES_MAX = 16; // in one step; each may be megabytes
    private static final byte[] EVERYTHING = Statements.id(-1, -1);
    private static final int DEAD = Phase.DEAD.code();
    private static final String WANTED = "SELECT id FROM ("
            + "SELECT * FROM (SELECT id FROM running WHERE id>?1 AND id<?2 ORDER BY id LIMIT ?3)"
            + " UNION SELECT * FROM (SELECT id FROM waiting WHERE id>?1 AND id<?2 ORDER BY id LIMIT ?3)"
            + " UNION SELECT * FROM (SELECT id FROM stored WHERE id>?1 AND id<?2 ORDER BY id LIMIT ?3)"
            + " UNION SELECT * FROM (SELECT id FROM outcome_%1$d WHERE id>?1 AND id<?2 AND late IS NOT NULL ORDER BY id LIMIT ?3)"
            + " UNION SELECT * FROM (SELECT id FROM outcome_%1$d WHERE phase=" + DEAD + " AND phase IN ("
            + Phase.FAILED.code() + "," + DEAD + ") AND id>?1 AND id<?2 ORDER BY id LIMIT ?3)"
            + ") ORDER BY id LIMIT ?3";
    private static final String OLD = "SELECT id, phase FROM outcome_0 WHERE phase=? AND at<=?"
            + " AND NOT EXISTS(SELECT 1 FROM stored WHERE stored.id=outcome_0.id AND until>? AND phase<>" + DEAD + ") LIMIT ?";

    private final Retention retention;
    private final Segments segments;
    private final Ledger ledger;
    private final BodyRows bodies;
    private final SeenRows seen;
    private final Deque<TaskId> abandoned = new ArrayDeque<>();

    Pruner(Retention retention, Segments segments, Ledger ledger, BodyRows bodies, SeenRows seen) {
        this.retention = retention;
        this.segments = segments;
        this.ledger = ledger;
        this.bodies = bodies;
        this.seen = seen;
    }

    /** Bodies that no task will ever refer to. */
    void abandoned(Collection<TaskId> ids) {
        abandoned.addAll(ids);
    }

    /** One step; returns whether there is more to do now. */
    boolean prune(Statements statements, long now) throws SQLException {
        segments.rollOver(now, statements);
        return dropAbandoned(statements)
                || expireBodies(statements, now)
                || capDeadBodies(statements)
                || forgetRows(statements, now)
                || emptyOldest(statements, now);
    }

    private boolean dropAbandoned(Statements statements) throws SQLException {
        for (int i = 0; i < BODIES_MAX && !abandoned.isEmpty(); i++) {
            TaskId id = abandoned.remove();
            if (!bodies.isPending(statements, id) && until(statements, id) == 0) {
                bodies.drop(statements, id);
            }
        }
        return !abandoned.isEmpty();
    }

    private boolean expireBodies(Statements statements, long now) throws SQLException {
        PreparedStatement find = statements.get(
                "SELECT id FROM stored WHERE until>0 AND until<=? AND until<" + Long.MAX_VALUE + " ORDER BY until LIMIT ?");
        find.setLong(1, now);
        find.setInt(2, BODIES_MAX);
        return dropBodies(statements, ids(find)) == BODIES_MAX;
    }

    private boolean capDeadBodies(Statements statements) throws SQLException {
        if (ledger.deadBytes() <= retention.deadBodyBytes()) {
            return false;
        }
        PreparedStatement find = statements.get("SELECT id FROM stored WHERE dead_at IS NOT NULL ORDER BY dead_at LIMIT ?");
        find.setInt(1, BODIES_MAX);
        for (byte[] id : ids(find)) {
            if (ledger.deadBytes() <= retention.deadBodyBytes()) {
                return false;
            }
            dropBodies(statements, List.of(id));
        }
        return ledger.deadBytes() > retention.deadBodyBytes();
    }

    /** Drops bodies, and lets their outcomes say so. */
    private int dropBodies(Statements statements, List<byte[]> ids) throws SQLException {
        for (byte[] id : ids) {
            TaskId taskId = Statements.taskId(id);
            bodies.drop(statements, taskId);
            int n = segments.at(taskId).number();
            PreparedStatement find = statements.get("SELECT data FROM outcome_" + n + " WHERE id=?");
            find.setBytes(1, id);
            byte[] data;
            try (ResultSet row = find.executeQuery()) {
                data = row.next() ? row.getBytes(1) : null;
            }
            if (data != null && Codec.progress(data) instanceof Progress p && p.outcome() instanceof Outcome.Fetched fetched) {
                Progress without = p.came(fetched.until(0));
                PreparedStatement update = statements.get("UPDATE outcome_" + n + " SET data=? WHERE id=?");
                update.setBytes(1, Codec.progress(without));
                update.setBytes(2, id);
                update.executeUpdate();
            }
        }
        return ids.size();
    }

    /** What is not in a segment of its own time: idempotency keys, batches, pages as last seen, and the tasks in LATE. */
    private boolean forgetRows(Statements statements, long now) throws SQLException {
        PreparedStatement keys = statements.get("DELETE FROM idempotency WHERE (owner, key) IN"
                + " (SELECT owner, key FROM idempotency WHERE created<=? ORDER BY created LIMIT ?)");
        keys.setLong(1, now - Store.IDEMPOTENCY_KEPT.toMillis());
        keys.setInt(2, ROWS_MAX);
        boolean more = keys.executeUpdate() == ROWS_MAX;

        PreparedStatement batches = statements.get("DELETE FROM batch WHERE id IN (SELECT id FROM batch WHERE id<?"
                + " AND accepted<=succeeded+failed+dead+cancelled+expired ORDER BY id LIMIT ?)");
        batches.setBytes(1, firstId(now - retention.dead().toMillis()));
        batches.setInt(2, ROWS_MAX);
        more |= batches.executeUpdate() == ROWS_MAX;
        more |= seen.forget(statements, now, ROWS_MAX);

        for (Phase phase : Phase.values()) {
            if (phase.terminal()) {
                more |= forgetLate(statements, phase, now);
            }
        }
        return more;
    }

    private boolean forgetLate(Statements statements, Phase phase, long now) throws SQLException {
        PreparedStatement find = statements.get(OLD);
        find.setInt(1, phase.code());
        find.setLong(2, now - kept(phase));
        find.setLong(3, now);
        find.setInt(4, ROWS_MAX);
        List<byte[]> old = ids(find);
        Segment late = segments.all().getFirst();
        for (byte[] id : old) {
            for (String sql : new String[] {late.sql().deleteTask(), late.sql().deleteOutcome()}) {
                PreparedStatement delete = statements.get(sql);
                delete.setBytes(1, id);
                delete.executeUpdate();
            }
            bodies.drop(statements, Statements.taskId(id));
        }
        if (phase == Phase.DEAD) {
            ledger.forgotDead(old.size());
        }
        return old.size() == ROWS_MAX;
    }

    private long kept(Phase phase) {
        return (phase == Phase.DEAD ? retention.dead() : retention.finished()).toMillis();
    }

    /** A step with the oldest segment, if all that did not finish late is old enough. */
    private boolean emptyOldest(Statements statements, long now) throws SQLException {
        Segment oldest = segments.oldest();
        long end = segments.endOf(oldest);
        long lastAt = end + Segment.LATE_MILLIS; // what finished later than this is marked as late
        if (oldest.number() == Segment.LATE || end == Long.MAX_VALUE || lastAt > now - retention.finished().toMillis()) {
            return false;
        }
        if (!oldest.gone(EVERYTHING)) {
            moveWanted(statements, oldest, now);
        } else if (exists(statements, "task_" + oldest.number())) {
            drop(statements, "task_" + oldest.number());
        } else {
            drop(statements, "outcome_" + oldest.number());
            segments.dropped(oldest, statements);
        }
        return true;
    }

    private void moveWanted(Statements statements, Segment segment, long now) throws SQLException {
        byte[] from = segment.drained() == null ? Statements.id(0, 0) : segment.drained();
        byte[] to = firstId(segments.endOf(segment));
        PreparedStatement find = statements.get(WANTED.formatted(segment.number()));
        find.setBytes(1, from);
        find.setBytes(2, to);
        find.setInt(3, ROWS_MAX);
        List<byte[]> wanted = ids(find);
        for (byte[] id : wanted) {
            move(statements, segment, id, now);
        }
        segments.drained(segment, wanted.size() < ROWS_MAX ? EVERYTHING : wanted.getLast(), statements);
    }

    private void move(Statements statements, Segment segment, byte[] id, long now) throws SQLException {
        int n = segment.number();
        PreparedStatement find = statements.get("SELECT phase, at FROM outcome_" + n + " WHERE id=?");
        find.setBytes(1, id);
        try (ResultSet row = find.executeQuery()) {
            if (row.next()) {
                Phase phase = Phase.of(row.getInt(1));
                boolean old = row.getLong(2) <= now - kept(phase);
                if (old && (phase == Phase.DEAD || until(statements, Statements.taskId(id)) <= now)) {
                    bodies.drop(statements, Statements.taskId(id));
                    if (phase == Phase.DEAD) {
                        ledger.forgotDead(1);
                    }
                    return;
                }
            }
        }
        for (String copy : new String[] {
            "INSERT OR IGNORE INTO task_0(id, batch, data) SELECT id, batch, data FROM task_" + n + " WHERE id=?",
            "INSERT OR IGNORE INTO outcome_0(id, phase, attempt, epoch, at, late, data)"
                    + " SELECT id, phase, attempt, epoch, at, late, data FROM outcome_" + n + " WHERE id=?"
        }) {
            PreparedStatement insert = statements.get(copy);
            insert.setBytes(1, id);
            insert.executeUpdate();
        }
    }

    private static void drop(Statements statements, String table) throws SQLException {
        statements.forget(); // none may be in use, and those on this table never work again
        try (Statement statement = statements.connection().createStatement()) {
            statement.execute("DROP TABLE " + table);
        }
    }

    private static boolean exists(Statements statements, String table) throws SQLException {
        PreparedStatement find = statements.get("SELECT 1 FROM sqlite_schema WHERE name=?");
        find.setString(1, table);
        try (ResultSet row = find.executeQuery()) {
            return row.next();
        }
    }

    /** Until when the body of a task is stored; 0 when there is none. */
    private static long until(Statements statements, TaskId id) throws SQLException {
        PreparedStatement find = statements.get("SELECT until FROM stored WHERE id=?");
        find.setBytes(1, Statements.id(id));
        try (ResultSet row = find.executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    private static List<byte[]> ids(PreparedStatement find) throws SQLException {
        List<byte[]> ids = new ArrayList<>();
        try (ResultSet rows = find.executeQuery()) {
            while (rows.next()) {
                ids.add(rows.getBytes(1));
            }
        }
        return ids;
    }

    /** The smallest id of a time. */
    private static byte[] firstId(long millis) {
        return Statements.id(Math.max(0, millis) << 16, 0);
    }
}
