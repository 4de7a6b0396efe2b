package dev.fetchback.store.postgres;

import dev.fetchback.store.Change.SaveReceiver;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a commit says of receivers. An order of an operator always applies; what a node has learned does not undo a pause, or that a
 * receiver is gone, which it may not have heard of yet.
 */
final class SavedReceivers {
    private static final String VALUES = "INSERT INTO receiver AS r(id, endpoint, status, reason, failures, until, updated_at, orders,"
            + " epoch, changed) VALUES(?,?,?,?,?,?,?,?,?,pg_current_xact_id()) ON CONFLICT (id) DO UPDATE SET endpoint=excluded.endpoint,"
            + " status=excluded.status, reason=excluded.reason, failures=excluded.failures, until=excluded.until,"
            + " updated_at=excluded.updated_at, epoch=excluded.epoch, changed=excluded.changed";
    private static final String ORDER = VALUES + ", orders=greatest(r.orders+1, excluded.orders)";
    private static final String LEARNED = VALUES + " WHERE r.status NOT IN ('GONE', 'PAUSED') OR excluded.status='GONE'";

    private final List<Saved> all = new ArrayList<>();

    private record Saved(SaveReceiver save, int at) {}

    void add(SaveReceiver save, int at) {
        all.add(new Saved(save, at));
    }

    /** After all that others lock for longer, and in one order: so nodes do not wait crosswise. */
    void flush(Connection connection, int epoch, Result[] results) throws SQLException {
        all.sort(Comparator.comparing(saved -> saved.save.receiver().id())); // stable: the newest of a receiver goes last
        for (Saved saved : all) {
            results[saved.at] = save(connection, epoch, saved.save) ? Result.Applied.APPLIED : Result.Stale.STALE;
        }
        all.clear();
    }

    private static boolean save(Connection connection, int epoch, SaveReceiver change) throws SQLException {
        ReceiverRecord receiver = change.receiver();
        try (PreparedStatement save = connection.prepareStatement(change.order() ? ORDER : LEARNED)) {
            int at = 1;
            save.setString(at++, receiver.id());
            save.setString(at++, Transaction.text(receiver.endpoint()));
            save.setString(at++, receiver.status().name());
            save.setString(at++, Transaction.text(receiver.reason()));
            save.setInt(at++, receiver.failures());
            save.setLong(at++, receiver.until());
            save.setLong(at++, receiver.updatedAt());
            save.setInt(at++, receiver.orders());
            save.setInt(at, epoch);
            return save.executeUpdate() > 0;
        }
    }
}
