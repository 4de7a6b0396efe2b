package dev.fetchback.store.sqlite;

import dev.fetchback.store.Aside;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.task.Seen;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.function.Consumer;

/** What is moved from one store to another beside tasks. */
final class AsideRows {
    private static final String KEYS = "SELECT owner, key, fingerprint, created, task FROM idempotency";
    private static final String PAGES = "SELECT page, " + SeenRows.COLUMNS + " FROM seen";
    private static final String PUT_KEY = "INSERT OR REPLACE INTO idempotency(owner, key, fingerprint, created, task) VALUES(?,?,?,?,?)";
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
                to.accept(new Aside.Page(row.getString(1), SeenRows.read(row, 2)));
            }
        }
        BatchRows.each(statements, batch -> to.accept(new Aside.Batch(batch)));
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
            case Aside.Batch(BatchRecord batch) -> BatchRows.put(statements, batch);
            case Aside.Import(long mark) -> {
                PreparedStatement put = statements.get(IMPORT);
                put.setLong(1, mark);
                put.executeUpdate();
            }
        }
    }
}
