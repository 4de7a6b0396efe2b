package dev.fetchback.store.sqlite;

import dev.fetchback.store.Aside;
import dev.fetchback.store.Change;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one connection that writes. Every use of it is one transaction: all of it is on disk when the method returns, or
 * nothing of it is. After a fault other than a full disk it refuses to go on.
 */
final class Writer implements AutoCloseable {
    private static final String SAVE_RECEIVER =
            "INSERT OR REPLACE INTO receiver(id, endpoint, status, reason, failures, until, updated_at) VALUES(?,?,?,?,?,?,?)";
    private static final Logger LOG = System.getLogger(Writer.class.getName());

    private final SqliteSettings settings;
    private final Faults faults;
    private final Statements statements;
    private final Reserve reserve;
    private final Checkpoints checkpoints;
    private final Segments segments;
    private final Ledger ledger = new Ledger();
    private final BatchRows batches = new BatchRows();
    private final QueueRows queues = new QueueRows();
    private final BodyRows bodies = new BodyRows(ledger);
    private final SeenRows seen;
    private final LiveRows live = new LiveRows(queues);
    private final NewTasks fresh;
    private final TaskRows tasks;
    private final Pruner pruner;
    private volatile @Nullable StoreException broken;
    private boolean closed;

    Writer(SqliteSettings settings, Connection connection, Checkpoints checkpoints, Segments segments, int epoch)
            throws SQLException {
        this.settings = settings;
        this.faults = new Faults(settings.dir());
        this.statements = new Statements(connection);
        this.checkpoints = checkpoints;
        this.segments = segments;
        this.reserve = new Reserve(settings.dir(), settings.limits().reserveBytes(), settings.limits().walBytes());
        this.tasks = new TaskRows(epoch, segments, ledger, batches, live, bodies);
        this.fresh = new NewTasks(segments, ledger, batches, live);
        connection.setAutoCommit(false);
        segments.load(statements);
        ledger.load(statements);
        this.seen = new SeenRows(settings.retention());
        this.pruner = new Pruner(settings.retention(), segments, ledger, bodies, seen);
        pruner.abandoned(bodies.abandoned(statements));
        connection.commit();
        reserve.room(settings.clock().getAsLong());
    }

    Ledger ledger() {
        return ledger;
    }

    synchronized List<Result> commit(List<Change> changes) {
        refuseIfFull(changes);
        Result[] results = new Result[changes.size()];
        transact("The changes could not be stored", results.length, () -> {
            for (int i = 0; i < results.length; i++) {
                if (changes.get(i) instanceof Change.Submit submit) {
                    fresh.add(statements, submit, results, i);
                } else {
                    fresh.flush(statements, results);
                    results[i] = apply(changes.get(i));
                }
            }
            fresh.flush(statements, results);
            return true;
        });
        return Arrays.asList(results);
    }

    /** Forgets some of what is old; returns whether there is more. */
    synchronized boolean prune(long now) {
        reserve.room(now);
        return transact("Old tasks could not be forgotten", Pruner.ROWS_MAX, () -> pruner.prune(statements, now));
    }

    @Override
    public synchronized void close() throws SQLException {
        closed = true;
        try {
            statements.forget();
            if (broken == null) {
                try (Statement statement = statements.connection().createStatement()) {
                    statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
                }
            }
        } finally {
            statements.close();
        }
    }

    private Result apply(Change change) throws SQLException {
        return switch (change) {
            case Change.Submit submit -> throw new IllegalArgumentException("submits are added together");
            case Change.Move move -> {
                Result result = tasks.move(statements, move);
                if (result instanceof Result.Applied) {
                    seen.moved(statements, move.after());
                }
                yield result;
            }
            case Change.PutBody put -> bodies.put(statements, put) ? Result.Applied.APPLIED : Result.Stale.STALE;
            case Change.Delete delete -> tasks.delete(statements, delete.id());
            case Change.NewBatch batch -> {
                batches.add(statements, batch.id(), batch.owner());
                segments.saw(batch.id().timeMillis());
                yield Result.Applied.APPLIED;
            }
            case Change.SaveReceiver save -> {
                save(save.receiver());
                yield Result.Applied.APPLIED;
            }
            case Change.Restore(Aside aside) -> {
                batches.flush(statements); // what is restored is written whole, after what was counted
                AsideRows.restore(statements, seen, aside);
                yield Result.Applied.APPLIED;
            }
            case Change.Hurry(QueueKey queue, long now, int limit) ->
                queues.hurry(statements, queue, now, limit) ? Result.Applied.APPLIED : Result.Stale.STALE;
            case Change.SettleQueue settle -> {
                queues.settle(statements, settle.queue());
                yield Result.Applied.APPLIED;
            }
        };
    }

    private void save(ReceiverRecord receiver) throws SQLException {
        PreparedStatement save = statements.get(SAVE_RECEIVER);
        save.setString(1, receiver.id());
        save.setString(2, receiver.endpoint());
        save.setString(3, receiver.status().name());
        save.setString(4, receiver.reason());
        save.setInt(5, receiver.failures());
        save.setLong(6, receiver.until());
        save.setLong(7, receiver.updatedAt());
        save.executeUpdate();
    }

    /** Work inside a transaction. */
    private interface Work {
        boolean run() throws SQLException;
    }

    private boolean transact(String failed, int changes, Work work) {
        refuseIfBroken();
        try {
            boolean result = work.run();
            queues.flush(statements);
            batches.flush(statements);
            ledger.flush(statements);
            statements.connection().commit();
            segments.publish();
            ledger.publish();
            if (!checkpoints.committed(statements.connection(), changes)) {
                beginIfEnded();
            }
            return result;
        } catch (SQLException e) {
            rollBack(e);
            RuntimeException explained = faults.explain(failed, e);
            if (Faults.full(e)) {
                reserve.release(settings.clock().getAsLong());
            } else if (explained instanceof StoreException fault) {
                broken = fault;
            }
            throw explained;
        } catch (RuntimeException e) {
            rollBack(e);
            throw e;
        }
    }

    /** Without a transaction the next changes would be stored one by one, and the commit would fail. */
    private void beginIfEnded() {
        try (Statement statement = statements.connection().createStatement()) {
            statement.execute("BEGIN");
        } catch (SQLException e) {
            // It goes on: there is none within another.
        }
    }

    /** A read met damaged data: writing on could only make it worse. Called from any thread. */
    void damaged(StoreException fault) {
        if (broken == null) {
            broken = fault;
            LOG.log(Level.ERROR, fault.getMessage());
        }
    }

    private void refuseIfBroken() {
        if (closed) {
            throw new StoreException(Kind.CLOSED, "The store in " + settings.dir() + " is closed; nothing was stored.", null);
        }
        StoreException fault = broken == null ? checkpoints.fault() : broken;
        if (fault != null) {
            throw new StoreException(fault.kind(), "Nothing is written since an earlier fault: " + fault.getMessage(), fault);
        }
    }

    private void rollBack(Exception cause) {
        segments.rollBack();
        ledger.rollBack();
        batches.rollBack();
        queues.rollBack();
        live.rollBack();
        fresh.rollBack();
        bodies.rollBack();
        statements.forget();
        try {
            statements.connection().rollback();
        } catch (SQLException e) {
            // SQLite rolls back by itself after some faults; then only the next transaction has to be begun.
            try (Statement statement = statements.connection().createStatement()) {
                statement.execute("BEGIN");
            } catch (SQLException again) {
                cause.addSuppressed(again);
                broken = new StoreException(
                        Kind.UNUSABLE, "A failed transaction could not be rolled back in " + settings.dir(), again);
            }
        }
    }

    /** Why nothing new is taken just now for want of space; empty when it would be. */
    synchronized Optional<StoreException> noRoom() {
        try {
            refuseIfBroken();
            refuseIfNoRoom();
            return Optional.empty();
        } catch (StoreException e) {
            return Optional.of(e);
        }
    }

    private void refuseIfFull(List<Change> changes) {
        refuseIfBroken();
        if (needSpace(changes)) {
            refuseIfNoRoom();
        }
    }

    private void refuseIfNoRoom() {
        long now = settings.clock().getAsLong();
        if (checkpoints.full()) {
            reserve.release(now);
            checkpoints.fullSeen();
        }
        if (!reserve.room(now)) {
            if (Files.notExists(settings.dir())) {
                throw new StoreException(
                        Kind.UNUSABLE,
                        "The data folder " + settings.dir() + " is gone, and what was in it. Restore it, then start again.",
                        null);
            }
            throw new StoreException(
                    Kind.FULL,
                    "The disk with " + settings.dir() + " is full: less than " + settings.limits().walBytes()
                            + " bytes and the reserve of " + settings.limits().reserveBytes() + " are free."
                            + " Free some space; new tasks are refused until then.",
                    null);
        }
        if (settings.limits().maxBytes() < Long.MAX_VALUE) {
            refuseIfOverCap();
        }
    }

    private void refuseIfOverCap() {
        try {
            long pages = number("PRAGMA page_count") - number("PRAGMA freelist_count");
            statements.connection().rollback(); // these have begun a read, which would hold back the log
            long max = settings.limits().maxBytes();
            if (pages * Connections.PAGE_BYTES >= max) {
                throw new StoreException(
                        Kind.FULL,
                        "The data in " + settings.dir() + " takes " + pages * Connections.PAGE_BYTES + " bytes, at most " + max
                                + " are allowed. Raise the limit or wait until old tasks are forgotten.",
                        null);
            }
        } catch (SQLException e) {
            rollBack(e);
            throw faults.explain("The size of the database could not be read", e);
        }
    }

    private long number(String sql) throws SQLException {
        try (ResultSet row = statements.get(sql).executeQuery()) {
            return row.getLong(1);
        }
    }

    private static boolean needSpace(List<Change> changes) {
        for (int i = 0; i < changes.size(); i++) {
            switch (changes.get(i)) {
                case Change.Submit submit -> {
                    return true;
                }
                case Change.PutBody put -> {
                    return true;
                }
                case Change.Move move -> {
                    if (move.body() != null) {
                        return true;
                    }
                }
                default -> {}
            }
        }
        return false;
    }
}
