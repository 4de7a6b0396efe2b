package dev.fetchback.store.postgres;

import dev.fetchback.store.Aside;
import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One commit on its way into the tables: changes are gathered, and a kind of them goes with one statement however many they are. Made
 * anew for each try. Rows that others may want as well are locked in the order of their keys, and those of queues last, so that
 * nodes seldom meet crosswise; where they do, the server ends one, which is tried again.
 */
final class Transaction {
    /** Of each statement; but not of COMMIT: one that waits for its standby must not be cut short and called done. */
    private static final String STATEMENT_MAX = "15s";

    /** What a node that has gained shards waits for: those that hold it may still believe that these are theirs. See {@link Membership}. */
    static final long COMMITTING = 0x6665_7463_6862_6163L; // "fetchbac"

    // Two statements, as the second must see what was committed before the first was done.
    private static final String BEGIN = "SELECT pg_advisory_xact_lock_shared(" + COMMITTING + "); SELECT pg_current_xact_id()::text,"
            + " (SELECT bit_or(1::int8 << s.n) FROM shard s WHERE s.epoch=?"
            + " AND EXISTS(SELECT 1 FROM node WHERE epoch=? AND expires > clock_timestamp() + ?::float8 * interval '1 ms')),"
            + " (extract(epoch FROM pg_postmaster_start_time())*1000000)::int8, set_config('statement_timeout', '" + STATEMENT_MAX + "', true)";

    private final Connection connection;
    private final Result[] results;
    private final Queues queues;
    private final Tally tally;
    private final Bodies bodies;
    private final Wave wave;
    private final SavedReceivers receivers = new SavedReceivers();
    private final int epoch;
    private final boolean settles;
    private String xid = "";
    private long server;

    /**
     * What does not change from one commit to the next.
     *
     * @param lease how long the node's lease lasts, milliseconds
     */
    record Around(Spans spans, Retention retention, LongSupplier clock, long lease) {}

    /** What a node remembers from one commit to the next. */
    record Memory(Pending pending, Bounds bounds) {}

    Transaction(Connection connection, Around around, Membership membership, Memory memory, int changes) throws SQLException {
        this.epoch = membership.epoch();
        this.connection = connection;
        this.results = new Result[changes];
        long startable = begin(epoch, around.lease()) & membership.owned();
        this.tally = new Tally();
        memory.bounds().holdFor(new Bounds.Of(server, membership.moves().lost()));
        long quiet = startable & membership.quiet();
        this.settles = quiet == startable;
        this.queues = new Queues(quiet, memory.bounds());
        long now = around.clock().getAsLong();
        this.bodies = new Bodies(connection, tally, memory.pending(), epoch, around.spans().at(Spans.Kind.BODY, now));
        this.wave = new Wave(new Wave.Into(connection, queues, tally, bodies, new SeenRows(connection), results),
                new Wave.Owner(epoch, startable), around.spans().at(Spans.Kind.DONE, now), around.retention().finished().toMillis());
    }

    /** The server's number of this transaction: it can be asked later what became of it. */
    String xid() {
        return xid;
    }

    /** It was committed: what it made known may be used. */
    void committed() {
        queues.committed();
    }

    /** All but the COMMIT. */
    Result[] run(List<Change> changes) throws SQLException {
        for (int i = 0; i < results.length; i++) {
            add(changes.get(i), i);
        }
        wave.flush();
        queues.flush(connection);
        receivers.flush(connection, epoch, results);
        tally.flush(connection); // the last, as it takes the limit off
        return results;
    }

    private void add(Change change, int at) throws SQLException {
        results[at] = Result.Applied.APPLIED;
        switch (change) {
            case Change.Submit submit -> wave.add(submit, at);
            case Change.Move move -> wave.add(move, at);
            case Change.PutBody put -> {
                wave.flushIfIn(put.id());
                results[at] = bodies.put(put) ? Result.Applied.APPLIED : Result.Stale.STALE;
            }
            case Change.Delete delete -> {
                wave.flush();
                results[at] = wave.delete(delete.id()) ? Result.Applied.APPLIED : Result.Stale.STALE;
            }
            case Change.NewBatch batch -> BatchRows.add(connection, batch.id(), batch.owner());
            case Change.SaveReceiver save -> receivers.add(save, at);
            case Change.Restore(Aside aside) -> { // by itself, after what it counts was stored
                wave.flush();
                AsideRows.restore(connection, aside);
            }
            case Change.Hurry hurry -> {
                wave.flush();
                results[at] = queues.hurry(connection, hurry) ? Result.Applied.APPLIED : Result.Stale.STALE;
            }
            case Change.SettleQueue settle -> {
                queues.settle(settle.queue());
                results[at] = settles ? Result.Applied.APPLIED : Result.Stale.STALE;
            }
        }
    }

    private long begin(int epoch, long lease) throws SQLException {
        try (PreparedStatement begin = connection.prepareStatement(BEGIN)) {
            begin.setInt(1, epoch);
            begin.setInt(2, epoch);
            begin.setLong(3, lease / 2); // a start that is on its way while the lease ends has its transaction ended by then
            begin.execute();
            begin.getMoreResults();
            try (ResultSet row = begin.getResultSet()) {
                row.next();
                xid = row.getString(1);
                server = row.getLong(3);
                return row.getLong(2);
            }
        }
    }

    /** What strangers wrote may have the one character that the server does not take. */
    static @Nullable String text(@Nullable String text) {
        return text == null ? null : text.replace('\0', '\uFFFD');
    }
}
