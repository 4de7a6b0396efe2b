package dev.fetchback.store.sqlite;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.Phase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables. What never changes of a task is in {@code task_N}, what came of it in {@code outcome_N}, where N is its
 * segment, found by the time in its id; both grow at their end and are dropped whole. A live task is also in {@code running}
 * or {@code waiting}, never in both, and not in {@code outcome_N}; these stay as small as what is live. Times are Unix
 * milliseconds, ids 16 bytes, {@code data} is JSON of {@link dev.fetchback.store.Codec}.
 */
final class Schema {
    /** Marks the file as ours in its header: "FtBk". */
    static final int APPLICATION_ID = 0x4674_426b;

    /** The oldest library without the defect that could lose commits when a log is reset (sqlite.org/wal.html#walresetbug). */
    private static final int[] LIBRARY_MIN = {3, 51, 3};

    /** Folders up to this version are from before the first release; nothing reads them any more. */
    private static final int UNRELEASED = 1;

    /** One list for each version of the schema after {@link #UNRELEASED}; a released one is never changed. */
    static final List<List<String>> MIGRATIONS = List.of(List.of(
            "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
            "CREATE TABLE total(one INTEGER PRIMARY KEY, waiting_fetch INTEGER NOT NULL, waiting_deliver INTEGER NOT NULL,"
                    + " dead INTEGER NOT NULL, body_bytes INTEGER NOT NULL, dead_bytes INTEGER NOT NULL)",
            "INSERT INTO total VALUES(1, 0, 0, 0, 0, 0)",
            // drained: what has an id up to this one and is still wanted was moved to segment 0
            "CREATE TABLE segment(n INTEGER PRIMARY KEY, first INTEGER NOT NULL, drained BLOB)",
            "CREATE TABLE running(id BLOB PRIMARY KEY, phase INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL,"
                    + " batch BLOB, data BLOB) WITHOUT ROWID",
            "CREATE TABLE waiting(id BLOB PRIMARY KEY, phase INTEGER NOT NULL, queue INTEGER NOT NULL, priority INTEGER NOT NULL,"
                    + " ready_at INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, batch BLOB, data BLOB)"
                    + " WITHOUT ROWID",
            "CREATE INDEX waiting_due ON waiting(queue, priority, ready_at, id)",
            // due_at: not later than the earliest ready_at of its tasks
            "CREATE TABLE queue(n INTEGER PRIMARY KEY, phase INTEGER NOT NULL, name TEXT NOT NULL, due_at INTEGER NOT NULL,"
                    + " UNIQUE(phase, name))",
            "CREATE INDEX queue_due ON queue(phase, due_at, name)",
            "CREATE TABLE idempotency(owner TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, task BLOB NOT NULL,"
                    + " created INTEGER NOT NULL, PRIMARY KEY(owner, key)) WITHOUT ROWID",
            "CREATE INDEX idempotency_created ON idempotency(created)",
            "CREATE TABLE batch(id BLOB PRIMARY KEY, owner TEXT, accepted INTEGER NOT NULL, succeeded INTEGER NOT NULL,"
                    + " failed INTEGER NOT NULL, dead INTEGER NOT NULL, cancelled INTEGER NOT NULL, expired INTEGER NOT NULL)"
                    + " WITHOUT ROWID",
            "CREATE TABLE receiver(id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,"
                    + " failures INTEGER NOT NULL, until INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID",
            // until: 0 while pieces come in ahead of the move that refers to them
            "CREATE TABLE stored(id BLOB PRIMARY KEY, until INTEGER NOT NULL, bytes INTEGER NOT NULL, dead_at INTEGER)"
                    + " WITHOUT ROWID",
            "CREATE INDEX stored_until ON stored(until) WHERE until < " + Long.MAX_VALUE,
            "CREATE INDEX stored_dead ON stored(dead_at) WHERE dead_at IS NOT NULL",
            "CREATE TABLE body(id BLOB NOT NULL, piece INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(id, piece))"
                    + " WITHOUT ROWID",
            Segment.createTasks(Segment.LATE),
            Segment.createTasksByBatch(Segment.LATE),
            Segment.createOutcomes(Segment.LATE),
            Segment.createOutcomesListed(Segment.LATE),
            "CREATE INDEX outcome_0_at ON outcome_0(phase, at)"),
            List.of(
                    // The page key of a task's plan, and what is remembered of its page; see dev.fetchback.task.Seen.
                    "CREATE TABLE seen(page TEXT PRIMARY KEY, status INTEGER NOT NULL, url TEXT NOT NULL, etag TEXT,"
                            + " modified TEXT, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
                    "CREATE INDEX seen_at ON seen(at)",
                    // Counting a million rows would hold up commits, so the count goes along with them.
                    "INSERT INTO meta(name, value) VALUES('seen', 0)",
                    "CREATE TRIGGER seen_new AFTER INSERT ON seen BEGIN"
                            + " UPDATE meta SET value=value+1 WHERE name='seen'; END",
                    "CREATE TRIGGER seen_gone AFTER DELETE ON seen BEGIN"
                            + " UPDATE meta SET value=value-1 WHERE name='seen'; END"),
            List.of("ALTER TABLE total ADD COLUMN waiting_process INTEGER NOT NULL DEFAULT 0"));

    private static final int VERSION = UNRELEASED + MIGRATIONS.size();

    private Schema() {}

    /** Checks that the file is ours and of a version we know, and brings it to the newest one. */
    static void prepare(Connection writer, Path dir) throws SQLException {
        checkLibrary(writer);
        int application = number(writer, "PRAGMA application_id");
        int version = number(writer, "PRAGMA user_version");
        boolean empty = number(writer, "SELECT count(*) FROM sqlite_schema") == 0;
        if (!empty && application != APPLICATION_ID) {
            throw new StoreException(
                    Kind.UNUSABLE,
                    "The database in " + dir + " belongs to another program (application id " + application
                            + "). Give Fetchback a folder of its own.",
                    null);
        }
        if (version > 0 && version <= UNRELEASED) {
            throw new StoreException(
                    Kind.UNUSABLE,
                    "The database in " + dir + " has version " + version + ", which was never released and cannot be read any more;"
                            + " this Fetchback reads version " + VERSION + ". Give Fetchback a new folder.",
                    null);
        }
        if (version > VERSION) {
            throw new StoreException(
                    Kind.CORRUPT,
                    "The database in " + dir + " has version " + version + "; this Fetchback knows versions up to "
                            + VERSION + ". Start the newer Fetchback that wrote it.",
                    null);
        }
        if (version < VERSION) {
            migrate(writer, version);
        }
    }

    /** The columns of {@code batch} that count finished tasks. */
    static String column(Phase phase) {
        return switch (phase) {
            case SUCCEEDED -> "succeeded";
            case FAILED -> "failed";
            case DEAD -> "dead";
            case CANCELLED -> "cancelled";
            case EXPIRED -> "expired";
            case FETCH_WAITING, FETCH_RUNNING, PROCESS_WAITING, PROCESS_RUNNING, DELIVER_WAITING, DELIVER_RUNNING ->
                throw new IllegalArgumentException(phase + " is not terminal");
        };
    }

    /** All steps in one transaction, so that a crash leaves the old version or the new one. */
    private static void migrate(Connection writer, int from) throws SQLException {
        try (Statement statement = writer.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            try {
                for (List<String> step : MIGRATIONS.subList(Math.max(0, from - UNRELEASED), MIGRATIONS.size())) {
                    for (String sql : step) {
                        statement.execute(sql);
                    }
                }
                statement.execute("PRAGMA application_id=" + APPLICATION_ID);
                statement.execute("PRAGMA user_version=" + VERSION);
                statement.execute("COMMIT");
            } catch (SQLException e) {
                try {
                    statement.execute("ROLLBACK");
                } catch (SQLException again) {
                    e.addSuppressed(again);
                }
                throw e;
            }
        }
    }

    private static void checkLibrary(Connection writer) throws SQLException {
        try (Statement statement = writer.createStatement();
                ResultSet row = statement.executeQuery("SELECT sqlite_version()")) {
            String version = row.getString(1);
            String[] parts = version.split("\\.");
            for (int i = 0; i < LIBRARY_MIN.length; i++) {
                int part = Integer.parseInt(parts[i]);
                if (part > LIBRARY_MIN[i]) {
                    return;
                }
                if (part < LIBRARY_MIN[i]) {
                    throw new StoreException(
                            Kind.UNUSABLE,
                            "The SQLite library has version " + version
                                    + ", which can lose commits; 3.51.3 or newer is needed."
                                    + " Use the sqlite-jdbc that came with Fetchback.",
                            null);
                }
            }
        }
    }

    private static int number(Connection writer, String sql) throws SQLException {
        try (Statement statement = writer.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.getInt(1);
        }
    }
}
