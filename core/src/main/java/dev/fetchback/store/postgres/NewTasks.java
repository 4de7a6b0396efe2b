package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.postgres.Columns.Type;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Puts new tasks into the tables; those with a key only if nobody had that key within a day. */
final class NewTasks {
    private static final Type[] KEY = {Type.BYTES, Type.BYTES, Type.LONG, Type.ID, Type.BYTES};
    /** Locks the rows of keys that are there, even where it leaves them as they are. */
    private static final String TAKE = "INSERT INTO idempotency(owner, key, created, task, fingerprint) SELECT * FROM "
            + Columns.unnest("m", "owner, key, created, task, fingerprint", KEY)
            + " ON CONFLICT (owner, key) DO UPDATE SET created=excluded.created, task=excluded.task, fingerprint=excluded.fingerprint"
            + " WHERE idempotency.created<=excluded.created-" + Store.IDEMPOTENCY_KEPT.toMillis() + " RETURNING task";
    private static final String TAKEN = "SELECT task, fingerprint FROM idempotency WHERE owner=? AND key=?";
    private static final List<Table> LIVE = List.of(Table.RUNNING, Table.WAITING);

    private final Wave.Into into;
    private final List<New> added = new ArrayList<>();

    private record New(Change.Submit submit, int at) {
        UUID id() {
            return Columns.id(submit.task().id());
        }
    }

    NewTasks(Wave.Into into) {
        this.into = into;
    }

    void add(Change.Submit submit, int at) {
        added.add(new New(submit, at));
    }

    void flush() throws SQLException {
        if (added.isEmpty()) {
            return;
        }
        Set<New> duplicates = duplicates();
        for (Table table : LIVE) {
            insert(table, added.stream()
                    .filter(task -> !duplicates.contains(task) && Table.of(task.submit.task().phase()) == table).toList());
        }
        added.clear();
    }

    /** Takes the keys, and answers those whose key was taken before. */
    private Set<New> duplicates() throws SQLException {
        Set<New> duplicates = new HashSet<>();
        Columns rows = new Columns(KEY);
        for (New task : added) {
            Change.IdempotencyKey key = task.submit.key();
            if (key != null) {
                rows.add(bytes(key.owner()), bytes(key.key()), key.now(), task.id(), key.fingerprint());
                duplicates.add(task);
            }
        }
        if (rows.isEmpty()) {
            return Set.of();
        }
        rows.sort(Comparator.comparing((@Nullable Object[] row) -> (byte[]) row[0], Arrays::compareUnsigned)
                .thenComparing(row -> (byte[]) row[1], Arrays::compareUnsigned));
        Set<UUID> taken = new HashSet<>();
        try (PreparedStatement take = into.connection().prepareStatement(TAKE)) {
            rows.bind(take, 1);
            try (ResultSet row = take.executeQuery()) {
                while (row.next()) {
                    taken.add(row.getObject(1, UUID.class));
                }
            }
        }
        duplicates.removeIf(task -> taken.contains(task.id()));
        for (New duplicate : duplicates) {
            into.results()[duplicate.at] = first(duplicate.submit.key());
        }
        return duplicates;
    }

    private Result first(Change.IdempotencyKey key) throws SQLException {
        try (PreparedStatement find = into.connection().prepareStatement(TAKEN)) {
            find.setBytes(1, bytes(key.owner()));
            find.setBytes(2, bytes(key.key()));
            try (ResultSet row = find.executeQuery()) {
                row.next();
                TaskId task = Columns.taskId(row.getObject(1, UUID.class));
                return new Result.Duplicate(task, Arrays.equals(row.getBytes(2), key.fingerprint()));
            }
        }
    }

    private void insert(Table table, List<New> tasks) throws SQLException {
        if (tasks.isEmpty()) {
            return;
        }
        Columns rows = new Columns(types(table));
        for (New task : tasks) {
            List<@Nullable Object> row = new ArrayList<>();
            row.add(task.id());
            row.add(Columns.id(task.submit.spec().tags().batch()));
            row.add(task.submit.facts());
            row.addAll(Arrays.asList(table.row(task.submit.task(), Spans.LASTING, 0)));
            rows.add(row.toArray());
        }
        rows.sort(Comparator.comparing(row -> (UUID) row[0], Columns.SERVER_ORDER));
        Set<UUID> fresh = new HashSet<>();
        try (PreparedStatement insert = into.connection().prepareStatement(insert(table))) {
            rows.bind(insert, 1);
            try (ResultSet row = insert.executeQuery()) {
                while (row.next()) {
                    fresh.add(row.getObject(1, UUID.class));
                }
            }
        }
        for (New task : tasks) {
            Task begun = task.submit.task();
            if (!fresh.contains(task.id())) {
                into.results()[task.at] = new Result.Duplicate(begun.id(), true); // the same submit twice
                continue;
            }
            into.tally().accepted(begun.phase(), Columns.id(task.submit.spec().tags().batch()));
            if (begun.phase().waiting()) {
                into.queues().waits(begun);
            }
        }
    }

    private static Type[] types(Table table) {
        List<Type> types = new ArrayList<>(List.of(Type.ID, Type.ID, Type.BYTES));
        types.addAll(table.types());
        return types.toArray(Type[]::new);
    }

    private static String insert(Table table) {
        String names = "id, batch, facts, " + String.join(", ", table.names());
        Table other = table == Table.RUNNING ? Table.WAITING : Table.RUNNING;
        // Those that are there are asked for once, by their ids: a join may read all of the other table, see Columns.
        return "WITH m AS MATERIALIZED (SELECT * FROM " + Columns.unnest("m", names, types(table)) + ")"
                + " INSERT INTO " + table.sql() + "(" + names + ") SELECT * FROM m WHERE id<>ALL(ARRAY(SELECT o.id FROM " + other.sql()
                + " o WHERE o.id=ANY(ARRAY(SELECT id FROM m)))) ON CONFLICT (id) DO NOTHING RETURNING id";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
