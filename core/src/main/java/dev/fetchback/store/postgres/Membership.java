package dev.fetchback.store.postgres;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.Phase;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * This node among the others: its epoch, its lease, and the shards it owns. A node is alive as long as it has a row; whoever finds
 * one that is over its time removes it, and from then on what it had is free. Times are the database's, but for this node's own
 * deadline, which is counted from before it asked, so that it is never later than what the others see.
 */
final class Membership implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Membership.class.getName());
    private static final int BEATS = 4; // in a lease: two may fail
    private static final long AGAIN_MILLIS = 500; // a server that was restarted is back within seconds
    private static final Duration ASK_AGAIN = Duration.ofMillis(100);
    private static final Duration CLOSE_MAX = Duration.ofSeconds(5);
    private static final long TELL_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** How long after the last other node its tasks are looked for. */
    private static final long SHARED_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** A shard whose fetches do not end is handed on without waiting for them. */
    private static final int LEAVING_LEASES_MAX = 5;
    /** How often it is looked whether a dead node began something that nobody saw, in beats. */
    private static final int LOOK_BEATS = 16;

    private static final String FREE_NAME = "DELETE FROM node WHERE name=? AND expires<clock_timestamp()";
    private static final String JOIN = "INSERT INTO node(epoch, name, expires, since, program)"
            + " VALUES(nextval('node_epoch'), ?, clock_timestamp()+?::float8*interval '1 ms', clock_timestamp(), ?)"
            + " ON CONFLICT (name) DO NOTHING RETURNING epoch";
    /** Of this program; null when it is not packaged. */
    private static final @Nullable String PROGRAM = Membership.class.getPackage().getImplementationVersion();
    private static final String EXPIRES = "SELECT extract(epoch FROM expires)*1000 FROM node WHERE name=?";
    private static final String RENEW = "UPDATE node SET expires=clock_timestamp()+?::float8*interval '1 ms' WHERE epoch=?";
    private static final String BURY = "DELETE FROM node WHERE expires<clock_timestamp() RETURNING epoch, name";
    private static final String NODES = "SELECT count(*) FROM node";
    private static final String MINE = "SELECT bit_or(1::int8 << n) FROM shard WHERE epoch=?";
    /** Takes shards, and tells which of them nobody had before. */
    private static final String TAKE = "WITH free AS (SELECT s.n, s.epoch FROM shard s"
            + " WHERE NOT EXISTS(SELECT 1 FROM node d WHERE d.epoch=s.epoch) ORDER BY s.n LIMIT ? FOR UPDATE SKIP LOCKED),"
            + " taken AS (UPDATE shard t SET epoch=? FROM free WHERE t.n=free.n)"
            + " SELECT coalesce(bit_or(1::int8 << n), 0) FROM free WHERE epoch=0";
    private static final String LET_GO = "UPDATE shard SET epoch=-epoch WHERE epoch=?";
    private static final String HAND_ON = "UPDATE shard s SET epoch=-epoch WHERE s.epoch=? AND s.n=ANY(?::int4[]) AND (? OR NOT EXISTS("
            + "SELECT 1 FROM running r WHERE r.epoch=s.epoch AND r.shard=s.n AND r.phase=" + Phase.FETCH_RUNNING.code() + "))";
    /** Waits until every commit is over that began before, and no longer than the others may wait for that. */
    private static final String HUSH = "SELECT pg_advisory_xact_lock(" + Transaction.COMMITTING + ") FROM set_config('lock_timeout', '1s', true)";
    private static final String LEAVE = "DELETE FROM node WHERE epoch=?";

    private final Connections connections;
    private final String name;
    private final String place;
    private final long leaseMillis;
    private final Lease lease;
    private final Thread thread;
    private final Tenure tenure = new Tenure();
    private volatile int epoch;
    private volatile long owned;
    private volatile long quiet;
    private volatile Moves moves = new Moves(0, 0, 0);
    private volatile int nodes = 1;
    private volatile long leaving; // owned still, but nothing of these is started any more
    private volatile long sharedAt = System.nanoTime() - SHARED_NANOS; // when there were others
    private volatile Runnable listener = () -> {};
    private volatile boolean closing;
    private long toldAt = System.nanoTime() - TELL_EVERY_NANOS; // the thread's own, as are the next
    private long leavingSince;
    private int beats;

    /** See {@link dev.fetchback.store.Store.Share}. */
    record Moves(int owned, long gained, long lost) {}

    private Membership(Connections connections, PostgresSettings settings, Faults faults) {
        this.connections = connections;
        this.name = settings.node();
        this.place = faults.place();
        this.leaseMillis = settings.lease().toMillis();
        this.lease = new Lease(settings.lease());
        this.thread = Thread.ofPlatform().name("store-lease").daemon(true).unstarted(this::run);
    }

    /**
     * Joins the others, and takes what is free.
     *
     * @throws StoreException when a node of this name is alive
     */
    static Membership join(Connections connections, PostgresSettings settings, Faults faults) throws SQLException {
        Membership membership = new Membership(connections, settings, faults);
        membership.joinAs(faults);
        membership.beat();
        membership.thread.start();
        membership.lease.start();
        return membership;
    }

    /** Greater than that of every node that joined before. */
    int epoch() {
        return epoch;
    }

    /** The shards that this node may start tasks of just now, as far as it knows without asking: half of its lease must be left. */
    long owned() {
        return lease.lasts() ? owned & ~leaving : Shards.NONE;
    }

    /**
     * Of the shards that were this node's a moment ago those whose queues nobody else can settle: no commit is under way that began
     * while they were another's. The owner of a shard need not lock the row of a queue to put a task into it, so a commit of a
     * former owner may have put one there that nobody sees yet.
     */
    long quiet() {
        return quiet;
    }

    /** See {@link dev.fetchback.store.Store#lapse}. */
    Optional<StoreException> lapse() {
        Duration over = lease.over();
        return over.isNegative() ? Optional.empty() : Optional.of(new StoreException(Kind.UNAVAILABLE, "This node could not renew its lease at"
                + " the database " + place + " for " + over.plusNanos(lease.nanos()).toSeconds() + " s, so others may do its work (node-lease is "
                + leaseMillis + " ms). What it had under way is ended; it goes on by itself once the database answers.", null));
    }

    Lease lease() {
        return lease;
    }

    /** Shards that are this node's, that became it since the start, and that are no longer. */
    Moves moves() {
        return moves;
    }

    private void own(long shards) {
        Moves before = moves;
        long gained = before.gained + Long.bitCount(shards & ~owned);
        moves = new Moves(Long.bitCount(shards), gained, before.lost + Long.bitCount(owned & ~shards));
        tenure.own(shards, owned);
        owned = shards;
        quiet &= shards;
    }

    Tenure tenure() {
        return tenure;
    }

    /** How many nodes there were at the last beat, this one included. */
    int nodes() {
        return nodes;
    }

    /** Whether other nodes may put tasks into this one's queues. */
    boolean shared() {
        return nodes > 1 || System.nanoTime() - sharedAt < SHARED_NANOS;
    }

    /** @param heard when there may be work that others had, on this node's own thread */
    void listen(Runnable heard) {
        listener = heard;
    }

    /** A name may be that of a node that was killed a moment ago: then its lease ends within its time. One that is renewed is alive. */
    private void joinAs(Faults faults) throws SQLException {
        Double first = null;
        while (!tryJoin()) {
            Double expires = expires();
            if (first != null && expires != null && expires > first) {
                throw new StoreException(Kind.IN_USE, "A node named '" + name + "' is running on the database " + faults.place()
                        + ". Give each node a name of its own (node-name), or stop the other.", null);
            }
            first = first == null ? expires : first;
            LockSupport.parkNanos(ASK_AGAIN.toNanos());
        }
    }

    private boolean tryJoin() throws SQLException {
        long asked = System.nanoTime();
        try (Connection connection = connections.write();
                PreparedStatement free = connection.prepareStatement(FREE_NAME);
                PreparedStatement join = connection.prepareStatement(JOIN)) {
            free.setString(1, name);
            free.executeUpdate();
            join.setString(1, name);
            join.setLong(2, leaseMillis);
            join.setString(3, PROGRAM);
            boolean joined;
            int got = 0;
            try (ResultSet row = join.executeQuery()) {
                joined = row.next();
                if (joined) {
                    got = row.getInt(1);
                }
            }
            connection.commit();
            if (joined) {
                epoch = got;
                own(Shards.NONE);
                lease.renewed(asked);
            }
            return joined;
        }
    }

    private @Nullable Double expires() throws SQLException {
        try (Connection connection = connections.write();
                PreparedStatement find = connection.prepareStatement(EXPIRES)) {
            find.setString(1, name);
            try (ResultSet row = find.executeQuery()) {
                Double expires = row.next() ? row.getDouble(1) : null;
                connection.rollback();
                return expires;
            }
        }
    }

    private void run() {
        long pause = leaseMillis / BEATS;
        while (!closing) {
            LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(pause));
            if (closing) {
                return;
            }
            try {
                pause = leaseMillis / BEATS;
                beat();
            } catch (SQLException | RuntimeException e) {
                pause = Math.min(pause, AGAIN_MILLIS);
                long now = System.nanoTime();
                if (now - toldAt >= TELL_EVERY_NANOS) {
                    toldAt = now;
                    LOG.log(Level.WARNING, "the lease of this node could not be renewed, trying again node={0} reason={1}",
                            name, e instanceof SQLException sql ? Faults.first(sql) : e.toString());
                }
            }
        }
    }

    /** Says that this node lives, buries those that do not, and takes its share of what is free. */
    private void beat() throws SQLException {
        long before = owned();
        long asked = System.nanoTime();
        try (Connection connection = connections.lease()) {
            if (Numbers.update(connection, RENEW, leaseMillis, epoch) == 0) {
                connection.rollback();
                lost();
                return;
            }
            connection.commit(); // whatever follows may take its time
            lease.renewed(asked);
            boolean buried = bury(connection);
            int alive = (int) Numbers.ask(connection, NODES);
            own(Numbers.ask(connection, MINE, epoch)); // first, as what is lost and taken back in one go was lost
            long mine = share(connection, owned, Math.ceilDiv(Shards.COUNT, Math.max(1, alive)));
            connection.commit();
            boolean first = alive > 1 && !shared();
            sharedAt = alive > 1 ? System.nanoTime() : sharedAt;
            nodes = alive;
            own(mine);
            hush(connection);
            boolean gained = (owned() & ~before) != Shards.NONE; // also what it could not start while its lease had lapsed
            if (gained || buried || first || ++beats % LOOK_BEATS == 0) {
                listener.run();
            }
        }
    }

    /** Where a commit takes too long the next beat sees to it. */
    private void hush(Connection connection) throws SQLException {
        if (owned == quiet) {
            return;
        }
        try (PreparedStatement hush = connection.prepareStatement(HUSH)) {
            hush.execute();
            connection.commit();
            quiet = owned;
        } catch (SQLException e) {
            connection.rollback();
            if (!Faults.locked(e)) {
                throw e;
            }
        }
    }

    /** Takes what is free up to this node's share, or hands on what is beyond it; returns what is this node's then. */
    private long share(Connection connection, long mine, int share) throws SQLException {
        int room = share - Long.bitCount(mine);
        if (room >= 0) {
            leaving = Shards.NONE;
            if (room == 0) {
                return mine;
            }
            tenure.untouched(Numbers.ask(connection, TAKE, room, epoch));
            return Numbers.ask(connection, MINE, epoch);
        }
        long go = leaving & mine;
        if (go != Shards.NONE) { // those of the last beat: what was begun since then by a commit under way is there by now
            boolean anyway = System.nanoTime() - leavingSince > LEAVING_LEASES_MAX * TimeUnit.MILLISECONDS.toNanos(leaseMillis);
            try (PreparedStatement handOn = connection.prepareStatement(HAND_ON)) {
                handOn.setInt(1, epoch);
                Columns.numbers(handOn, 2, Shards.numbers(go));
                handOn.setBoolean(3, anyway);
                handOn.executeUpdate();
            }
        } else {
            leavingSince = System.nanoTime();
        }
        long left = Numbers.ask(connection, MINE, epoch);
        long stay = left & ~go;
        for (go &= left; Long.bitCount(stay) > share; stay &= stay - 1) {
            go |= Long.lowestOneBit(stay);
        }
        leaving = go;
        return left;
    }

    /** The others took this node for dead: what it had under way is theirs, and it begins anew. */
    private void lost() throws SQLException {
        own(Shards.NONE);
        leaving = Shards.NONE;
        lease.lose();
        int before = epoch;
        if (tryJoin()) {
            LOG.log(Level.WARNING, "the lease of this node was lost, it joined again node={0} epoch_before={1} epoch={2}",
                    name, before, epoch);
            beat();
        }
    }

    private void leave() throws SQLException {
        try (Connection connection = connections.write()) {
            Numbers.update(connection, LET_GO, epoch);
            Numbers.update(connection, LEAVE, epoch);
            connection.commit();
        }
    }

    private static boolean bury(Connection connection) throws SQLException {
        boolean any = false;
        try (PreparedStatement bury = connection.prepareStatement(BURY);
                ResultSet row = bury.executeQuery()) {
            while (row.next()) {
                any = true;
                LOG.log(Level.WARNING, "a node was not heard of any more, its work is taken over node={0} epoch={1}",
                        row.getString(2), row.getInt(1));
            }
        }
        return any;
    }

    /** Leaves, so that the others need not wait for the lease to end. What cannot be said because nobody listens ends by itself. */
    @Override
    public void close() {
        closing = true;
        lease.close();
        LockSupport.unpark(thread);
        boolean interrupted = false;
        try {
            thread.join(CLOSE_MAX);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        owned = Shards.NONE;
        try {
            try {
                leave();
            } catch (SQLException e) {
                leave(); // the first connection may be one of before a restart of the server
            }
        } catch (SQLException e) {
            LOG.log(Level.WARNING, "the node could not say that it leaves, its lease ends by itself node={0} reason={1}",
                    name, Faults.first(e));
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
