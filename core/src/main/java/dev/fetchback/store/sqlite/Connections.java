package dev.fetchback.store.sqlite;

import dev.fetchback.store.StoreException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;

/** Opens connections with every setting spelled out: the driver's defaults are not ours and change between its versions. */
final class Connections {
    /** 4 KiB: a waiting task touches pages in random places, and with 8 KiB commits wrote a fifth to a half more. */
    static final int PAGE_BYTES = 4096;

    private static final int KIBI = 1024;
    /** Nobody else may hold the file, so only our own checkpoint can be in the way, for milliseconds. */
    private static final int BUSY_MILLIS = 5_000;

    private Connections() {}

    /** The one that writes. */
    static Connection writer(Path database, long cacheBytes) throws SQLException {
        Connection writer = open(
                new SQLiteConfig(),
                database,
                cacheBytes,
                "page_size=" + PAGE_BYTES, // before the journal mode, which makes the file
                "journal_mode=WAL",
                // FULL is an fsync of the log for every commit: what was acknowledged survives a power cut.
                "synchronous=FULL",
                "wal_autocheckpoint=0", // see Checkpoints
                "journal_size_limit=-1"); // a log that keeps its length is overwritten without new blocks: a faster fsync
        try (Statement statement = writer.createStatement();
                ResultSet mode = statement.executeQuery("PRAGMA journal_mode")) {
            String got = mode.getString(1);
            if (got.equals("wal")) {
                return writer;
            }
            writer.close();
            throw new StoreException(
                    StoreException.Kind.UNUSABLE,
                    "The file system of " + database + " does not let SQLite share memory, which a write-ahead log needs"
                            + " (journal mode " + got + "). Use a folder on a local disk.",
                    null);
        }
    }

    /** One that copies the log into the database. */
    static Connection checkpointer(Path database) throws SQLException {
        return open(new SQLiteConfig(), database, KIBI * KIBI, "synchronous=FULL", "wal_autocheckpoint=0");
    }

    /** One that cannot write. */
    static Connection reader(Path database, long cacheBytes) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        return open(config, database, cacheBytes, "query_only=1");
    }

    private static Connection open(SQLiteConfig config, Path database, long cacheBytes, String... pragmas) throws SQLException {
        config.setBusyTimeout(BUSY_MILLIS);
        config.setGetGeneratedKeys(false); // otherwise a second statement after every insert
        config.enableLoadExtension(false);
        Connection connection = config.createConnection("jdbc:sqlite:" + database.toAbsolutePath());
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA foreign_keys=0");
            statement.execute("PRAGMA temp_store=MEMORY");
            statement.execute("PRAGMA mmap_size=0"); // a fault of the disk must be an error, not a signal
            statement.execute("PRAGMA cache_size=-" + Math.max(1, cacheBytes / KIBI)); // negative: KiB, not pages
            for (String pragma : pragmas) {
                statement.execute("PRAGMA " + pragma);
            }
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }
}
