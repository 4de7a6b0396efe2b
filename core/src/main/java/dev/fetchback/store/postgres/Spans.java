package dev.fetchback.store.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Which table takes finished tasks, or pieces of bodies, at a time. The next one is made ahead, so that all nodes know of it when its
 * time comes; each is dropped whole.
 */
final class Spans {
    /** The span of bodies that outlive their own; only it loses row by row. */
    static final int LASTING = 0;

    private static final String LIST = "SELECT n, first FROM span WHERE kind=? ORDER BY first, n";
    private static final String ADD = "INSERT INTO span(kind, n, first) VALUES(?,?,?)";

    private volatile Map<Kind, List<Span>> known = Map.of();

    /** What is divided. */
    enum Kind {
        /** Finished tasks. */
        DONE(1, "done"),
        /** Pieces of bodies. */
        BODY(2, "body");

        private final int code;
        private final String table;

        Kind(int code, String table) {
            this.code = code;
            this.table = table;
        }

        int code() {
            return code;
        }

        String table(int n) {
            return table + "_" + n;
        }

        /** Made apart and attached then, which holds up nobody. */
        List<String> create(int n) {
            return List.of(
                    "CREATE TABLE " + table(n) + "(LIKE " + table + " INCLUDING INDEXES INCLUDING STORAGE)",
                    "ALTER TABLE " + table + " ATTACH PARTITION " + table(n) + " FOR VALUES IN (" + n + ")");
        }
    }

    /** @param first the time from which on it takes rows, until the next one does */
    record Span(int n, long first) {}

    /** Those but {@link #LASTING}, by time, as last read. */
    List<Span> all(Kind kind) {
        return known.getOrDefault(kind, List.of());
    }

    /** Where new rows of this kind go. */
    int at(Kind kind, long now) {
        int n = LASTING;
        for (Span span : all(kind)) {
            if (span.first() <= now || n == LASTING) { // a clock that was set back: the oldest
                n = span.n();
            }
        }
        return n;
    }

    void read(Connection connection) throws SQLException {
        Map<Kind, List<Span>> read = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            List<Span> spans = new ArrayList<>();
            try (PreparedStatement list = connection.prepareStatement(LIST)) {
                list.setInt(1, kind.code);
                try (ResultSet rows = list.executeQuery()) {
                    while (rows.next()) {
                        spans.add(new Span(rows.getInt(1), rows.getLong(2)));
                    }
                }
            }
            read.put(kind, List.copyOf(spans));
        }
        known = Map.copyOf(read);
    }

    /** Makes the next span when the newest one's time has come; the caller commits and reads again. */
    static boolean ahead(Connection connection, Kind kind, List<Span> spans, long now, long width) throws SQLException {
        long newest = spans.isEmpty() ? Long.MIN_VALUE : spans.getLast().first();
        if (newest > now) {
            return false;
        }
        add(connection, kind, spans.isEmpty() ? 0 : now + width);
        return true;
    }

    private static void add(Connection connection, Kind kind, long first) throws SQLException {
        int n;
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT nextval('span_n')")) {
                row.next();
                n = row.getInt(1);
            }
            for (String sql : kind.create(n)) {
                statement.execute(sql);
            }
        }
        try (PreparedStatement add = connection.prepareStatement(ADD)) {
            add.setInt(1, kind.code);
            add.setInt(2, n);
            add.setLong(3, first);
            add.executeUpdate();
        }
    }

    /** Drops a span with all that is in it. */
    static void drop(Connection connection, Kind kind, Span span) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE " + kind.table(span.n()));
            statement.execute("DELETE FROM span WHERE kind=" + kind.code + " AND n=" + span.n());
        }
    }
}
