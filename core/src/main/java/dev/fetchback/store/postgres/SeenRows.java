package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Task;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Pages as they were the last time, for the tasks that want them only when they changed; all others cost nothing here. */
final class SeenRows {
    static final String COLUMNS = "status, url, etag, modified, bytes, sha256, at";
    static final String FIND = "SELECT " + COLUMNS + " FROM seen WHERE page=?";
    private static final String PUT = "INSERT INTO seen(page, " + COLUMNS + ") VALUES(?,?,?,?,?,?,?,?)"
            + " ON CONFLICT (page) DO UPDATE SET status=excluded.status, url=excluded.url, etag=excluded.etag,"
            + " modified=excluded.modified, bytes=excluded.bytes, sha256=excluded.sha256, at=excluded.at";

    private final Connection connection;

    SeenRows(Connection connection) {
        this.connection = connection;
    }

    static @Nullable Seen find(Connection connection, String page, boolean lock) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(lock ? FIND + " FOR UPDATE" : FIND)) {
            find.setString(1, page);
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? read(row, 1) : null;
            }
        }
    }

    static Seen read(ResultSet row, int at) throws SQLException {
        return new Seen(row.getInt(at++), row.getString(at++), row.getString(at++), row.getString(at++), row.getLong(at++), row.getString(at++),
                row.getLong(at));
    }

    /** Remembers what the ends of tasks say of their pages, page by page in the order of their keys. */
    void moved(List<Change.Move> moves) throws SQLException {
        SortedMap<String, List<Task>> ended = new TreeMap<>();
        for (Change.Move move : moves) {
            String page = move.after().plan().pageKey();
            if (page != null && move.after().phase().terminal()) {
                ended.computeIfAbsent(page, key -> new java.util.ArrayList<>()).add(move.after());
            }
        }
        for (var of : ended.entrySet()) {
            Seen last = find(connection, of.getKey(), true);
            Seen seen = last;
            for (Task task : of.getValue()) {
                seen = Seen.after(seen, task);
            }
            if (seen != null && !seen.equals(last)) {
                put(of.getKey(), seen);
            }
        }
    }

    void put(String page, Seen seen) throws SQLException {
        try (PreparedStatement put = connection.prepareStatement(PUT)) {
            int at = 1;
            put.setString(at++, page);
            put.setInt(at++, seen.status());
            put.setString(at++, Transaction.text(seen.url()));
            put.setString(at++, seen.etag());
            put.setString(at++, seen.lastModified());
            put.setLong(at++, seen.bytes());
            put.setString(at++, seen.sha256());
            put.setLong(at, seen.at());
            put.executeUpdate();
        }
    }
}
