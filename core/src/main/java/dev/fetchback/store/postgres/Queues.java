package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The first level of the due scan: a row for each queue and shard, with a lower bound of when its earliest task is due. Whoever puts a
 * task there locks that row, if only to find that it need not be changed; whoever settles it locks it before looking for its earliest
 * task. So no task can come in between unseen. The owner of a shard, who alone settles its queues and makes one commit at a time, leaves
 * out the look where it knows the bound: see {@link Bounds}.
 */
final class Queues {
    private static final String LOWER = "INSERT INTO queue(phase, name, shard, due_at, priorities) SELECT * FROM "
            + Columns.unnest("m", "phase, name, shard, due_at, priorities", Type.INT, Type.TEXT, Type.INT, Type.LONG, Type.INT)
            + " ON CONFLICT (phase, name, shard) DO UPDATE SET due_at=LEAST(queue.due_at, excluded.due_at),"
            + " priorities=queue.priorities | excluded.priorities"
            + " WHERE queue.due_at > excluded.due_at OR queue.priorities & excluded.priorities <> excluded.priorities";
    private static final String LOCK = "SELECT q.phase, q.name, q.shard FROM "
            + Columns.unnest("m", "phase, name, shards", Type.INT, Type.TEXT, Type.LONG)
            + " CROSS JOIN LATERAL (SELECT * FROM queue q WHERE q.phase=m.phase AND q.name=m.name AND m.shards >> q.shard & 1 = 1"
            + " ORDER BY q.shard FOR UPDATE) q";
    // Priorities that are found empty lose their bit; those that are not marked have no task.
    private static final String RAISE = "WITH e AS MATERIALIZED (SELECT m.phase, m.name, m.shard, w.first, w.priorities FROM "
            + Columns.unnest("m", "phase, name, shard", Type.INT, Type.TEXT, Type.INT)
            + " JOIN queue q ON q.phase=m.phase AND q.name=m.name AND q.shard=m.shard"
            + " CROSS JOIN LATERAL (SELECT min(t.ready_at) AS first, bit_or(1 << p.n) AS priorities"
            + " FROM generate_series(0, " + Table.PRIORITY_MAX + ") p(n) CROSS JOIN LATERAL (SELECT t.ready_at FROM waiting t"
            + " WHERE t.phase=q.phase AND t.shard=q.shard AND t.queue=q.name AND t.priority=p.n AND t.ready_at>=q.due_at"
            + " ORDER BY t.ready_at LIMIT 1) t WHERE q.priorities & (1 << p.n) <> 0) w),"
            + " gone AS (DELETE FROM queue q USING e WHERE q.phase=e.phase AND q.name=e.name AND q.shard=e.shard AND e.first IS NULL)"
            + " UPDATE queue q SET due_at=e.first, priorities=e.priorities FROM e WHERE q.phase=e.phase AND q.name=e.name"
            + " AND q.shard=e.shard AND e.first IS NOT NULL AND (q.due_at, q.priorities)<>(e.first, e.priorities)";
    private static final String HURRY = "UPDATE waiting w SET ready_at=? WHERE w.id=ANY(ARRAY(SELECT t.id FROM queue q"
            + " CROSS JOIN generate_series(0, " + Table.PRIORITY_MAX + ") p(n) CROSS JOIN LATERAL (SELECT t.id, t.ready_at FROM waiting t"
            + " WHERE t.phase=q.phase AND t.shard=q.shard AND t.queue=q.name AND t.priority=p.n AND t.ready_at>?"
            + " ORDER BY t.ready_at, t.id LIMIT ?) t WHERE q.phase=? AND q.name=? AND q.priorities & (1 << p.n) <> 0"
            + " ORDER BY t.ready_at LIMIT ?)) RETURNING w.shard, w.priority";

    private static final Comparator<Row> ORDER =
            Comparator.comparingInt(Row::phase).thenComparing(Row::name).thenComparingInt(Row::shard);

    private final long owned;
    private final Bounds bounds;
    /** By what key which bound and priorities, for all tasks that this commit puts in a queue. */
    private final Map<Row, Bound> lower = new TreeMap<>(ORDER);

    /** What this commit makes known of rows that are this node's. */
    private final Map<Row, Bound> learned = new TreeMap<>(ORDER);

    private final Set<QueueKey> settles = new LinkedHashSet<>();

    record Row(int phase, String name, int shard) {}

    record Bound(long dueAt, int priorities) {
        Bound with(Bound other) {
            return new Bound(Math.min(dueAt, other.dueAt), priorities | other.priorities);
        }

        boolean covers(Bound other) {
            return dueAt <= other.dueAt && (priorities & other.priorities) == other.priorities;
        }
    }

    /**
     * @param owned the shards whose queues only this node settles
     * @param bounds what is known of them
     */
    Queues(long owned, Bounds bounds) {
        this.owned = owned;
        this.bounds = bounds;
    }

    /** The phase of tasks that wait for a stage. */
    static int phase(Stage stage) {
        return switch (stage) {
            case FETCH -> Phase.FETCH_WAITING.code();
            case PROCESS -> Phase.PROCESS_WAITING.code();
            case DELIVER -> Phase.DELIVER_WAITING.code();
        };
    }

    /** Notes that a task waits. */
    void waits(Task task) {
        lower(new Row(task.phase().code(), task.queue(), Shards.of(task)), new Bound(task.readyAt(), 1 << Table.priority(task)));
    }

    private void lower(Row row, Bound bound) {
        lower.merge(row, bound, Bound::with);
    }

    /** Brings the queue's bound up to date with what waits at the end of this commit. */
    void settle(QueueKey queue) {
        settles.add(queue);
    }

    /** The commit was done. */
    void committed() {
        bounds.learn(learned);
    }

    /** Makes at most so many tasks of a queue due, earliest first; false when there was none to hurry. */
    boolean hurry(Connection connection, Change.Hurry hurry) throws SQLException {
        flush(connection); // tasks that came before in this commit are found by their queue
        int phase = phase(hurry.queue().stage());
        boolean any = false;
        try (PreparedStatement update = connection.prepareStatement(HURRY)) {
            int at = 1;
            update.setLong(at++, hurry.now());
            update.setLong(at++, hurry.now());
            update.setInt(at++, hurry.limit());
            update.setInt(at++, phase);
            update.setString(at++, hurry.queue().name());
            update.setInt(at, hurry.limit());
            try (ResultSet rows = update.executeQuery()) {
                while (rows.next()) {
                    any = true;
                    lower(new Row(phase, hurry.queue().name(), rows.getInt(1)), new Bound(hurry.now(), 1 << rows.getInt(2)));
                }
            }
        }
        return any;
    }

    void flush(Connection connection) throws SQLException {
        lower.entrySet().removeIf(row -> Shards.has(owned, row.getKey().shard()) && bounds.cover(row.getKey(), row.getValue()));
        List<Row> locked = settles.isEmpty() ? List.of() : lock(connection);
        lower(connection);
        if (!locked.isEmpty()) {
            raise(connection, locked);
        }
    }

    private void lower(Connection connection) throws SQLException {
        if (lower.isEmpty()) {
            return;
        }
        Columns rows = new Columns(Type.INT, Type.TEXT, Type.INT, Type.LONG, Type.INT);
        lower.forEach((row, bound) -> rows.add(row.phase(), row.name(), row.shard(), bound.dueAt(), bound.priorities()));
        try (PreparedStatement statement = connection.prepareStatement(LOWER)) {
            rows.bind(statement, 1);
            statement.executeUpdate();
        }
        lower.forEach((row, bound) -> {
            if (Shards.has(owned, row.shard())) {
                learned.merge(row, bound, Bound::with);
            }
        });
        lower.clear();
    }

    private void raise(Connection connection, List<Row> queues) throws SQLException {
        Columns rows = new Columns(Type.INT, Type.TEXT, Type.INT);
        for (Row row : queues) {
            rows.add(row.phase(), row.name(), row.shard());
            bounds.forget(row);
            learned.remove(row);
        }
        try (PreparedStatement raise = connection.prepareStatement(RAISE)) {
            rows.bind(raise, 1);
            raise.executeUpdate();
        }
    }

    /**
     * Locks what is to be settled and what is to be lowered, all in one order: two nodes that each settle what the other puts tasks into
     * would wait for each other otherwise. Returns what is to be settled.
     */
    private List<Row> lock(Connection connection) throws SQLException {
        Map<Row, Long> shards = new TreeMap<>(ORDER);
        settles.forEach(key -> shards.put(new Row(phase(key.stage()), key.name(), 0), owned));
        Set<Row> settled = Set.copyOf(shards.keySet());
        lower.keySet().forEach(row -> shards.merge(new Row(row.phase(), row.name(), 0), 1L << row.shard(), (one, other) -> one | other));
        settles.clear();
        Columns names = new Columns(Type.INT, Type.TEXT, Type.LONG);
        shards.forEach((row, its) -> names.add(row.phase(), row.name(), its));
        List<Row> locked = new ArrayList<>();
        try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
            names.bind(lock, 1);
            try (ResultSet rows = lock.executeQuery()) {
                while (rows.next()) {
                    Row row = new Row(rows.getInt(1), rows.getString(2), rows.getInt(3));
                    if (Shards.has(owned, row.shard()) && settled.contains(new Row(row.phase(), row.name(), 0))) {
                        locked.add(row);
                    }
                }
            }
        }
        return locked;
    }
}
