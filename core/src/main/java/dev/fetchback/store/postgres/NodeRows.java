package dev.fetchback.store.postgres;

import dev.fetchback.store.NodeRecord;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Reads what the nodes say of themselves. */
final class NodeRows {
    private static final String LIST = "SELECT n.name, n.epoch, coalesce(extract(epoch FROM n.since)*1000, 0)::int8, n.program,"
            + " (extract(epoch FROM n.expires-clock_timestamp())*1000)::int8, (SELECT count(*) FROM shard s WHERE s.epoch=n.epoch)::int4"
            + " FROM node n ORDER BY n.name";

    private NodeRows() {}

    /** All nodes, by name. */
    static List<NodeRecord> list(Connection connection, int self) throws SQLException {
        List<NodeRecord> nodes = new ArrayList<>();
        try (PreparedStatement list = connection.prepareStatement(LIST); ResultSet row = list.executeQuery()) {
            while (row.next()) {
                int at = 1;
                String name = row.getString(at++);
                int epoch = row.getInt(at++);
                nodes.add(new NodeRecord(name, epoch == self, row.getLong(at++), row.getString(at++), row.getLong(at++), row.getInt(at)));
            }
        }
        return nodes;
    }
}
