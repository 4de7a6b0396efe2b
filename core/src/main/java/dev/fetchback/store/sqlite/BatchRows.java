package dev.fetchback.store.sqlite;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts the tasks of batches; each batch that a commit touches is written once. */
final class BatchRows {
    private static final Phase[] COUNTED = {Phase.SUCCEEDED, Phase.FAILED, Phase.DEAD, Phase.CANCELLED, Phase.EXPIRED};
    private static final String ADD = "UPDATE batch SET accepted=accepted+?, succeeded=succeeded+?, failed=failed+?, dead=dead+?,"
            + " cancelled=cancelled+?, expired=expired+? WHERE id=?";

    private final Map<BatchId, long[]> changes = new HashMap<>();

    void add(Statements statements, BatchId id, @Nullable String owner) throws SQLException {
        PreparedStatement insert =
                statements.get("INSERT INTO batch VALUES(?,?,0,0,0,0,0,0) ON CONFLICT DO NOTHING");
        insert.setBytes(1, Statements.id(id.high(), id.low()));
        insert.setString(2, owner);
        insert.executeUpdate();
    }

    void accepted(BatchId id) {
        of(id)[0]++;
    }

    /** Notes that a task of the batch went into a terminal phase, or out of one. */
    void finished(BatchId id, Phase phase, int by) {
        of(id)[1 + Arrays.asList(COUNTED).indexOf(phase)] += by;
    }

    void flush(Statements statements) throws SQLException {
        if (changes.isEmpty()) {
            return;
        }
        PreparedStatement update = statements.get(ADD);
        for (Map.Entry<BatchId, long[]> change : changes.entrySet()) {
            int at = 1;
            for (long by : change.getValue()) {
                update.setLong(at++, by);
            }
            update.setBytes(at, Statements.id(change.getKey().high(), change.getKey().low()));
            update.executeUpdate();
        }
        changes.clear();
    }

    void rollBack() {
        changes.clear();
    }

    private long[] of(BatchId id) {
        return changes.computeIfAbsent(id, fresh -> new long[1 + COUNTED.length]);
    }
}
