package dev.fetchback.store.sqlite;

import dev.fetchback.task.Phase;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A pair of tables with the tasks of a time, and the statements on them.
 *
 * @param number in the tables' names
 * @param first the time of the first id that belongs here
 * @param drained what has an id up to this one is in segment {@link #LATE} now, or forgotten; null when it is not being emptied
 */
record Segment(int number, long first, byte @Nullable [] drained, Sql sql) {
    /** The segment of what outlives its own. */
    static final int LATE = 0;

    /** How long after its id's time a task may finish before it counts as late: only late ones are looked at one by one. */
    static final long LATE_MILLIS = 3_600_000;

    private static final int LISTED_FAILED = Phase.FAILED.code();
    private static final int LISTED_DEAD = Phase.DEAD.code();

    Segment(int number, long first, byte @Nullable [] drained) {
        this(number, first, drained, Sql.of(number));
    }

    Segment drainedTo(byte[] id) {
        return new Segment(number, first, id, sql);
    }

    /** Whether what has this id was moved out. */
    boolean gone(byte[] id) {
        return drained != null && Arrays.compareUnsigned(id, drained) <= 0;
    }

    /** In the order of the ids, which is nearly that in which they come. */
    static String createTasks(int n) {
        return "CREATE TABLE task_" + n + "(id BLOB PRIMARY KEY, batch BLOB, data BLOB NOT NULL) WITHOUT ROWID";
    }

    static String createTasksByBatch(int n) {
        return "CREATE INDEX task_" + n + "_batch ON task_" + n + "(batch, id) WHERE batch IS NOT NULL";
    }

    /**
     * In the order in which they ended, one full page after the other; only the small entries of the index are in the order of
     * the ids. Those that end together began at different times, so in a table kept by id each would write a page of its own.
     */
    static String createOutcomes(int n) {
        return "CREATE TABLE outcome_" + n + "(id BLOB NOT NULL PRIMARY KEY, phase INTEGER NOT NULL, attempt INTEGER NOT NULL,"
                + " epoch INTEGER NOT NULL, at INTEGER NOT NULL, late INTEGER, data BLOB NOT NULL)";
    }

    /** Few tasks fail or die, and those are what people look for; the late ones are looked for when the segment is dropped. */
    static String createOutcomesListed(int n) {
        return "CREATE INDEX outcome_" + n + "_listed ON outcome_" + n + "(phase, id) WHERE phase IN (" + LISTED_FAILED + ","
                + LISTED_DEAD + ")";
    }

    static String createOutcomesLate(int n) {
        return "CREATE INDEX outcome_" + n + "_late ON outcome_" + n + "(id) WHERE late IS NOT NULL";
    }

    /** The statements on a segment's tables, made once. */
    record Sql(
            RowBuffer.Insert insertTask,
            String insertOutcome,
            String deleteTask,
            String deleteOutcome,
            String takeOutcome,
            String selectBatch,
            String selectFacts,
            String find,
            String listAll,
            String listBatch,
            String listPhase) {

        static Sql of(int n) {
            String rows = "SELECT t.id, t.data, r.phase, r.attempt, r.epoch, r.data,"
                    + " w.phase, w.ready_at, w.attempt, w.epoch, w.data, o.phase, o.attempt, o.epoch, o.data"
                    + " FROM task_" + n + " t LEFT JOIN running r ON r.id=t.id"
                    + " LEFT JOIN waiting w ON w.id=t.id LEFT JOIN outcome_" + n + " o ON o.id=t.id";
            return new Sql(
                    new RowBuffer.Insert(
                            "INSERT INTO task_" + n + "(id, batch, data) VALUES", "(?,?,?)", " ON CONFLICT DO NOTHING"),
                    "INSERT INTO outcome_" + n + "(id, phase, attempt, epoch, at, late, data) VALUES(?,?,?,?,?,?,?)",
                    "DELETE FROM task_" + n + " WHERE id=?",
                    "DELETE FROM outcome_" + n + " WHERE id=?",
                    "DELETE FROM outcome_" + n + " WHERE id=? AND phase=? AND attempt=? AND epoch=?",
                    "SELECT batch FROM task_" + n + " WHERE id=?",
                    "SELECT data FROM task_" + n + " WHERE id=?",
                    rows + " WHERE t.id=?",
                    rows + " WHERE t.id<? AND t.id>? ORDER BY t.id DESC LIMIT ?",
                    rows + " WHERE t.id IN (SELECT b.id FROM task_" + n
                            + " b WHERE b.batch=? AND b.id<? AND b.id>? ORDER BY b.id DESC LIMIT ?) ORDER BY t.id DESC",
                    rows + " WHERE t.id IN (SELECT l.id FROM outcome_" + n
                            + " l WHERE l.phase=? AND l.phase IN (" + LISTED_FAILED + "," + LISTED_DEAD
                            + ") AND l.id<? AND l.id>? ORDER BY l.id DESC LIMIT ?) ORDER BY t.id DESC");
        }
    }
}
