package dev.fetchback.store.sqlite;

import dev.fetchback.store.StoreException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Copies the write-ahead log into the database before it gets long. The bulk is copied by a thread of its own beside the
 * writer; what was added meanwhile is copied by the writer between two commits, which takes milliseconds and lets the log
 * begin anew.
 */
final class Checkpoints implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Checkpoints.class.getName());
    private static final int LOOKS = 8; // the length is looked at this many times on the way to the limit
    private static final int BULK_ROUNDS = 3; // each leaves what was added during it, which gets less from round to round
    private static final int TAIL_SHARE = 8; // the writer copies at most this part of the limit by itself
    private static final int OVERDUE = 8; // at this many times the limit the writer waits for readers
    private static final Duration STOP_MAX = Duration.ofSeconds(30);
    private static final int COMMIT_PAGES_MIN = 6;
    private static final int CHANGES_PER_PAGE = 8;

    private final Faults faults;
    private final Statements statements;
    private final long limitPages;
    private final Thread thread;
    private volatile boolean wanted;
    private volatile boolean tailDue;
    private volatile boolean stopping;
    private volatile boolean full;
    private volatile @Nullable StoreException fault;
    private long roughPages; // written since the length was looked at; the writer's own

    /** The state of the log, in pages. */
    private record Log(long length, long copied) {
        long left() {
            return length - copied;
        }
    }

    Checkpoints(Faults faults, Connection connection, long limitBytes) {
        this.faults = faults;
        this.statements = new Statements(connection);
        this.limitPages = Math.max(LOOKS, limitBytes / Connections.PAGE_BYTES);
        this.thread = Thread.ofPlatform().name("store-checkpoint").daemon(true).start(this::run);
    }

    /** Why the log could not be copied for good; null while all is well. */
    @Nullable StoreException fault() {
        return fault;
    }

    /** Whether the disk was full when the log was copied. */
    boolean full() {
        return full;
    }

    void fullSeen() {
        full = false;
    }

    /**
     * The writer has committed this many changes. Never throws: what was committed is committed.
     *
     * @return false after a fault, at which SQLite may have ended the transaction that the driver has begun for what comes next
     */
    boolean committed(Connection writer, int changes) {
        roughPages += COMMIT_PAGES_MIN + changes / CHANGES_PER_PAGE;
        try {
            if (tailDue) {
                tailDue = false;
                run(writer, "PASSIVE");
            }
            if (roughPages >= limitPages / LOOKS) { // while it is copied, too: on a busy machine that may take long
                look(writer);
            }
            return true;
        } catch (SQLException e) {
            note(e);
            return false;
        }
    }

    private void look(Connection writer) throws SQLException {
        roughPages = 0;
        Log log = run(writer, "NOOP");
        if (log.length() > limitPages * OVERDUE) {
            run(writer, "RESTART");
        } else if (log.length() > limitPages) {
            wanted = true;
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void close() throws SQLException {
        stopping = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        try {
            thread.join(STOP_MAX);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        statements.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!stopping && fault == null) {
            if (wanted) {
                copy();
                wanted = false;
            } else {
                LockSupport.park(this);
            }
        }
    }

    private void copy() {
        try {
            for (int round = 0; round < BULK_ROUNDS && !stopping; round++) {
                run(statements.connection(), "PASSIVE");
                if (run(statements.connection(), "NOOP").left() < limitPages / TAIL_SHARE) {
                    break;
                }
            }
            tailDue = true;
        } catch (SQLException e) {
            note(e);
        }
    }

    private void note(SQLException e) {
        if (Faults.full(e)) {
            full = true;
            LOG.log(Level.WARNING, "The log could not be copied into the database, the disk is full: {0}", e.getMessage());
        } else if (faults.explain("The log could not be copied into the database", e) instanceof StoreException bad) {
            fault = bad;
            LOG.log(Level.ERROR, bad.getMessage(), e);
        } else {
            LOG.log(Level.ERROR, "The log could not be copied into the database; trying again later", e);
        }
    }

    private static Log run(Connection connection, String mode) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("PRAGMA wal_checkpoint(" + mode + ")")) {
            return new Log(row.getLong(2), row.getLong(3));
        }
    }
}
