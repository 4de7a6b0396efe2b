package dev.fetchback.store.postgres;

import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Task;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Attempts of other nodes whose task a commit takes from them: a node that is alive is told to end them. */
final class Recalls {
    private static final String RECALL = "INSERT INTO recall(epoch, id, attempt) SELECT epoch, id, attempt FROM "
            + Columns.unnest("m", "epoch, id, attempt", Type.INT, Type.ID, Type.INT)
            + " WHERE EXISTS(SELECT 1 FROM node n WHERE n.epoch=m.epoch) ON CONFLICT DO NOTHING";

    private final int epoch;
    private final Columns rows = new Columns(Type.INT, Type.ID, Type.INT);

    /** @param epoch of this node, which ends its own by itself */
    Recalls(int epoch) {
        this.epoch = epoch;
    }

    /** A task was moved that stood like this. */
    void moved(Task before) {
        if (before.phase().running() && before.fence().epoch() != epoch) {
            rows.add(before.fence().epoch(), Columns.id(before.id()), before.fence().attempt());
        }
    }

    void flush(Connection connection) throws SQLException {
        if (!rows.isEmpty()) {
            try (PreparedStatement recall = connection.prepareStatement(RECALL)) {
                rows.bind(recall, 1);
                recall.executeUpdate();
            }
            rows.clear();
        }
    }
}
