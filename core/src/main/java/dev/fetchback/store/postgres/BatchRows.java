package dev.fetchback.store.postgres;

import dev.fetchback.store.BatchRecord;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Batches. Their counters are rows that are added up: see {@link Tally}. */
final class BatchRows {
    private static final int FETCHED = 1_000; // rows on their way at once
    private static final String ADD = "INSERT INTO batch(id, owner) VALUES(?,?) ON CONFLICT DO NOTHING";
    private static final String ALL = "SELECT b.id, b.owner, coalesce(sum(accepted), 0), coalesce(sum(succeeded), 0),"
            + " coalesce(sum(failed), 0), coalesce(sum(dead), 0), coalesce(sum(cancelled), 0), coalesce(sum(expired), 0)"
            + " FROM batch b LEFT JOIN batch_tally t ON t.batch=b.id ";
    private static final String GROUPED = "GROUP BY b.id";
    private static final String FIND = ALL + "WHERE b.id=? " + GROUPED;
    private static final String UNCOUNT = "DELETE FROM batch_tally WHERE batch=?";
    private static final String COUNT = "INSERT INTO batch_tally(batch, " + Tally.BATCH_COLUMNS + ") VALUES(?,?,?,?,?,?,?)";

    private BatchRows() {}

    static void add(Connection connection, BatchId id, @Nullable String owner) throws SQLException {
        try (PreparedStatement add = connection.prepareStatement(ADD)) {
            add.setObject(1, Columns.id(id));
            add.setString(2, Transaction.text(owner));
            add.executeUpdate();
        }
    }

    static Optional<BatchRecord> find(Connection connection, BatchId id) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(FIND)) {
            find.setObject(1, Columns.id(id));
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? Optional.of(read(row)) : Optional.empty();
            }
        }
    }

    /** In a transaction, as only then do rows come a few at a time. */
    static void each(Connection connection, Consumer<BatchRecord> to) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(ALL + GROUPED)) {
            find.setFetchSize(FETCHED);
            try (ResultSet row = find.executeQuery()) {
                while (row.next()) {
                    to.accept(read(row));
                }
            }
        }
    }

    private static BatchRecord read(ResultSet row) throws SQLException {
        int at = 1;
        UUID id = row.getObject(at++, UUID.class);
        String owner = row.getString(at++);
        long accepted = row.getLong(at++);
        Map<Phase, Long> finished = new EnumMap<>(Phase.class);
        for (Phase phase : BatchRecord.COUNTED) {
            finished.put(phase, row.getLong(at++));
        }
        return new BatchRecord(new BatchId(id.getMostSignificantBits(), id.getLeastSignificantBits()), owner, accepted, Map.copyOf(finished));
    }

    /** In place of what was counted so far. */
    static void put(Connection connection, BatchRecord batch) throws SQLException {
        add(connection, batch.id(), batch.owner());
        UUID id = Columns.id(batch.id());
        try (PreparedStatement uncount = connection.prepareStatement(UNCOUNT);
                PreparedStatement count = connection.prepareStatement(COUNT)) {
            uncount.setObject(1, id);
            uncount.executeUpdate();
            int at = 1;
            count.setObject(at++, id);
            count.setLong(at++, batch.accepted());
            for (Phase phase : BatchRecord.COUNTED) {
                count.setLong(at++, batch.finished().getOrDefault(phase, 0L));
            }
            count.executeUpdate();
        }
    }
}
