package dev.fetchback.store.sqlite;

import dev.fetchback.store.QueueKey;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Stage;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The first level of the due scan: the queues, and when the earliest task of each may be due. Waiting tasks name their queue
 * by its number; most of them need no write to their queue.
 */
final class QueueRows {
    /** Priorities are 0 to this; each is looked at apart, so that those not yet due do not hide others. */
    static final int PRIORITY_MAX = 9;

    static final String FIND = "SELECT n, due_at FROM queue WHERE phase=? AND name=?";
    private static final String ADD = "INSERT INTO queue(n, phase, name, due_at) VALUES(?,?,?,?)";
    private static final String LAST = "SELECT max(n) FROM queue";
    private static final String SET = "UPDATE queue SET due_at=? WHERE n=?";
    private static final String FORGET = "DELETE FROM queue WHERE n=?";
    private static final String EARLIEST = "SELECT min(ready_at) FROM waiting WHERE queue=? AND priority=?";
    private static final String LATER = "SELECT id, ready_at FROM waiting INDEXED BY waiting_due"
            + " WHERE queue=? AND priority=? AND ready_at>? ORDER BY ready_at, id LIMIT ?";
    private static final String HURRY = "UPDATE waiting SET ready_at=? WHERE id=?";
    private static final int KNOWN_MAX = 100_000; // about 15 MB

    /** Rows of the table by stage and name, as they are, or will be after the next {@link #flush}. */
    private final Map<Stage, Map<String, Row>> known = new EnumMap<>(Stage.class);

    private int knownRows;

    private final Set<Row> changed = new HashSet<>();
    private long last; // the greatest number given; 0 before it is looked up

    private static final class Row {
        private final long n;
        private long dueAt;

        private Row(long n, long dueAt) {
            this.n = n;
            this.dueAt = dueAt;
        }
    }

    QueueRows() {
        forget();
    }

    static int phase(Stage stage) {
        return switch (stage) {
            case FETCH -> Phase.FETCH_WAITING.code();
            case PROCESS -> Phase.PROCESS_WAITING.code();
            case DELIVER -> Phase.DELIVER_WAITING.code();
        };
    }

    /** Notes that a task waits, and returns the number of its queue. */
    long waits(Statements statements, QueueKey queue, long readyAt) throws SQLException {
        Row row = find(statements, queue);
        if (row == null) {
            row = add(statements, queue, readyAt);
        } else if (readyAt < row.dueAt) {
            row.dueAt = readyAt;
            changed.add(row);
        }
        return row.n;
    }

    void flush(Statements statements) throws SQLException {
        if (changed.isEmpty()) {
            return;
        }
        PreparedStatement set = statements.get(SET);
        for (Row row : changed) {
            set.setLong(1, row.dueAt);
            set.setLong(2, row.n);
            set.executeUpdate();
        }
        changed.clear();
    }

    void rollBack() {
        changed.clear();
        forget();
        last = 0;
    }

    /** Sets the queue's due time to that of its earliest waiting task, or forgets it. */
    void settle(Statements statements, QueueKey queue) throws SQLException {
        Row row = find(statements, queue);
        if (row == null) {
            return;
        }
        long first = Long.MAX_VALUE;
        boolean any = false;
        PreparedStatement find = statements.get(EARLIEST);
        find.setLong(1, row.n);
        for (int priority = 0; priority <= PRIORITY_MAX; priority++) {
            find.setInt(2, priority);
            try (ResultSet earliest = find.executeQuery()) {
                long readyAt = earliest.getLong(1);
                if (!earliest.wasNull()) {
                    first = Math.min(first, readyAt);
                    any = true;
                }
            }
        }
        if (any) {
            if (first != row.dueAt) {
                row.dueAt = first;
                changed.add(row);
            }
        } else {
            PreparedStatement forget = statements.get(FORGET);
            forget.setLong(1, row.n);
            forget.executeUpdate();
            if (known.get(queue.stage()).remove(queue.name()) != null) {
                knownRows--;
            }
            changed.remove(row);
        }
    }

    /** Makes at most {@code limit} tasks of the queue due, earliest first; false when there was none to hurry. */
    boolean hurry(Statements statements, QueueKey queue, long now, int limit) throws SQLException {
        Row row = find(statements, queue);
        if (row == null) {
            return false;
        }
        List<Later> later = new ArrayList<>();
        PreparedStatement find = statements.get(LATER);
        find.setLong(1, row.n);
        find.setLong(3, now);
        find.setInt(4, limit);
        for (int priority = 0; priority <= PRIORITY_MAX; priority++) {
            find.setInt(2, priority);
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    later.add(new Later(rows.getBytes(1), rows.getLong(2)));
                }
            }
        }
        later.sort(Comparator.comparingLong(Later::readyAt));
        PreparedStatement hurry = statements.get(HURRY);
        for (Later task : later.subList(0, Math.min(limit, later.size()))) {
            hurry.setLong(1, now);
            hurry.setBytes(2, task.id());
            hurry.executeUpdate();
            waits(statements, queue, now);
        }
        return !later.isEmpty();
    }

    private @Nullable Row find(Statements statements, QueueKey queue) throws SQLException {
        Row row = known.get(queue.stage()).get(queue.name());
        if (row != null) {
            return row;
        }
        PreparedStatement find = statements.get(FIND);
        find.setInt(1, phase(queue.stage()));
        find.setString(2, queue.name());
        try (ResultSet found = find.executeQuery()) {
            return found.next() ? know(statements, queue, new Row(found.getLong(1), found.getLong(2))) : null;
        }
    }

    private Row add(Statements statements, QueueKey queue, long dueAt) throws SQLException {
        if (last == 0) {
            try (ResultSet row = statements.get(LAST).executeQuery()) {
                last = row.getLong(1);
            }
        }
        last++;
        PreparedStatement add = statements.get(ADD);
        add.setLong(1, last);
        add.setInt(2, phase(queue.stage()));
        add.setString(3, queue.name());
        add.setLong(4, dueAt);
        add.executeUpdate();
        return know(statements, queue, new Row(last, dueAt));
    }

    private Row know(Statements statements, QueueKey queue, Row row) throws SQLException {
        if (knownRows >= KNOWN_MAX) {
            flush(statements);
            forget();
        }
        known.get(queue.stage()).put(queue.name(), row);
        knownRows++;
        return row;
    }

    private void forget() {
        for (Stage stage : Stage.values()) {
            known.put(stage, new HashMap<>());
        }
        knownRows = 0;
    }

    private record Later(byte[] id, long readyAt) {}
}
