package dev.fetchback.store.postgres;

import dev.fetchback.store.Aside;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.task.Seen;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import java.util.function.Consumer;

/** What is moved from one store to another beside tasks. */
final class AsideRows {
    private static final int FETCHED = 1_000; // rows on their way at once
    private static final String KEYS = "SELECT owner, key, fingerprint, created, task FROM idempotency";
    private static final String PAGES = "SELECT page, " + SeenRows.COLUMNS + " FROM seen";
    private static final String PUT_KEY = "INSERT INTO idempotency(owner, key, fingerprint, created, task) VALUES(?,?,?,?,?)"
            + " ON CONFLICT (owner, key) DO UPDATE SET fingerprint=excluded.fingerprint, created=excluded.created, task=excluded.task";
    private static final String IMPORTING = "SELECT value FROM secret WHERE name='import'";
    private static final String IMPORT = "INSERT INTO secret(name, value) VALUES('import', ?) ON CONFLICT (name) DO UPDATE"
            + " SET value=excluded.value";

    private AsideRows() {}

    static void read(Connection connection, Consumer<Aside> to) throws SQLException {
        connection.setAutoCommit(false); // only then are rows fetched a few at a time
        try {
            each(connection, KEYS, row -> {
                int at = 1;
                IdempotencyKey key = new IdempotencyKey(text(row.getBytes(at++)), text(row.getBytes(at++)), row.getBytes(at++), row.getLong(at++));
                to.accept(new Aside.Key(key, Columns.taskId(row.getObject(at, UUID.class))));
            });
            each(connection, PAGES, row -> to.accept(new Aside.Page(row.getString(1), SeenRows.read(row, 2))));
            BatchRows.each(connection, batch -> to.accept(new Aside.Batch(batch)));
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private interface Row {
        void read(ResultSet row) throws SQLException;
    }

    private static void each(Connection connection, String sql, Row row) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(sql)) {
            find.setFetchSize(FETCHED);
            try (ResultSet rows = find.executeQuery()) {
                while (rows.next()) {
                    row.read(rows);
                }
            }
        }
    }

    static long importing(Connection connection) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(IMPORTING); ResultSet row = find.executeQuery()) {
            return row.next() ? ByteBuffer.wrap(row.getBytes(1)).getLong() : 0;
        }
    }

    static void restore(Connection connection, Aside aside) throws SQLException {
        switch (aside) {
            case Aside.Key(IdempotencyKey key, var task) -> {
                try (PreparedStatement put = connection.prepareStatement(PUT_KEY)) {
                    put.setBytes(1, bytes(key.owner()));
                    put.setBytes(2, bytes(key.key()));
                    put.setBytes(3, key.fingerprint());
                    put.setLong(4, key.now());
                    put.setObject(5, Columns.id(task));
                    put.executeUpdate();
                }
            }
            case Aside.Page(String key, Seen seen) -> new SeenRows(connection).put(key, seen);
            case Aside.Batch(BatchRecord batch) -> BatchRows.put(connection, batch);
            case Aside.Import(long mark) -> {
                try (PreparedStatement put = connection.prepareStatement(IMPORT)) {
                    put.setBytes(1, ByteBuffer.allocate(Long.BYTES).putLong(mark).array());
                    put.executeUpdate();
                }
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
