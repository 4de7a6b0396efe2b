package dev.fetchback.store.sqlite;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows on their way into a table, many with one statement: calling the library for a row costs more than the row does. */
final class RowBuffer {
    /** Rows of a full buffer; with 100 a row costs as much as with 50. */
    static final int ROWS_MAX = 50;

    private static final List<Integer> SIZES = List.of(ROWS_MAX, 10, 1);

    private final int columns;
    private final @Nullable Object[] values;
    private int rows;

    /** @param columns of a row */
    RowBuffer(int columns) {
        this.columns = columns;
        this.values = new Object[ROWS_MAX * columns];
    }

    /** An insert of many rows, of some and of one, by its text. */
    static final class Insert {
        private final List<String> texts;

        /**
         * @param head up to the values
         * @param row what stands for the values of a row, in parentheses
         * @param tail what comes after the values
         */
        Insert(String head, String row, String tail) {
            texts = SIZES.stream().map(size -> head + String.join(",", Collections.nCopies(size, row)) + tail).toList();
        }
    }

    boolean full() {
        return rows == ROWS_MAX;
    }

    /** Adds a row; there must be room. */
    void add(@Nullable Object... row) {
        System.arraycopy(row, 0, values, rows * columns, columns);
        rows++;
    }

    /** Inserts all rows and returns how many the table took. */
    long flush(Statements statements, Insert insert) throws SQLException {
        long taken = 0;
        int from = 0;
        for (int i = 0; i < SIZES.size(); i++) {
            int size = SIZES.get(i);
            while (rows - from >= size) {
                PreparedStatement statement = statements.get(insert.texts.get(i));
                for (int value = 0; value < size * columns; value++) {
                    statement.setObject(value + 1, values[from * columns + value]);
                }
                taken += statement.executeLargeUpdate();
                if (size > 1) {
                    statement.clearParameters(); // it would keep up to so many large values
                }
                from += size;
            }
        }
        clear();
        return taken;
    }

    /** Forgets the rows. */
    void clear() {
        Arrays.fill(values, 0, rows * columns, null);
        rows = 0;
    }
}
