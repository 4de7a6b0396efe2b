package dev.fetchback.store.postgres;

import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.TaskId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Lists tasks, newest first. Dead and failed ones and those of a batch are found by an index; for anything else the tasks are
 * walked until the page is full or the budget is used up. All tables are read in one statement, so that a task that moves from
 * one to another is seen once.
 */
final class Listing {
    /** Rows walked for one page: about 50 ms. */
    static final int BUDGET = 20_000;

    /** Of all that is read for one page; large ones that do not match take time, not memory. */
    private static final int BUDGET_BYTES = 64 << 20;

    private static final int CHUNK = 500; // rows of one statement
    private static final int FETCHED = 50; // rows on their way at once: a spec may have a mebibyte
    private static final long TIME_TAIL = 0xffff; // the bits of an id's high half below its time

    private Listing() {}

    static TaskPage page(Connection connection, TaskQuery query) throws SQLException {
        Walk walk = new Walk(query);
        connection.setAutoCommit(false); // only then are rows fetched a few at a time
        try {
            while (!walk.over()) {
                if (!chunk(connection, query, walk)) {
                    return new TaskPage(walk.found, walk.over() ? walk.last : null);
                }
            }
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
        return new TaskPage(walk.found, walk.last);
    }

    /** Looks at the next tasks; false when there are no more. */
    private static boolean chunk(Connection connection, TaskQuery query, Walk walk) throws SQLException {
        Set<Table> tables = tables(query.phases());
        try (PreparedStatement find = connection.prepareStatement(sql(query, tables))) {
            find.setFetchSize(FETCHED);
            TaskId last = walk.last;
            int at = 1;
            for (Table table : tables) {
                at = bind(find, at, query, table, last == null ? new UUID(-1, -1) : Columns.id(last));
            }
            int rows = 0;
            try (ResultSet row = find.executeQuery()) {
                while (!walk.over() && row.next()) {
                    rows++;
                    walk.look(TaskRow.read(row));
                }
                return walk.over() || rows == CHUNK;
            }
        }
    }

    private static Set<Table> tables(Set<Phase> phases) {
        Set<Table> tables = EnumSet.noneOf(Table.class);
        for (Phase phase : phases.isEmpty() ? EnumSet.allOf(Phase.class) : phases) {
            tables.add(Table.of(phase));
            if (phase.terminal()) {
                tables.add(Table.KEPT); // where some of them are for longer
            }
        }
        return tables;
    }

    private static String sql(TaskQuery query, Set<Table> tables) {
        StringJoiner all = new StringJoiner(" UNION ALL ", "SELECT * FROM (", ") tasks ORDER BY id DESC LIMIT " + CHUNK);
        for (Table table : tables) {
            String columns = table == Table.WAITING ? TaskRow.WAITING : TaskRow.OTHERS;
            all.add("(SELECT " + columns + " FROM " + table.sql() + " WHERE id<? AND id>?" + filter(query, table)
                    + " ORDER BY id DESC LIMIT " + CHUNK + ")");
        }
        return all.toString();
    }

    private static String filter(TaskQuery query, Table table) {
        if (query.batch() != null) {
            return " AND batch=?";
        }
        if (table == Table.DONE && query.phases().equals(Set.of(Phase.FAILED))
                || table == Table.DONE && query.phases().equals(Set.of(Phase.FAILED, Phase.DEAD))) {
            return " AND phase=" + Phase.FAILED.code(); // as the index has it
        }
        return "";
    }

    private static int bind(PreparedStatement find, int from, TaskQuery query, Table table, UUID high) throws SQLException {
        int at = from;
        find.setObject(at++, high);
        find.setObject(at++, after(query.createdAfter()));
        BatchId batch = query.batch();
        if (batch != null) {
            find.setObject(at++, Columns.id(batch));
        }
        return at;
    }

    /** The greatest id of a time. */
    private static UUID after(long createdAfter) {
        return createdAfter <= 0 ? new UUID(0, 0) : new UUID(createdAfter << 16 | TIME_TAIL, -1);
    }

    /** One page as it fills. */
    private static final class Walk {
        private final TaskQuery query;
        private final int limit;
        private final List<StoredTask> found = new ArrayList<>();
        private int looked;
        private long lookedBytes;
        private long foundBytes;
        private @Nullable TaskId last;

        Walk(TaskQuery query) {
            this.query = query;
            this.limit = Math.clamp(query.limit(), 1, TaskQuery.LIMIT_MAX);
            this.last = query.before();
        }

        boolean over() {
            return found.size() >= limit || foundBytes >= TaskQuery.PAGE_BYTES || looked >= BUDGET
                    || lookedBytes >= BUDGET_BYTES;
        }

        void look(TaskRow row) {
            looked++;
            lookedBytes += row.bytes();
            last = row.id();
            if (!query.phases().isEmpty() && !query.phases().contains(row.phase())) {
                return;
            }
            StoredTask task = row.decode();
            if (query.matches(task)) {
                found.add(task);
                foundBytes += row.bytes();
            }
        }
    }
}
