package dev.fetchback.store.postgres;

import dev.fetchback.store.DueQueue;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds what may be started on this node's shards: due queues, then the due tasks of each; and what a dead node had begun. */
final class DueScan {
    private static final String QUEUES = "SELECT name, due_at FROM queue WHERE phase=? AND due_at<=? AND (due_at, name)>(?,?)"
            + " AND shard=ANY(?::int4[]) ORDER BY due_at, name LIMIT ?";
    private static final String NEXT =
            "SELECT due_at FROM queue WHERE phase=? AND due_at>? AND shard=ANY(?::int4[]) ORDER BY due_at LIMIT 1";
    /** Of several queues, as each read is a way to the server. A queue's bound leaves out the dead entries of what it had before. */
    private static final String TASKS = "SELECT w.id, w.phase, w.ready_at, w.attempt, w.epoch, w.progress, w.facts, m.n"
            + " FROM unnest(?::text[],?::int4[]) WITH ORDINALITY AS m(name, most, n) CROSS JOIN LATERAL (SELECT w.* FROM queue q"
            + " CROSS JOIN generate_series(0, " + Table.PRIORITY_MAX + ") p(n)"
            + " CROSS JOIN LATERAL (SELECT * FROM waiting t WHERE t.phase=q.phase AND t.shard=q.shard AND t.queue=q.name"
            + " AND t.priority=p.n AND t.ready_at>=q.due_at AND t.ready_at<=? ORDER BY t.ready_at, t.id LIMIT m.most) w"
            + " WHERE q.phase=? AND q.name=m.name AND q.shard=ANY(?::int4[]) AND q.due_at<=? AND q.priorities & (1 << p.n) <> 0"
            + " ORDER BY w.priority DESC, w.ready_at, w.id LIMIT m.most) w ORDER BY m.n, w.priority DESC, w.ready_at, w.id";
    private static final int PORTION = 8; // the number of the column that tells whose task it is
    private static final String ORPHANS = "SELECT " + TaskRow.OTHERS + " FROM running r WHERE r.shard=ANY(?::int4[])"
            + " AND NOT EXISTS(SELECT 1 FROM node n WHERE n.epoch=r.epoch) LIMIT ?";

    private DueScan() {}

    static List<DueQueue> queues(Connection connection, long owned, Stage stage, Optional<DueQueue> after, long now, int limit)
            throws SQLException {
        List<DueQueue> queues = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(QUEUES)) {
            find.setInt(1, Queues.phase(stage));
            find.setLong(2, now);
            find.setLong(3, after.map(DueQueue::dueAt).orElse(Long.MIN_VALUE));
            find.setString(4, after.map(DueQueue::name).orElse(""));
            Columns.numbers(find, 5, Shards.numbers(owned));
            find.setInt(6, limit);
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    queues.add(new DueQueue(rows.getString(1), rows.getLong(2)));
                }
            }
        }
        return queues;
    }

    static OptionalLong next(Connection connection, long owned, Stage stage, long now) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(NEXT)) {
            find.setInt(1, Queues.phase(stage));
            find.setLong(2, now);
            Columns.numbers(find, 3, Shards.numbers(owned));
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? OptionalLong.of(row.getLong(1)) : OptionalLong.empty();
            }
        }
    }

    static List<List<StoredTask>> tasks(Connection connection, long owned, Stage stage, List<Store.Portion> portions, long now)
            throws SQLException {
        List<List<StoredTask>> tasks = new ArrayList<>();
        Columns queues = new Columns(Type.TEXT, Type.INT);
        for (Store.Portion portion : portions) {
            tasks.add(new ArrayList<>());
            queues.add(portion.queue(), portion.limit());
        }
        try (PreparedStatement find = connection.prepareStatement(TASKS)) {
            int at = queues.bind(find, 1);
            find.setLong(at++, now);
            find.setInt(at++, Queues.phase(stage));
            Columns.numbers(find, at++, Shards.numbers(owned));
            find.setLong(at, now);
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    tasks.get(rows.getInt(PORTION) - 1).add(TaskRow.read(rows).decode());
                }
            }
        }
        return tasks;
    }

    static List<Task> orphans(Connection connection, long owned, int limit) throws SQLException {
        List<Task> orphans = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(ORPHANS)) {
            Columns.numbers(find, 1, Shards.numbers(owned));
            find.setInt(2, limit);
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    orphans.add(TaskRow.read(rows).task());
                }
            }
        }
        return orphans;
    }
}
