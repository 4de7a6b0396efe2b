package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Whether a commit was done that nobody answered, by what it left. What the server says of its number is not enough: what was not
 * written out before a crash, or not sent to the standby that is the primary now, is forgotten together with its number, which the
 * next transaction gets then.
 */
final class Aftermath {
    /** Most commits are told by their first change; what others have moved on since tells nothing. */
    private static final int LOOKS_MAX = 200;

    private static final String STANDS = stands();
    private static final String BATCH = "SELECT EXISTS(SELECT 1 FROM batch WHERE id=?)";
    private static final String RECEIVER = "SELECT changed::text FROM receiver WHERE id=?";

    private final Connection connection;
    private final String xid;

    /** How a task stands. */
    private record Stand(int phase, int attempt, int epoch) {
        static Stand of(Task task) {
            return new Stand(task.phase().code(), task.fence().attempt(), task.fence().epoch());
        }
    }

    /** @param xid the number that the server says was committed */
    Aftermath(Connection connection, String xid) {
        this.connection = connection;
        this.xid = xid;
    }

    private static String stands() {
        StringJoiner all = new StringJoiner(" UNION ALL ");
        for (Table table : Table.values()) {
            all.add("SELECT phase, attempt, epoch FROM " + table.sql() + " WHERE id=?");
        }
        return all.toString();
    }

    /** @param results what the changes would have come to */
    boolean shows(List<Change> changes, List<Result> results) throws SQLException {
        int looks = 0;
        for (int i = 0; i < changes.size() && looks < LOOKS_MAX; i++) {
            if (results.get(i) instanceof Result.Applied) {
                Boolean done = done(changes.get(i));
                if (done != null) {
                    return done;
                }
                looks++;
            }
        }
        return true; // there is nothing that could be lost or doubled, or it has all been moved on
    }

    private @Nullable Boolean done(Change change) throws SQLException {
        return switch (change) {
            case Change.Submit submit -> stand(submit.task().id()) != null;
            case Change.Move move -> {
                Stand stand = stand(move.before().id());
                yield Stand.of(move.after()).equals(stand) ? Boolean.TRUE : Stand.of(move.before()).equals(stand) ? Boolean.FALSE : null;
            }
            case Change.Delete delete -> stand(delete.id()) == null;
            case Change.NewBatch batch -> one(BATCH, Columns.id(batch.id())).equals("t");
            case Change.SaveReceiver save -> one(RECEIVER, save.receiver().id()).equals(xid) ? Boolean.TRUE : null;
            case Change.PutBody put -> null;
            case Change.Restore restore -> null;
            case Change.Hurry hurry -> null;
            case Change.SettleQueue settle -> null;
        };
    }

    private @Nullable Stand stand(TaskId id) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(STANDS)) {
            for (int i = 1; i <= Table.values().length; i++) {
                find.setObject(i, Columns.id(id));
            }
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? new Stand(row.getInt(1), row.getInt(2), row.getInt(3)) : null;
            }
        }
    }

    private String one(String sql, @Nullable Object parameter) throws SQLException {
        try (PreparedStatement find = connection.prepareStatement(sql)) {
            find.setObject(1, parameter);
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? String.valueOf(row.getString(1)) : "";
            }
        }
    }
}
