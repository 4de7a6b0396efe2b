package dev.fetchback.store.sqlite;

import dev.fetchback.store.Retention;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Task;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Pages as they were the last time, for the tasks that want them only when they changed; all others cost nothing here. */
final class SeenRows {
    static final String COLUMNS = "status, url, etag, modified, bytes, sha256, at";
    private static final String FIND = "SELECT " + COLUMNS + " FROM seen WHERE page=?";
    // An upsert, not a replace: the table's triggers count what comes and goes.
    private static final String PUT = "INSERT INTO seen(page, " + COLUMNS + ")"
            + " VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(page) DO UPDATE SET status=excluded.status, url=excluded.url, etag=excluded.etag,"
            + " modified=excluded.modified, bytes=excluded.bytes, sha256=excluded.sha256, at=excluded.at";
    private static final String COUNT = "SELECT value FROM meta WHERE name='seen'";
    private static final String FORGET = "DELETE FROM seen WHERE page IN (SELECT page FROM seen WHERE at<=? ORDER BY at LIMIT ?)";

    private final Retention retention;

    SeenRows(Retention retention) {
        this.retention = retention;
    }

    static @Nullable Seen find(Statements statements, String page) throws SQLException {
        PreparedStatement find = statements.get(FIND);
        find.setString(1, page);
        try (ResultSet row = find.executeQuery()) {
            return row.next() ? read(row, 1) : null;
        }
    }

    static Seen read(ResultSet row, int at) throws SQLException {
        return new Seen(row.getInt(at++), row.getString(at++), row.getString(at++), row.getString(at++), row.getLong(at++), row.getString(at++),
                row.getLong(at));
    }

    /** Remembers what the task's end says of its page. */
    void moved(Statements statements, Task after) throws SQLException {
        String page = after.plan().pageKey();
        if (page == null || !after.phase().terminal()) {
            return;
        }
        Seen last = find(statements, page);
        Seen seen = Seen.after(last, after);
        if (seen == null || seen.equals(last)) {
            return;
        }
        put(statements, page, seen);
    }

    void put(Statements statements, String page, Seen seen) throws SQLException {
        PreparedStatement put = statements.get(PUT);
        int at = 1;
        put.setString(at++, page);
        put.setInt(at++, seen.status());
        put.setString(at++, seen.url());
        put.setString(at++, seen.etag());
        put.setString(at++, seen.lastModified());
        put.setLong(at++, seen.bytes());
        put.setString(at++, seen.sha256());
        put.setLong(at, seen.at());
        put.executeUpdate();
    }

    /** Forgets what is old and what is too much, the oldest first, at most {@code limit} pages; returns whether there is more. */
    boolean forget(Statements statements, long now, int limit) throws SQLException {
        int old = forget(statements, limit, now - retention.seen().toMillis());
        long over = count(statements) - retention.seenMax();
        return old + forget(statements, Math.clamp(over, 0, limit - old), Long.MAX_VALUE) == limit;
    }

    private static int forget(Statements statements, int limit, long until) throws SQLException {
        PreparedStatement forget = statements.get(FORGET);
        forget.setLong(1, until);
        forget.setInt(2, limit);
        return forget.executeUpdate();
    }

    private static long count(Statements statements) throws SQLException {
        try (ResultSet row = statements.get(COUNT).executeQuery()) {
            return row.getLong(1);
        }
    }
}
