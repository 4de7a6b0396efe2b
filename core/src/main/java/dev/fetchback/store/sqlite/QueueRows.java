package dev.fetchback.store.sqlite;

import dev.fetchback.store.QueueKey;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Stage;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The first level of the due scan: when the earliest task of each queue may be due. Each queue is written once a commit. */
final class QueueRows {
    /** Priorities are 0 to this; each is looked at apart, so that those not yet due do not hide others. */
    static final int PRIORITY_MAX = 9;

    private static final int KNOWN_MAX = 100_000; // about 10 MB
    private static final String LOWER = "INSERT INTO queue(phase, name, due_at) VALUES(?,?,?)"
            + " ON CONFLICT(phase, name) DO UPDATE SET due_at=excluded.due_at WHERE excluded.due_at<queue.due_at";
    private static final String SET = "UPDATE queue SET due_at=? WHERE phase=? AND name=?";
    private static final String FORGET = "DELETE FROM queue WHERE phase=? AND name=?";
    private static final String EARLIEST =
            "SELECT min(ready_at) FROM waiting WHERE phase=? AND queue=? AND priority=?";
    private static final String LATER = "SELECT id, ready_at FROM waiting INDEXED BY waiting_due"
            + " WHERE phase=? AND queue=? AND priority=? AND ready_at>? ORDER BY ready_at, id LIMIT ?";
    private static final String HURRY = "UPDATE waiting SET ready_at=? WHERE id=?";

    private final Map<QueueKey, Long> earliest = new HashMap<>(); // of this commit
    /** Due times that are in the table at most this late: most waiting tasks need no write to their queue. */
    private final Map<QueueKey, Long> known = new HashMap<>();

    static int phase(Stage stage) {
        return switch (stage) {
            case FETCH -> Phase.FETCH_WAITING.code();
            case DELIVER -> Phase.DELIVER_WAITING.code();
        };
    }

    void waits(Stage stage, String queue, long readyAt) {
        earliest.merge(new QueueKey(stage, queue), readyAt, Math::min);
    }

    void flush(Statements statements) throws SQLException {
        if (earliest.isEmpty()) {
            return;
        }
        PreparedStatement lower = statements.get(LOWER);
        for (Map.Entry<QueueKey, Long> queue : earliest.entrySet()) {
            Long there = known.get(queue.getKey());
            if (there != null && there <= queue.getValue()) {
                continue;
            }
            lower.setInt(1, phase(queue.getKey().stage()));
            lower.setString(2, queue.getKey().name());
            lower.setLong(3, queue.getValue());
            lower.executeUpdate();
            know(queue.getKey(), queue.getValue());
        }
        earliest.clear();
    }

    void rollBack() {
        earliest.clear();
        known.clear();
    }

    /** Sets the queue's due time to that of its earliest waiting task, or forgets it. */
    void settle(Statements statements, QueueKey queue) throws SQLException {
        earliest.remove(queue); // what this commit put there is in the table of waiting tasks already
        int phase = phase(queue.stage());
        long first = Long.MAX_VALUE;
        boolean any = false;
        PreparedStatement find = statements.get(EARLIEST);
        find.setInt(1, phase);
        find.setString(2, queue.name());
        for (int priority = 0; priority <= PRIORITY_MAX; priority++) {
            find.setInt(3, priority);
            try (ResultSet row = find.executeQuery()) {
                long readyAt = row.getLong(1);
                if (!row.wasNull()) {
                    first = Math.min(first, readyAt);
                    any = true;
                }
            }
        }
        if (any) {
            PreparedStatement set = statements.get(SET);
            set.setLong(1, first);
            set.setInt(2, phase);
            set.setString(3, queue.name());
            if (set.executeUpdate() == 0) {
                known.remove(queue);
                waits(queue.stage(), queue.name(), first);
            } else {
                know(queue, first);
            }
        } else {
            PreparedStatement forget = statements.get(FORGET);
            forget.setInt(1, phase);
            forget.setString(2, queue.name());
            forget.executeUpdate();
            known.remove(queue);
        }
    }

    /** Makes at most {@code limit} tasks of the queue due, earliest first. */
    void hurry(Statements statements, QueueKey queue, long now, int limit) throws SQLException {
        List<Later> later = new ArrayList<>();
        PreparedStatement find = statements.get(LATER);
        find.setInt(1, phase(queue.stage()));
        find.setString(2, queue.name());
        find.setLong(4, now);
        find.setInt(5, limit);
        for (int priority = 0; priority <= PRIORITY_MAX; priority++) {
            find.setInt(3, priority);
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
            waits(queue.stage(), queue.name(), now);
        }
    }

    private void know(QueueKey queue, long dueAt) {
        if (known.size() >= KNOWN_MAX) {
            known.clear();
        }
        known.put(queue, dueAt);
    }

    private record Later(byte[] id, long readyAt) {}
}
