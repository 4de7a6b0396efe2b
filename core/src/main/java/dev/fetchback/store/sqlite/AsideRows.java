package dev.fetchback.store.sqlite;

import dev.fetchback.store.Aside;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Seen;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/** What is moved from one store to another beside tasks. */
final class AsideRows {
    private static final Phase[] COUNTED = {Phase.SUCCEEDED, Phase.FAILED, Phase.DEAD, Phase.CANCELLED, Phase.EXPIRED};
    private static final String KEYS = "SELECT owner, key, fingerprint, created, task FROM idempotency";
    private static final String PAGES = "SELECT page, status, url, etag, modified, bytes, sha256, at FROM seen";
    private static final String BATCHES = "SELECT id, owner, accepted, succeeded, failed, dead, cancelled, expired FROM batch";
    private static final String PUT_KEY = "INSERT OR REPLACE INTO idempotency(owner, key, fingerprint, created, task) VALUES(?,?,?,?,?)";
    private static final String PUT_BATCH = "INSERT OR REPLACE INTO batch(id, owner, accepted, succeeded, failed, dead, cancelled, expired)"
            + " VALUES(?,?,?,?,?,?,?,?)";
    private static final String IMPORTING = "SELECT value FROM meta WHERE name='import'";
    private static final String IMPORT = "INSERT OR REPLACE INTO meta(name, value) VALUES('import', ?)";

    private AsideRows() {}

    static void read(Statements statements, Consumer<Aside> to) throws SQLException {
        try (ResultSet row = statements.get(KEYS).executeQuery()) {
            while (row.next()) {
                int at = 1;
                IdempotencyKey key = new IdempotencyKey(row.getString(at++), row.getString(at++), row.getBytes(at++), row.getLong(at++));
                to.accept(new Aside.Key(key, Statements.taskId(row.getBytes(at))));
            }
        }
        try (ResultSet row = statements.get(PAGES).executeQuery()) {
            while (row.next()) {
                int at = 1;
                to.accept(new Aside.Page(row.getString(at++), new Seen(row.getInt(at++), row.getString(at++), row.getString(at++),
                        row.getString(at++), row.getLong(at++), row.getString(at++), row.getLong(at))));
            }
        }
        try (ResultSet row = statements.get(BATCHES).executeQuery()) {
            while (row.next()) {
                int at = 1;
                byte[] id = row.getBytes(at++);
                String owner = row.getString(at++);
                long accepted = row.getLong(at++);
                Map<Phase, Long> finished = new EnumMap<>(Phase.class);
                for (Phase phase : COUNTED) {
                    finished.put(phase, row.getLong(at++));
                }
                to.accept(new Aside.Batch(new BatchRecord(Statements.batchId(id), owner, accepted, Map.copyOf(finished))));
            }
        }
    }

    static long importing(Statements statements) throws SQLException {
        try (ResultSet row = statements.get(IMPORTING).executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    static void restore(Statements statements, SeenRows seen, Aside aside) throws SQLException {
        switch (aside) {
            case Aside.Key(IdempotencyKey key, var task) -> {
                PreparedStatement put = statements.get(PUT_KEY);
                put.setString(1, key.owner());
                put.setString(2, key.key());
                put.setBytes(3, key.fingerprint());
                put.setLong(4, key.now());
                put.setBytes(5, Statements.id(task));
                put.executeUpdate();
            }
            case Aside.Page(String key, Seen page) -> seen.put(statements, key, page);
            case Aside.Batch(BatchRecord batch) -> {
                PreparedStatement put = statements.get(PUT_BATCH);
                BatchId id = batch.id();
                int at = 1;
                put.setBytes(at++, Statements.id(id.high(), id.low()));
                put.setString(at++, batch.owner());
                put.setLong(at++, batch.accepted());
                for (Phase phase : COUNTED) {
                    put.setLong(at++, batch.finished().getOrDefault(phase, 0L));
                }
                put.executeUpdate();
            }
            case Aside.Import(long mark) -> {
                PreparedStatement put = statements.get(IMPORT);
                put.setLong(1, mark);
                put.executeUpdate();
            }
        }
    }
}
