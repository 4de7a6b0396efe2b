package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Commits, one at a time. Where the connection is lost while the server commits, it is asked afterwards what became of it, by its
 * own number of the transaction and by what it left: nothing is called stored that is not, and nothing is stored twice.
 */
final class Writer {
    private static final int TRIES = 5; // nodes that meet crosswise; each try has the others' commit behind it
    private static final String STATUS = "SELECT pg_xact_status(?::xid8)";
    private static final String IN_FUTURE = "22023"; // a number that this server has not given out: it never had the transaction

    private final Connections connections;
    private final Faults faults;
    private final Transaction.Around around;
    private final Membership membership;
    private final Transaction.Memory memory = new Transaction.Memory(new Pending(), new Bounds());
    private @Nullable Undecided undecided;
    private boolean closed;

    /** A commit of which nobody knows yet whether it is one. */
    private record Undecided(List<Change> changes, String xid, List<Result> results) {}

    Writer(Connections connections, Faults faults, Transaction.Around around, Membership membership) {
        this.connections = connections;
        this.faults = faults;
        this.around = around;
        this.membership = membership;
    }

    synchronized List<Result> commit(List<Change> changes) {
        refuseIfClosed();
        try {
            Undecided open = undecided;
            if (open != null) {
                boolean stored = stored(open);
                undecided = null;
                if (stored && open.changes().equals(changes)) {
                    return open.results();
                }
            }
            return tried(changes);
        } catch (SQLException e) {
            throw faults.explain("The changes could not be stored", e);
        }
    }

    private List<Result> tried(List<Change> changes) throws SQLException {
        for (int tries = 1; ; tries++) {
            try {
                return once(changes);
            } catch (SQLException e) {
                boolean span = Faults.noPartition(e);
                // A connection that was lost before COMMIT, as one from before a restart of the server: the server forgets it all.
                boolean stale = Faults.lost(e) && !(e instanceof SQLTransientConnectionException);
                if (!(Faults.again(e) || span || stale) || tries == TRIES) {
                    throw e;
                }
                if (span) {
                    readSpans();
                }
            }
        }
    }

    private List<Result> once(List<Change> changes) throws SQLException {
        try (Connection connection = connections.write()) {
            Transaction transaction = new Transaction(connection, around, membership, memory, changes.size());
            List<Result> results = Arrays.asList(transaction.run(changes));
            try {
                connection.commit();
            } catch (SQLException e) {
                if (Faults.lost(e)) {
                    undecided = new Undecided(changes, transaction.xid(), results);
                    throw new StoreException(Kind.UNDECIDED, "The connection to the database " + faults.place()
                            + " was lost while it committed (" + Faults.first(e) + "). It is asked what became of it.", e);
                }
                throw e;
            }
            transaction.committed();
            return results;
        }
    }

    /** Whether a transaction was committed. */
    private boolean stored(Undecided open) throws SQLException {
        try (Connection connection = connections.write();
                PreparedStatement status = connection.prepareStatement(STATUS)) {
            status.setString(1, open.xid());
            try (ResultSet row = status.executeQuery()) {
                row.next();
                String said = String.valueOf(row.getString(1));
                boolean shows = said.equals("committed") && new Aftermath(connection, open.xid()).shows(open.changes(), open.results());
                connection.rollback();
                return switch (said) {
                    case "committed" -> shows;
                    case "aborted" -> false;
                    default -> throw new StoreException(Kind.UNDECIDED, "The database " + faults.place()
                            + " does not know yet what became of a commit (" + said + "). It is asked again.", null);
                };
            } catch (SQLException e) {
                if (Faults.state(e).equals(IN_FUTURE)) {
                    return false;
                }
                throw e;
            }
        } catch (SQLException e) {
            throw new StoreException(Kind.UNDECIDED, "The database " + faults.place()
                    + " cannot be asked what became of a commit (" + Faults.first(e) + "). It is asked again.", e);
        }
    }

    private void readSpans() throws SQLException {
        try (Connection connection = connections.write()) {
            around.spans().read(connection);
            connection.rollback();
        }
    }

    /** A step of forgetting; false when there is no more to do now. */
    synchronized boolean prune(Pruner pruner, long now) {
        refuseIfClosed();
        try (Connection connection = connections.write()) {
            boolean more = pruner.prune(connection, now);
            connection.commit();
            around.spans().read(connection);
            connection.rollback();
            return more;
        } catch (SQLException e) {
            if (Faults.locked(e) || Faults.again(e)) {
                return false; // somebody reads what is to be dropped; the next time will do
            }
            throw faults.explain("Old tasks could not be forgotten", e);
        }
    }

    /** Why nothing can be stored just now; empty when it can. */
    synchronized @Nullable StoreException reach() {
        refuseIfClosed();
        try (Connection connection = connections.write();
                PreparedStatement ask = connection.prepareStatement("SELECT 1");
                ResultSet row = ask.executeQuery()) {
            row.next();
            return null;
        } catch (SQLException e) {
            return faults.explain("Nothing can be stored", e) instanceof StoreException fault ? fault
                    : new StoreException(Kind.UNAVAILABLE, "Nothing can be stored: " + Faults.first(e), e);
        }
    }

    synchronized void close() {
        closed = true;
    }

    private void refuseIfClosed() {
        if (closed) {
            throw new StoreException(Kind.CLOSED, "The store at " + faults.place() + " is closed; nothing was stored.", null);
        }
    }
}
