package dev.fetchback.store.postgres;

import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Store.Attempt;
import dev.fetchback.store.Store.News;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What other nodes have stored that this one must know. A row of a receiver has the number of the transaction that wrote it: whatever
 * is below the lowest number that was under way at a look has been seen by then, so nothing that commits late is missed.
 */
final class Heard {
    /** The columns of a receiver, for {@link #receiver}. */
    private static final String RECEIVER = "id, endpoint, status, reason, failures, until, updated_at, orders";

    private static final int CHANGED = 9; // the number of the column that follows them
    private static final int AT_ONCE = 1_000;
    private static final long ALL = 0;

    /** Most looks find nothing, and are over with this. */
    private static final String LOOK = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text,"
            + " EXISTS(SELECT 1 FROM receiver WHERE changed>=?::text::xid8 AND epoch<>?), EXISTS(SELECT 1 FROM recall WHERE epoch=?)";
    private static final String RECEIVERS = "SELECT " + RECEIVER + " FROM receiver ORDER BY id";
    private static final String CHANGES = "SELECT " + RECEIVER + ", changed::text FROM receiver"
            + " WHERE (changed, id) > (?::text::xid8, ?) AND epoch<>? ORDER BY changed, id LIMIT " + AT_ONCE;
    private static final String RECALLED = "SELECT id, attempt FROM recall WHERE epoch=? LIMIT " + AT_ONCE;
    private static final String FORGET = "DELETE FROM recall WHERE epoch=? AND (id, attempt) IN (SELECT * FROM "
            + Columns.unnest("m", "id, attempt", Columns.Type.ID, Columns.Type.INT) + ")";

    private final Connections connections;
    private final Membership membership;
    private Place from = new Place(ALL, ""); // of the one thread that asks, as is the next
    private long next = ALL;

    /** The place after a row in the order of {@code receiver_changed}. */
    private record Place(long changed, String id) {}

    Heard(Connections connections, Membership membership) {
        this.connections = connections;
        this.membership = membership;
    }

    News news() {
        try {
            return connections.read("What other nodes have stored could not be read", this::look);
        } catch (RuntimeException e) {
            next = ALL; // another server may answer the next time, whose numbers are not those of this one
            from = new Place(ALL, "");
            throw e;
        }
    }

    /** All that are remembered. */
    static List<ReceiverRecord> receivers(Connection connection) throws SQLException {
        List<ReceiverRecord> receivers = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(RECEIVERS);
                ResultSet row = find.executeQuery()) {
            while (row.next()) {
                receivers.add(receiver(row));
            }
        }
        return receivers;
    }

    private News look(Connection connection) throws SQLException {
        int epoch = membership.epoch();
        boolean receivers;
        boolean recalls;
        try (PreparedStatement look = connection.prepareStatement(LOOK)) {
            look.setString(1, Long.toUnsignedString(from.changed));
            look.setInt(2, epoch);
            look.setInt(3, epoch);
            try (ResultSet row = look.executeQuery()) {
                row.next();
                long lowest = Long.parseUnsignedLong(row.getString(1));
                next = from.id.isEmpty() ? lowest : next; // a look in parts ends where its first one began
                receivers = row.getBoolean(2);
                recalls = row.getBoolean(3);
            }
        }
        return new News(receivers ? changes(connection, epoch) : nothing(), recalls ? recalled(connection, epoch) : List.of());
    }

    private List<ReceiverRecord> nothing() {
        from = new Place(next, "");
        return List.of();
    }

    private List<ReceiverRecord> changes(Connection connection, int epoch) throws SQLException {
        List<ReceiverRecord> changed = new ArrayList<>();
        try (PreparedStatement find = connection.prepareStatement(CHANGES)) {
            find.setString(1, Long.toUnsignedString(from.changed));
            find.setString(2, from.id);
            find.setInt(3, epoch);
            try (ResultSet row = find.executeQuery()) {
                Place last = from;
                while (row.next()) {
                    changed.add(receiver(row));
                    last = new Place(Long.parseUnsignedLong(row.getString(CHANGED)), row.getString(1));
                }
                from = changed.size() < AT_ONCE ? new Place(next, "") : last;
            }
        }
        return changed;
    }

    private List<Attempt> recalled(Connection connection, int epoch) throws SQLException {
        List<Attempt> all = new ArrayList<>();
        Columns rows = new Columns(Columns.Type.ID, Columns.Type.INT);
        try (PreparedStatement find = connection.prepareStatement(RECALLED)) {
            find.setInt(1, epoch);
            try (ResultSet row = find.executeQuery()) {
                while (row.next()) {
                    UUID id = row.getObject(1, UUID.class);
                    all.add(new Attempt(Columns.taskId(id), row.getInt(2)));
                    rows.add(id, row.getInt(2));
                }
            }
        }
        try (PreparedStatement forget = connection.prepareStatement(FORGET)) {
            forget.setInt(1, epoch);
            rows.bind(forget, 2);
            forget.executeUpdate();
        }
        return all;
    }

    /** A row of {@link #RECEIVER}. */
    private static ReceiverRecord receiver(ResultSet row) throws SQLException {
        int at = 1;
        return new ReceiverRecord(row.getString(at++), row.getString(at++), ReceiverRecord.Status.valueOf(row.getString(at++)),
                row.getString(at++), row.getInt(at++), row.getLong(at++), row.getLong(at++), row.getInt(at));
    }
}
