package dev.fetchback.store.sqlite;

import dev.fetchback.store.DueQueue;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Fence;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Finds what may be started: due queues, then the due tasks of each; and what an earlier owner had begun. */
final class DueScan {
    private static final String QUEUES = "SELECT name, due_at FROM queue INDEXED BY queue_due"
            + " WHERE phase=? AND due_at<=? AND (due_at, name)>(?,?) ORDER BY due_at, name LIMIT ?";
    private static final String NEXT = "SELECT min(due_at) FROM queue WHERE phase=? AND due_at>?";
    private static final String TASKS = "SELECT id, phase, ready_at, attempt, epoch, data FROM waiting INDEXED BY waiting_due"
            + " WHERE queue=? AND priority=? AND ready_at<=? ORDER BY ready_at, id LIMIT ?";
    private static final String ORPHANS =
            "SELECT id, phase, 0, attempt, epoch, data FROM running WHERE epoch<? LIMIT ?";

    private static final byte[] NO_FACTS = {}; // read later, from the task's own segment

    private final Segments segments;

    DueScan(Segments segments) {
        this.segments = segments;
    }

    static List<DueQueue> queues(Statements statements, Stage stage, Optional<DueQueue> after, long now, int limit)
            throws SQLException {
        PreparedStatement find = statements.get(QUEUES);
        find.setInt(1, QueueRows.phase(stage));
        find.setLong(2, now);
        find.setLong(3, after.map(DueQueue::dueAt).orElse(Long.MIN_VALUE));
        find.setString(4, after.map(DueQueue::name).orElse(""));
        find.setInt(5, limit);
        List<DueQueue> queues = new ArrayList<>();
        try (ResultSet rows = find.executeQuery()) {
            while (rows.next()) {
                queues.add(new DueQueue(rows.getString(1), rows.getLong(2)));
            }
        }
        return queues;
    }

    static OptionalLong next(Statements statements, Stage stage, long now) throws SQLException {
        PreparedStatement find = statements.get(NEXT);
        find.setInt(1, QueueRows.phase(stage));
        find.setLong(2, now);
        try (ResultSet row = find.executeQuery()) {
            long dueAt = row.getLong(1);
            return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(dueAt);
        }
    }

    List<StoredTask> tasks(Statements statements, QueueKey queue, long now, int limit) throws SQLException {
        PreparedStatement number = statements.get(QueueRows.FIND);
        number.setInt(1, QueueRows.phase(queue.stage()));
        number.setString(2, queue.name());
        PreparedStatement find = statements.get(TASKS);
        try (ResultSet row = number.executeQuery()) {
            if (!row.next()) {
                return List.of();
            }
            find.setLong(1, row.getLong(1));
        }
        find.setLong(3, now);
        List<TaskRow> rows = new ArrayList<>();
        for (int priority = QueueRows.PRIORITY_MAX; priority >= 0 && rows.size() < limit; priority--) {
            find.setInt(2, priority);
            find.setInt(4, limit - rows.size());
            collect(find, rows);
        }
        return withFacts(statements, rows).stream().map(TaskRow::decode).toList();
    }

    List<Task> orphans(Statements statements, int epoch, int limit) throws SQLException {
        PreparedStatement find = statements.get(ORPHANS);
        find.setInt(1, epoch);
        find.setInt(2, limit);
        List<TaskRow> rows = new ArrayList<>();
        collect(find, rows);
        return withFacts(statements, rows).stream().map(TaskRow::task).toList();
    }

    private static void collect(PreparedStatement find, List<TaskRow> rows) throws SQLException {
        try (ResultSet row = find.executeQuery()) {
            while (row.next()) {
                rows.add(new TaskRow(
                        row.getBytes(1),
                        NO_FACTS,
                        Phase.of(row.getInt(2)),
                        row.getLong(3),
                        new Fence(row.getInt(4), row.getInt(5)),
                        row.getBytes(6)));
            }
        }
    }

    private List<TaskRow> withFacts(Statements statements, List<TaskRow> rows) throws SQLException {
        List<TaskRow> tasks = new ArrayList<>(rows.size());
        for (TaskRow row : rows) {
            byte[] facts = facts(statements, row.id());
            if (facts != null) { // it may have finished and been forgotten since
                tasks.add(new TaskRow(row.id(), facts, row.phase(), row.readyAt(), row.fence(), row.progress()));
            }
        }
        return tasks;
    }

    private byte @Nullable [] facts(Statements statements, byte[] id) throws SQLException {
        PreparedStatement find =
                statements.get(segments.of(Statements.taskId(id)).sql().selectFacts());
        find.setBytes(1, id);
        try (ResultSet row = find.executeQuery()) {
            return row.next() ? row.getBytes(1) : null;
        }
    }
}
