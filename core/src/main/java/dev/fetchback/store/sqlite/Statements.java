package dev.fetchback.store.sqlite;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.TaskId;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The prepared statements of one connection, by their text; the least used are closed. For one thread at a time. */
final class Statements implements AutoCloseable {
    private static final int KEPT_MAX = 256; // about 50 fixed ones, and 7 for each segment in use
    private static final int ID_BYTES = 16;
    private static final float LOAD = 0.75f;

    private final Connection connection;
    private final Map<String, PreparedStatement> prepared = new LinkedHashMap<>(KEPT_MAX, LOAD, true);

    Statements(Connection connection) {
        this.connection = connection;
    }

    Connection connection() {
        return connection;
    }

    PreparedStatement get(String sql) throws SQLException {
        PreparedStatement statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
            if (prepared.size() > KEPT_MAX) {
                var eldest = prepared.entrySet().iterator();
                eldest.next().getValue().close();
                eldest.remove();
            }
        }
        return statement;
    }

    /** Closes them all: the driver gives up a statement that failed, so after a fault they are prepared anew. */
    void forget() {
        for (PreparedStatement statement : prepared.values()) {
            try {
                statement.close();
            } catch (SQLException e) {
                // It reports its own earlier failure again, which the caller has seen.
            }
        }
        prepared.clear();
    }

    @Override
    public void close() throws SQLException {
        forget();
        connection.close();
    }

    /** The stored form of an id; sorts as the id does. */
    static byte[] id(long high, long low) {
        return ByteBuffer.allocate(ID_BYTES).putLong(high).putLong(low).array();
    }

    static byte[] id(TaskId id) {
        return id(id.high(), id.low());
    }

    static byte @Nullable [] id(@Nullable BatchId id) {
        return id == null ? null : id(id.high(), id.low());
    }

    static BatchId batchId(byte[] id) {
        ByteBuffer bytes = ByteBuffer.wrap(id);
        return new BatchId(bytes.getLong(), bytes.getLong());
    }

    static TaskId taskId(byte[] id) {
        ByteBuffer bits = ByteBuffer.wrap(id);
        return new TaskId(bits.getLong(), bits.getLong());
    }
}
