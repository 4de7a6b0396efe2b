package dev.fetchback.store.sqlite;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.nio.file.Path;
import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;

/**
 * Says in our words what SQLite said in its own.
 *
 * @param dir the data folder, for the messages
 */
record Faults(Path dir) {
    private static final int PRIMARY = 0xff; // sqlite.org/rescode.html: the low 8 bits of an extended result code

    /** The same fault as an exception for callers; a fault of our own SQL is an {@link IllegalStateException}. */
    RuntimeException explain(String what, SQLException e) {
        String said = " (" + e.getMessage() + ")";
        return switch (primary(e)) {
            case SQLITE_FULL ->
                new StoreException(
                        Kind.FULL,
                        what + ": there is no space left in " + dir + said
                                + ". Free some, or raise the limit; new tasks are refused until then.",
                        e);
            case SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_NOLFS ->
                new StoreException(
                        Kind.UNUSABLE,
                        what + ": the data folder " + dir + " cannot be read or written" + said
                                + ". Look at the disk and the folder's rights, then start again.",
                        e);
            case SQLITE_BUSY, SQLITE_LOCKED ->
                new StoreException(
                        Kind.UNUSABLE,
                        what + ": another program holds the database in " + dir + said
                                + ". Only Fetchback may open it while it runs; stop the other program, then start again.",
                        e);
            case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT ->
                new StoreException(
                        Kind.CORRUPT,
                        what + ": the database in " + dir + " is damaged" + said
                                + ". Keep a copy of the folder, then restore a backup or start with an empty folder.",
                        e);
            default -> new IllegalStateException(what + said, e);
        };
    }

    static boolean full(SQLException e) {
        return primary(e) == SQLiteErrorCode.SQLITE_FULL;
    }

    private static SQLiteErrorCode primary(SQLException e) {
        if (e.getErrorCode() == SQLiteErrorCode.SQLITE_IOERR_SHMSIZE.code) {
            return SQLiteErrorCode.SQLITE_FULL; // the index of the log could not grow: the only cause is a full disk
        }
        return SQLiteErrorCode.getErrorCode(e.getErrorCode() & PRIMARY);
    }
}
