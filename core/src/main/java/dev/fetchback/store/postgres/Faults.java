package dev.fetchback.store.postgres;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.sql.SQLException;

/**
 * Says in our words what PostgreSQL said in its own (appendix A of its manual: error codes).
 *
 * @param place host, port and database, for the messages
 */
record Faults(String place) {
    private static final String DEADLOCK = "40P01";
    private static final String SERIALIZATION = "40001";
    private static final String NO_PARTITION = "23514";
    private static final String NO_LOCK = "55P03";
    private static final String DISK_FULL = "53100";
    private static final int CLASS = 2; // characters of a code that say what class it is of

    /** The same fault as an exception for callers; a fault of our own SQL is an {@link IllegalStateException}. */
    RuntimeException explain(String what, SQLException e) {
        String said = " (" + first(e) + ")";
        String state = state(e);
        if (state.equals(DISK_FULL)) {
            return new StoreException(Kind.FULL,
                    what + ": there is no space left at the database " + place + said
                            + ". Free some; new tasks are refused until then.", e);
        }
        if (lost(e)) {
            return new StoreException(Kind.UNAVAILABLE,
                    what + ": the database " + place + " cannot be reached just now" + said + ". It is tried again by itself.", e);
        }
        return switch (state.length() < CLASS ? "" : state.substring(0, CLASS)) {
            // Out of memory or connections, a lock not got in time, cancelled by a time limit, a conflict, a standby.
            case "53", "55", "57", "40", "25" -> new StoreException(Kind.UNAVAILABLE,
                    what + ": the database " + place + " could not do it just now" + said + ". It is tried again by itself.", e);
            case "28" -> new StoreException(Kind.UNAVAILABLE,
                    what + ": the database " + place + " lets this user in no more" + said
                            + ". Check the user and FETCHBACK_STORE_PASSWORD; it is tried again by itself.", e);
            case "58" -> new StoreException(Kind.UNAVAILABLE,
                    what + ": the server of the database " + place + " has trouble with its disk" + said + ".", e);
            case "XX" -> new StoreException(Kind.CORRUPT,
                    what + ": the database " + place + " is damaged" + said + ". Restore a backup.", e);
            default -> new IllegalStateException(what + said, e);
        };
    }

    /** Whether the connection is gone, so that nobody knows what became of what was sent. */
    static boolean lost(SQLException e) {
        String state = state(e);
        return state.isEmpty() || state.startsWith("08") || state.startsWith("57P"); // 57P: the server is being stopped
    }

    /** Whether the same may work at once when it is tried again from its beginning. */
    static boolean again(SQLException e) {
        String state = state(e);
        return state.equals(DEADLOCK) || state.equals(SERIALIZATION);
    }

    /** Whether a row had a span that is there no more. */
    static boolean noPartition(SQLException e) {
        return state(e).equals(NO_PARTITION);
    }

    /** Whether somebody else held a lock for too long. */
    static boolean locked(SQLException e) {
        return state(e).equals(NO_LOCK);
    }

    /** The code of a fault; empty when it has none, as when no connection was got in time. */
    static String state(SQLException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return "";
    }

    /** The first line of the innermost message: what follows are places in the server's source. */
    static String first(Throwable e) {
        Throwable inner = e;
        while (inner.getCause() instanceof SQLException cause) {
            inner = cause;
        }
        String message = String.valueOf(inner.getMessage());
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }
}
