package dev.fetchback.store.sqlite;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteConfig.TempStore;

/** Opens connections with every setting spelled out: the driver's defaults are not ours and change between its versions. */
final class Connections {
    /** 8 KiB: an outcome with its headers fits a page, and commits were up to a fifth faster than with 4 KiB. */
    static final int PAGE_BYTES = 8192;

    private static final int KIBI = 1024;
    /** Nobody else may hold the file, so only our own checkpoint can be in the way, for milliseconds. */
    private static final int BUSY_MILLIS = 5_000;

    private Connections() {}

    /** The one that writes; transactions are begun by hand. */
    static Connection writer(Path database, long cacheBytes) throws SQLException {
        SQLiteConfig config = common(cacheBytes);
        config.setPageSize(PAGE_BYTES);
        config.setJournalMode(JournalMode.WAL);
        // FULL is an fsync of the log for every commit: what was acknowledged survives a power cut.
        config.setSynchronous(SynchronousMode.FULL);
        config.setWalAutocheckpoint(0); // see Checkpoints
        config.setJournalSizeLimit(-1); // a log that keeps its length is overwritten without new blocks, which is a faster fsync
        return open(config, database);
    }

    /** One that copies the log into the database. */
    static Connection checkpointer(Path database) throws SQLException {
        SQLiteConfig config = common(KIBI * KIBI);
        config.setSynchronous(SynchronousMode.FULL);
        config.setWalAutocheckpoint(0);
        return open(config, database);
    }

    /** One that cannot write. */
    static Connection reader(Path database, long cacheBytes) throws SQLException {
        SQLiteConfig config = common(cacheBytes);
        config.setReadOnly(true);
        Connection connection = open(config, database);
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA query_only=1");
        }
        return connection;
    }

    private static SQLiteConfig common(long cacheBytes) {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(BUSY_MILLIS);
        config.setCacheSize((int) Math.min(Integer.MAX_VALUE, -Math.max(1, cacheBytes / KIBI))); // negative: KiB, not pages
        config.setTempStore(TempStore.MEMORY);
        config.enforceForeignKeys(false);
        config.enableLoadExtension(false);
        config.setGetGeneratedKeys(false); // otherwise a second statement after every insert
        return config;
    }

    private static Connection open(SQLiteConfig config, Path database) throws SQLException {
        return config.createConnection("jdbc:sqlite:" + database.toAbsolutePath());
    }
}
