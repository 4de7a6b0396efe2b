package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Submits and moves of different tasks, whose order therefore does not matter. */
final class Wave {
    private static final Map<Way, String> MOVES = moves();

    private final Into into;
    private final Owner owner;
    private final int span;
    private final long finishedKept;
    private final NewTasks fresh;
    private final Recalls recalls;
    private final Set<TaskId> ids = new HashSet<>();
    private final Set<ByteBuffer> keys = new HashSet<>();
    private final Map<Way, List<Moving>> moves = new TreeMap<>(Comparator.comparing(Way::from).thenComparing(Way::to));

    /** Where it all goes. */
    record Into(Connection connection, Queues queues, Tally tally, Bodies bodies, SeenRows seen, Result[] results) {}

    /** @param startable the shards whose tasks this node may start just now */
    record Owner(int epoch, long startable) {
        /** Whether a task may be begun by this node. */
        boolean mayStart(Task begun) {
            return begun.fence().epoch() == epoch && Shards.has(startable, Shards.of(begun));
        }
    }

    private record Way(Table from, Table to) {}

    private record Moving(Change.Move move, int at) {}

    /**
     * @param span of what finishes now
     * @param finishedKept how long finished tasks are kept, milliseconds
     */
    Wave(Into into, Owner owner, int span, long finishedKept) {
        this.into = into;
        this.owner = owner;
        this.span = span;
        this.finishedKept = finishedKept;
        this.fresh = new NewTasks(into);
        this.recalls = new Recalls(owner.epoch);
    }

    void add(Change.Submit submit, int at) throws SQLException {
        Task task = submit.task();
        if (task.phase().terminal()) {
            throw new IllegalArgumentException("task " + task.id() + " is submitted as " + task.phase() + "; it must be live");
        }
        if (task.phase().running() && !owner.mayStart(task)) {
            into.results[at] = Result.Stale.STALE;
            return;
        }
        Change.IdempotencyKey key = submit.key();
        if (ids.contains(task.id()) || key != null && keys.contains(name(key))) {
            flush();
        }
        ids.add(task.id());
        if (key != null) {
            keys.add(name(key));
        }
        fresh.add(submit, at);
    }

    private static ByteBuffer name(Change.IdempotencyKey key) {
        return ByteBuffer.wrap((key.owner() + "\n" + key.key()).getBytes(StandardCharsets.UTF_8));
    }

    void add(Change.Move move, int at) throws SQLException {
        flushIfIn(move.before().id());
        Table from = Table.of(move.before().phase());
        if (move.after().phase().running() && !mayRun(from, move.after())) {
            into.bodies.stale(move.before().id());
            into.results[at] = Result.Stale.STALE;
            return;
        }
        ids.add(move.before().id());
        Way way = new Way(from, Table.placed(move.after(), finishedKept));
        moves.computeIfAbsent(way, fresh -> new ArrayList<>()).add(new Moving(move, at));
    }

    /** What runs already goes on with what it has. */
    private boolean mayRun(Table from, Task after) {
        return from == Table.RUNNING ? after.fence().epoch() == owner.epoch : owner.mayStart(after);
    }

    void flushIfIn(TaskId id) throws SQLException {
        if (ids.contains(id)) {
            flush();
        }
    }

    void flush() throws SQLException {
        fresh.flush();
        List<Change.Move> applied = new ArrayList<>();
        for (Map.Entry<Way, List<Moving>> group : moves.entrySet()) {
            Way way = group.getKey();
            List<Moving> left = run(way, group.getValue(), applied);
            if (way.from == Table.DONE && !left.isEmpty()) { // it may be one that is kept for longer
                left = run(new Way(Table.KEPT, way.to), left, applied);
            }
            for (Moving stale : left) {
                into.results[stale.at] = Result.Stale.STALE;
                into.bodies.stale(stale.move.before().id());
            }
        }
        into.seen.moved(applied);
        into.bodies.flush();
        recalls.flush(into.connection);
        moves.clear();
        ids.clear();
        keys.clear();
    }

    /** Moves those whose guard holds; returns the others. */
    private List<Moving> run(Way way, List<Moving> group, List<Change.Move> applied) throws SQLException {
        Columns rows = new Columns(types(way.to));
        Map<TaskId, Moving> left = new LinkedHashMap<>();
        for (Moving moving : group) {
            Task before = moving.move.before();
            List<@Nullable Object> row = new ArrayList<>(
                    List.of(Columns.id(before.id()), before.phase().code(), before.fence().attempt(), before.fence().epoch()));
            row.addAll(java.util.Arrays.asList(way.to.row(moving.move.after(), span, finishedKept)));
            rows.add(row.toArray());
            left.put(before.id(), moving);
        }
        rows.sort(Comparator.comparing(row -> (UUID) row[0], Columns.SERVER_ORDER));
        try (PreparedStatement move = into.connection.prepareStatement(MOVES.get(way))) {
            rows.bind(move, 1);
            try (ResultSet moved = move.executeQuery()) {
                while (moved.next()) {
                    Moving moving = left.remove(Columns.taskId(moved.getObject(1, UUID.class)));
                    moved(moving.move, moved.getObject(2, UUID.class));
                    applied.add(moving.move);
                }
            }
        }
        return List.copyOf(left.values());
    }

    private void moved(Change.Move move, @Nullable UUID batch) {
        into.tally.moved(move.before().phase(), move.after().phase(), batch);
        if (move.after().phase().waiting()) {
            into.queues.waits(move.after());
        }
        into.bodies.moved(move);
        recalls.moved(move.before());
    }

    /** Forgets a finished task; false when there is none. */
    boolean delete(TaskId id) throws SQLException {
        for (Table table : List.of(Table.DONE, Table.KEPT)) {
            try (PreparedStatement delete =
                    into.connection.prepareStatement("DELETE FROM " + table.sql() + " WHERE id=? RETURNING phase")) {
                delete.setObject(1, Columns.id(id));
                try (ResultSet row = delete.executeQuery()) {
                    if (row.next()) {
                        into.tally.forgot(Phase.of(row.getInt(1)));
                        into.bodies.drop(List.of(Columns.id(id)));
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static Type[] types(Table to) {
        List<Type> types = new ArrayList<>(List.of(Type.ID, Type.INT, Type.INT, Type.INT));
        types.addAll(to.types());
        return types.toArray(Type[]::new);
    }

    private static Map<Way, String> moves() {
        Map<Way, String> moves = new HashMap<>();
        for (Table from : Table.values()) {
            for (Table to : Table.values()) {
                moves.put(new Way(from, to), move(from, to));
            }
        }
        return Map.copyOf(moves);
    }

    /** The guard is the row itself: whoever comes second finds none that matches. What never changes stays on the server. */
    private static String move(Table from, Table to) {
        String[] names = to.names().toArray(String[]::new);
        String rows = Columns.arrays("m", "id, old_phase, old_attempt, old_epoch, " + String.join(", ", names), types(to));
        // The cast keeps the plan to the id: an index that begins with the phase looks as good while nothing is known of a new table.
        String guard = " WHERE " + Columns.each("f.id", "m") + " AND f.phase::int4=" + Columns.at("f.id", "m", "old_phase") + " AND f.attempt="
                + Columns.at("f.id", "m", "old_attempt") + " AND f.epoch=" + Columns.at("f.id", "m", "old_epoch");
        StringJoiner fresh = new StringJoiner(", ");
        for (String name : names) {
            String value = Columns.at("f.id", "m", name);
            fresh.add(from == to ? name + "=" + value : value + " AS " + name);
        }
        if (from == to) {
            return "UPDATE " + to.sql() + " f SET " + fresh + " FROM " + rows + guard + " RETURNING f.id, f.batch";
        }
        String all = "id, batch, facts, " + String.join(", ", names);
        return "WITH gone AS (DELETE FROM " + from.sql() + " f USING " + rows + guard + " RETURNING f.id, f.batch, f.facts, " + fresh + ")"
                + " INSERT INTO " + to.sql() + "(" + all + ") SELECT " + all + " FROM gone RETURNING id, batch";
    }
}
