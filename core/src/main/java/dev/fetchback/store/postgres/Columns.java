package dev.fetchback.store.postgres;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.TaskId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.StringJoiner;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Rows that go to the server as one array a column: however many they are, it is the same statement. */
final class Columns {
    /** The order of ids on the server, by their bytes; that of {@link UUID} is another. */
    static final Comparator<UUID> SERVER_ORDER = Comparator.<UUID>comparingLong(id -> id.getMostSignificantBits() ^ Long.MIN_VALUE)
            .thenComparingLong(id -> id.getLeastSignificantBits() ^ Long.MIN_VALUE);

    private final Type[] types;
    private final List<@Nullable Object[]> rows = new ArrayList<>();

    /** What a column holds. */
    enum Type {
        ID("uuid"),
        INT("int4"),
        LONG("int8"),
        TEXT("text"),
        BYTES("bytea");

        private final String sql;

        Type(String sql) {
            this.sql = sql;
        }
    }

    Columns(Type... types) {
        this.types = types;
    }

    /** {@code unnest(?,…) AS alias(names)} for rows of these types. */
    static String unnest(String alias, String names, Type... types) {
        StringJoiner arrays = new StringJoiner(",", "unnest(", ") AS " + alias + "(" + names + ")");
        for (Type type : types) {
            arrays.add("?::" + type.sql + "[]");
        }
        return arrays.toString();
    }

    /**
     * {@code (SELECT ?::uuid[] AS id,…) AS alias}: one row of arrays, the first of them ids, to be asked for by {@link #each} and
     * {@link #at}. Where rows are looked for by id this is the way to have them found one by one, whatever the statistics say: joined
     * with {@link #unnest}, a table that has nothing but dead rows counts as so small that all of it is read.
     */
    static String arrays(String alias, String names, Type... types) {
        String[] columns = names.split(", ");
        StringJoiner arrays = new StringJoiner(", ", "(SELECT ", ") AS " + alias);
        for (int i = 0; i < types.length; i++) {
            arrays.add("?::" + types[i].sql + "[] AS " + columns[i]);
        }
        return arrays.toString();
    }

    /** Holds for the rows whose {@code id} is in the arrays, which are in the {@link #SERVER_ORDER} of their ids. */
    static String each(String id, String alias) {
        return id + "=ANY(" + alias + ".id)";
    }

    /** A column's value for the row with this {@code id}; its place among the ids is found by halving. */
    static String at(String id, String alias, String column) {
        return alias + "." + column + "[width_bucket(" + id + "," + alias + ".id)]";
    }

    void add(@Nullable Object... row) {
        rows.add(row);
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    void clear() {
        rows.clear();
    }

    /** Locks are taken in the order of the rows: everybody sorts them the same way. */
    void sort(Comparator<@Nullable Object[]> order) {
        rows.sort(order);
    }

    /** Sets the parameters from {@code at} on; returns the number of the next one. */
    int bind(PreparedStatement statement, int at) throws SQLException {
        Connection connection = statement.getConnection();
        for (int column = 0; column < types.length; column++) {
            statement.setArray(at + column, connection.createArrayOf(types[column].sql, array(column)));
        }
        return at + types.length;
    }

    private @Nullable Object[] array(int column) {
        @Nullable Object[] array = switch (types[column]) {
            case ID -> new UUID[rows.size()];
            case INT -> new Integer[rows.size()];
            case LONG -> new Long[rows.size()];
            case TEXT -> new String[rows.size()];
            case BYTES -> new byte[rows.size()][];
        };
        for (int i = 0; i < array.length; i++) {
            array[i] = rows.get(i)[column];
        }
        return array;
    }

    static UUID id(TaskId id) {
        return new UUID(id.high(), id.low());
    }

    static @Nullable UUID id(@Nullable BatchId id) {
        return id == null ? null : new UUID(id.high(), id.low());
    }

    static TaskId taskId(UUID id) {
        return new TaskId(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    /** A list of ids as one parameter. */
    static void ids(PreparedStatement statement, int at, List<UUID> ids) throws SQLException {
        statement.setArray(at, statement.getConnection().createArrayOf("uuid", ids.toArray(UUID[]::new)));
    }

    /** Numbers as one parameter. */
    static void numbers(PreparedStatement statement, int at, int... numbers) throws SQLException {
        statement.setArray(at, statement.getConnection().createArrayOf("int4", Arrays.stream(numbers).boxed().toArray(Integer[]::new)));
    }
}
