package dev.fetchback.store.sqlite;

import dev.fetchback.store.BatchRecord;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Counts the tasks of batches; each batch that a commit touches is written once. */
final class BatchRows {
    private static final String COLUMNS = "id, owner, accepted, succeeded, failed, dead, cancelled, expired";
    private static final String ALL = "SELECT " + COLUMNS + " FROM batch";
    private static final String FIND = ALL + " WHERE id=?";
    private static final String PUT = "INSERT OR REPLACE INTO batch(" + COLUMNS + ") VALUES(?,?,?,?,?,?,?,?)";
    private static final String ADD = "UPDATE batch SET accepted=accepted+?, succeeded=succeeded+?, failed=failed+?, dead=dead+?,"
            + " cancelled=cancelled+?, expired=expired+? WHERE id=?";

    private final Map<BatchId, long[]> changes = new HashMap<>();

    static Optional<BatchRecord> find(Statements statements, BatchId id) throws SQLException {
        PreparedStatement find = statements.get(FIND);
        find.setBytes(1, Statements.id(id.high(), id.low()));
        try (ResultSet row = find.executeQuery()) {
            return row.next() ? Optional.of(read(row)) : Optional.empty();
        }
    }

    static void each(Statements statements, Consumer<BatchRecord> to) throws SQLException {
        try (ResultSet row = statements.get(ALL).executeQuery()) {
            while (row.next()) {
                to.accept(read(row));
            }
        }
    }

    private static BatchRecord read(ResultSet row) throws SQLException {
        int at = 1;
        BatchId id = Statements.batchId(row.getBytes(at++));
        String owner = row.getString(at++);
        long accepted = row.getLong(at++);
        Map<Phase, Long> finished = new EnumMap<>(Phase.class);
        for (Phase phase : BatchRecord.COUNTED) {
            finished.put(phase, row.getLong(at++));
        }
        return new BatchRecord(id, owner, accepted, Map.copyOf(finished));
    }

    /** In place of what was counted so far. */
    static void put(Statements statements, BatchRecord batch) throws SQLException {
        PreparedStatement put = statements.get(PUT);
        int at = 1;
        put.setBytes(at++, Statements.id(batch.id().high(), batch.id().low()));
        put.setString(at++, batch.owner());
        put.setLong(at++, batch.accepted());
        for (Phase phase : BatchRecord.COUNTED) {
            put.setLong(at++, batch.finished().getOrDefault(phase, 0L));
        }
        put.executeUpdate();
    }

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
        of(id)[1 + BatchRecord.COUNTED.indexOf(phase)] += by;
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
        return changes.computeIfAbsent(id, fresh -> new long[1 + BatchRecord.COUNTED.size()]);
    }
}
