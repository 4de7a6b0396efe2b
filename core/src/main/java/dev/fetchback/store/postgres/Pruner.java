package dev.fetchback.store.postgres;

import dev.fetchback.store.Codec;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.store.postgres.Spans.Kind;
import dev.fetchback.store.postgres.Spans.Span;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task.Progress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/**
 * Forgets what is old, a little at a time, on one node at a time. Finished tasks and the pieces of bodies go with their span; what
 * outlives it was put aside from the first, or is moved there.
 */
final class Pruner {
    private static final long LOCK = 0x4674_426c; // of whoever prunes
    private static final int ROWS_MAX = 1000; // of one step: it takes a few milliseconds, and a commit may have to wait for it
    private static final int BODIES_MAX = 16; // moved in one step; each may be megabytes
    private static final int TALLIES_MAX = 64; // counters that are added up at each look
    private static final int SPANS = 12; // of the time that finished tasks are kept, so that they stay a twelfth longer at most
    private static final long SPAN_MIN = Duration.ofMinutes(10).toMillis();
    private static final long SPAN_MAX = Duration.ofDays(1).toMillis();
    private static final long BODY_SPAN = Duration.ofHours(1).toMillis();
    /** Nodes that know of no newer span are this late at most. */
    private static final long GRACE = Duration.ofHours(1).toMillis();
    /** Bodies that are still wanted so long after their span are moved, so that it can be dropped. */
    private static final long MOVE_AFTER = Duration.ofHours(6).toMillis();

    private static final String ABANDONED = "SELECT s.id FROM stored s WHERE s.until=0 AND NOT EXISTS(SELECT 1 FROM running r, node n"
            + " WHERE r.id=s.id AND r.epoch=s.epoch AND n.epoch=s.epoch) LIMIT " + ROWS_MAX;
    private static final String EXPIRED =
            "SELECT id FROM stored WHERE until>0 AND until<=? AND until<" + Long.MAX_VALUE + " ORDER BY until LIMIT " + ROWS_MAX;
    private static final String DEAD_BYTES = "SELECT coalesce(sum(dead_bytes), 0)::int8 FROM tally";
    private static final String DEAD_BODIES =
            "SELECT id, bytes FROM stored WHERE dead_at IS NOT NULL ORDER BY dead_at LIMIT " + ROWS_MAX;
    private static final String KEYS = "DELETE FROM idempotency WHERE (owner, key) IN"
            + " (SELECT owner, key FROM idempotency WHERE created<=? ORDER BY created LIMIT " + ROWS_MAX + ")";
    private static final String BATCHES = "SELECT b.id FROM batch b WHERE b.id<? AND coalesce((SELECT sum(accepted)"
            + "<=sum(succeeded+failed+dead+cancelled+expired) FROM batch_tally t WHERE t.batch=b.id), true)"
            + " ORDER BY b.id LIMIT " + ROWS_MAX;
    private static final String RECALLS = "DELETE FROM recall r WHERE NOT EXISTS(SELECT 1 FROM node n WHERE n.epoch=r.epoch)";
    private static final String SEEN = "DELETE FROM seen WHERE page IN (SELECT page FROM seen WHERE at<=? ORDER BY at LIMIT ?)";
    private static final String DEAD =
            "SELECT id FROM kept WHERE phase=" + Phase.DEAD.code() + " AND at<=? ORDER BY at LIMIT " + ROWS_MAX;
    private static final String KEPT =
            "SELECT id FROM kept WHERE phase<>" + Phase.DEAD.code() + " AND until<=? ORDER BY until LIMIT " + ROWS_MAX;
    private static final String FOLD = "WITH gone AS (DELETE FROM tally RETURNING *) INSERT INTO tally(" + Tally.COLUMNS + ") SELECT "
            + sums(Tally.COLUMNS) + " FROM gone";
    private static final String FOLD_BATCHES = "WITH many AS MATERIALIZED (SELECT batch FROM batch_tally GROUP BY batch"
            + " HAVING count(*)>" + TALLIES_MAX + " ORDER BY batch LIMIT 100),"
            + " gone AS (DELETE FROM batch_tally t USING many WHERE t.batch=many.batch RETURNING t.*)"
            + " INSERT INTO batch_tally(batch, " + Tally.BATCH_COLUMNS + ") SELECT batch, " + sums(Tally.BATCH_COLUMNS)
            + " FROM gone GROUP BY batch";
    private static final String MOVE_PIECES = "UPDATE body SET span=" + Spans.LASTING + " WHERE span=? AND body=ANY(?::int8[])";
    private static final String MOVE_STORED = "UPDATE stored SET span=" + Spans.LASTING + " WHERE span=? AND body=ANY(?::int8[])";

    private final Retention retention;
    private final Spans spans;

    Pruner(Retention retention, Spans spans) {
        this.retention = retention;
        this.spans = spans;
    }

    private static String sums(String columns) {
        return "sum(" + columns.replace(", ", ")::int8, sum(") + ")::int8";
    }

    /** Makes the spans that are next, at the start of a node. */
    void prepare(Connection connection, long now) throws SQLException {
        spans.read(connection);
        if (ahead(connection, now)) {
            spans.read(connection);
        }
    }

    private boolean ahead(Connection connection, long now) throws SQLException {
        long width = Math.clamp(retention.finished().toMillis() / SPANS, SPAN_MIN, SPAN_MAX);
        boolean made = false;
        for (Kind kind : Kind.values()) {
            long its = kind == Kind.DONE ? width : BODY_SPAN;
            if (spans.all(kind).isEmpty()) {
                made |= Spans.ahead(connection, kind, List.of(), now, its);
                spans.read(connection);
            }
            made |= Spans.ahead(connection, kind, spans.all(kind), now, its);
        }
        return made;
    }

    /** One step, which the caller commits; returns whether there is more to do now. */
    boolean prune(Connection connection, long now) throws SQLException {
        if (number(connection, "SELECT pg_try_advisory_xact_lock(" + LOCK + ")::int") == 0) {
            return false;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout='300ms'"); // those who read wait behind whoever wants to drop what they read
        }
        spans.read(connection);
        if (ahead(connection, now)) {
            return true;
        }
        Tally tally = new Tally();
        Bodies bodies = new Bodies(connection, tally, new Pending(), 0, Spans.LASTING);
        boolean more = dropped(bodies, ids(connection, ABANDONED))
                || expire(connection, bodies, now)
                || capDead(connection, bodies)
                || forgetRows(connection, tally, bodies, now)
                || dropDone(connection, now)
                || dropBodies(connection, now);
        tally.flush(connection);
        if (!more) {
            fold(connection);
        }
        return more;
    }

    private static boolean dropped(Bodies bodies, List<UUID> ids) throws SQLException {
        bodies.drop(ids);
        return ids.size() == ROWS_MAX;
    }

    private static boolean expire(Connection connection, Bodies bodies, long now) throws SQLException {
        List<UUID> expired = ids(connection, EXPIRED, now);
        bodies.drop(expired);
        withoutBody(connection, expired);
        return expired.size() == ROWS_MAX;
    }

    private boolean capDead(Connection connection, Bodies bodies) throws SQLException {
        long over = number(connection, DEAD_BYTES) - retention.deadBodyBytes();
        if (over <= 0) {
            return false;
        }
        List<UUID> oldest = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(DEAD_BODIES);
                ResultSet rows = find.executeQuery()) {
            while (over > 0 && rows.next()) {
                oldest.add(rows.getObject(1, UUID.class));
                over -= rows.getLong(2);
            }
        }
        bodies.drop(oldest);
        withoutBody(connection, oldest);
        return over > 0 && !oldest.isEmpty();
    }

    /** Lets the outcomes say that their pages are gone. */
    private static void withoutBody(Connection connection, List<UUID> ids) throws SQLException {
        for (Table table : ids.isEmpty() ? List.<Table>of() : List.of(Table.DONE, Table.KEPT)) {
            Columns changed = new Columns(Type.ID, Type.BYTES);
            try (PreparedStatement find =
                    connection.prepareStatement("SELECT id, progress FROM " + table.sql() + " WHERE id=ANY(?::uuid[])")) {
                Columns.ids(find, 1, ids);
                try (ResultSet row = find.executeQuery()) {
                    while (row.next()) {
                        Progress progress = Codec.progress(row.getBytes(2));
                        if (progress.outcome() instanceof Outcome.Fetched fetched) {
                            changed.add(row.getObject(1, UUID.class), Codec.progress(progress.came(fetched.until(0))));
                        }
                    }
                }
            }
            changed.sort(Comparator.comparing(row -> (UUID) row[0], Columns.SERVER_ORDER));
            try (PreparedStatement update = connection.prepareStatement("UPDATE " + table.sql() + " t SET progress="
                    + Columns.at("t.id", "m", "progress") + " FROM " + Columns.arrays("m", "id, progress", Type.ID, Type.BYTES) + " WHERE "
                    + Columns.each("t.id", "m"))) {
                changed.bind(update, 1);
                update.executeUpdate();
            }
        }
    }

    /** What is not in a span: keys, batches, pages as last seen, and what was kept for longer. */
    private boolean forgetRows(Connection connection, Tally tally, Bodies bodies, long now) throws SQLException {
        boolean more = update(connection, KEYS, now - Store.IDEMPOTENCY_KEPT.toMillis()) == ROWS_MAX;
        List<UUID> batches = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(BATCHES)) {
            find.setObject(1, new UUID(Math.max(0, now - retention.dead().toMillis()) << 16, 0));
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    batches.add(rows.getObject(1, UUID.class));
                }
            }
        }
        delete(connection, "DELETE FROM batch_tally WHERE batch=ANY(?::uuid[])", batches);
        delete(connection, "DELETE FROM batch WHERE id=ANY(?::uuid[])", batches);
        update(connection, RECALLS);
        more |= batches.size() == ROWS_MAX;

        long old = update(connection, SEEN, now - retention.seen().toMillis(), ROWS_MAX);
        long over = Math.max(0, number(connection, "SELECT count(*) FROM seen") - retention.seenMax());
        more |= old + update(connection, SEEN, Long.MAX_VALUE, Math.clamp(over, 0, ROWS_MAX - old)) == ROWS_MAX;

        List<UUID> dead = ids(connection, DEAD, now - retention.dead().toMillis());
        tally.forgotDead(dead.size());
        List<UUID> kept = ids(connection, KEPT, now);
        for (List<UUID> ids : List.of(dead, kept)) {
            delete(connection, "DELETE FROM kept WHERE id=ANY(?::uuid[])", ids);
            bodies.drop(ids);
            more |= ids.size() == ROWS_MAX;
        }
        return more;
    }

    private boolean dropDone(Connection connection, long now) throws SQLException {
        List<Span> all = spans.all(Kind.DONE);
        if (all.size() < 2 || all.get(1).first() + retention.finished().toMillis() > now) {
            return false;
        }
        Spans.drop(connection, Kind.DONE, all.getFirst());
        return true;
    }

    /** Drops a span of bodies that none is left of; from one that is old, what is left is moved. */
    private boolean dropBodies(Connection connection, long now) throws SQLException {
        List<Span> all = spans.all(Kind.BODY);
        for (int i = 0; i + 1 < all.size(); i++) {
            Span span = all.get(i);
            long over = all.get(i + 1).first();
            if (over + GRACE > now) {
                return false;
            }
            String left = "SELECT count(*) FROM (SELECT 1 FROM stored WHERE span=" + span.n() + " LIMIT 1) one";
            if (number(connection, left) == 0) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("LOCK TABLE " + Kind.BODY.table(span.n()) + " IN ACCESS EXCLUSIVE MODE");
                }
                if (number(connection, left) == 0) { // nobody can put a piece there any more
                    Spans.drop(connection, Kind.BODY, span);
                    return true;
                }
            } else if (over + MOVE_AFTER <= now) {
                move(connection, span);
                return true;
            }
        }
        return false;
    }

    private static void move(Connection connection, Span span) throws SQLException {
        List<Long> bodies = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(
                        "SELECT body FROM stored WHERE span=" + span.n() + " ORDER BY id LIMIT " + BODIES_MAX + " FOR UPDATE");
                ResultSet rows = find.executeQuery()) {
            while (rows.next()) {
                bodies.add(rows.getLong(1));
            }
        }
        for (String sql : List.of(MOVE_PIECES, MOVE_STORED)) {
            try (PreparedStatement move = connection.prepareStatement(sql)) {
                move.setInt(1, span.n());
                move.setArray(2, connection.createArrayOf("int8", bodies.toArray(Long[]::new)));
                move.executeUpdate();
            }
        }
    }

    private static void fold(Connection connection) throws SQLException {
        if (number(connection, "SELECT count(*) FROM tally") > TALLIES_MAX) {
            update(connection, FOLD);
        }
        update(connection, FOLD_BATCHES);
    }

    private static List<UUID> ids(Connection connection, String sql, long... parameters) throws SQLException {
        List<UUID> ids = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(sql)) {
            set(find, parameters);
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    ids.add(rows.getObject(1, UUID.class));
                }
            }
        }
        return ids;
    }

    private static void delete(Connection connection, String sql, List<UUID> ids) throws SQLException {
        if (!ids.isEmpty()) {
            try (PreparedStatement delete = connection.prepareStatement(sql)) {
                Columns.ids(delete, 1, ids);
                delete.executeUpdate();
            }
        }
    }

    private static long update(Connection connection, String sql, long... parameters) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            set(update, parameters);
            return update.executeLargeUpdate();
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(sql);
                ResultSet row = find.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void set(PreparedStatement statement, long... parameters) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            statement.setLong(i + 1, parameters[i]);
        }
    }
}
