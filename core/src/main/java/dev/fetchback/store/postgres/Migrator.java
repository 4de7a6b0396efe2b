package dev.fetchback.store.postgres;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Brings a database from its version of the schema to the newest, while nodes work on it. Each step is one transaction, so that whoever is
 * killed in between leaves whole steps. A step that waits for a table has all others of that table wait behind it: it gives up soon, and
 * comes again a little later.
 */
final class Migrator {
    private static final Logger LOG = System.getLogger(Migrator.class.getName());
    /** Of everybody who changes the schema: "FtBk". */
    private static final long LOCK = 0x4674_426b;

    /** A small part of the shortest lease, as leases are renewed in a table, too. */
    private static final String LOCK_MAX = "200ms";
    private static final Duration AGAIN = Duration.ofMillis(300);
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** By one look at all names, as another node may be making the tables just now. */
    private static final String LOOK = "SELECT coalesce(bool_or(relname='fetchback'), false), count(relname)>0, current_schema() FROM pg_class"
            + " WHERE relnamespace=(SELECT oid FROM pg_namespace WHERE nspname=current_schema())"
            + " AND relname IN ('fetchback', 'running', 'waiting', 'node')";
    private static final String RIGHTS = "SELECT current_user, current_schema(), has_schema_privilege(current_schema(), 'CREATE'),"
            + " (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid=to_regclass('fetchback')"
            + " AND NOT pg_has_role(relowner, 'USAGE'))";
    private static final String OLDEST = "SELECT 'process ' || pid || ' (' || coalesce(nullif(application_name, ''), 'without a name')"
            + " || '), which began ' || round(extract(epoch FROM clock_timestamp()-xact_start)) || ' s ago' FROM pg_stat_activity"
            + " WHERE datname=current_database() AND pid<>pg_backend_pid() ORDER BY xact_start LIMIT 1";

    private final List<Migration> migrations;
    private final String place;
    private final Duration patience;

    /**
     * @param migrations one for each version
     * @param place of the database, for messages
     * @param patience how long a step is tried
     */
    Migrator(List<Migration> migrations, String place, Duration patience) {
        this.migrations = List.copyOf(migrations);
        this.place = place;
        this.patience = patience;
    }

    /**
     * The steps that are missing, a line each; empty when the schema is the newest, or a newer one that this code can work with.
     *
     * @throws StoreException when the schema is another program's, or of a version that this code cannot work with
     */
    List<String> missing(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return lines(version(statement));
        } finally {
            connection.rollback();
        }
    }

    private List<String> lines(int from) {
        List<String> lines = new ArrayList<>();
        for (int version = from; version < migrations.size(); version++) {
            lines.add("version " + (version + 1) + ": " + migrations.get(version).about());
        }
        return lines;
    }

    /**
     * Takes all steps that are missing; returns those, as {@link #missing}.
     *
     * @throws StoreException as {@link #missing}, or when somebody holds a table for too long; what is done by then stays done
     */
    List<String> migrate(Connection connection) throws SQLException {
        List<String> lines = missing(connection);
        long end = System.nanoTime() + patience.toNanos();
        boolean more = !lines.isEmpty();
        while (more) {
            try {
                more = step(connection);
            } catch (SQLException e) {
                if (!Faults.locked(e) && !Faults.again(e)) {
                    throw e;
                }
                if (System.nanoTime() - end > 0) {
                    throw new StoreException(Kind.UNUSABLE, "The database " + place + " could not be brought to the schema's newest version"
                            + " within " + patience.toSeconds() + " s, as others hold its tables. The oldest transaction is that of "
                            + oldest(connection) + ". End it, or wait for it, and start again.", e);
                }
                LockSupport.parkNanos(AGAIN.toNanos());
            }
        }
        if (lines.size() < migrations.size()) { // a new database is not worth a word
            lines.forEach(line -> LOG.log(Level.INFO, "the schema was migrated database={0} {1}", place, line));
        }
        return lines;
    }

    private boolean step(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout='" + LOCK_MAX + "'");
            lock(statement);
            boolean more = step(statement, version(statement)); // another node may have been faster
            connection.commit();
            return more;
        } finally {
            connection.rollback(); // nothing, after a commit
        }
    }

    /** Takes the next step; false when there is none after it. */
    private boolean step(Statement statement, int from) throws SQLException {
        if (from == migrations.size()) {
            return false;
        }
        Migration next = migrations.get(from);
        for (String sql : next.statements()) {
            statement.execute(sql);
        }
        statement.execute("UPDATE fetchback SET version=" + (from + 1) + ", readable_by=" + next.readableBy());
        return from + 1 < migrations.size();
    }

    private static String oldest(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(OLDEST)) {
            return row.next() ? row.getString(1) : "nobody any more";
        } finally {
            connection.rollback();
        }
    }

    /** Until the end of the transaction, nobody else changes the schema. */
    static void lock(Statement statement) throws SQLException {
        statement.execute("SELECT pg_advisory_xact_lock(" + LOCK + ")");
    }

    /** 0 for an empty schema; a newer version that we can work with counts as ours. */
    private int version(Statement statement) throws SQLException {
        boolean ours;
        try (ResultSet row = statement.executeQuery(LOOK)) {
            row.next();
            ours = row.getBoolean(1);
            if (row.getString(3) == null) {
                throw new StoreException(Kind.UNUSABLE, "The schema that the URL names is not in the database " + place
                        + ". Create it, or name another with currentSchema=.", null);
            }
            if (!ours && row.getBoolean(2)) {
                throw new StoreException(Kind.UNUSABLE, "The schema " + row.getString(3) + " of the database " + place
                        + " has tables of another program. Give Fetchback a database of its own, or a schema with currentSchema=.", null);
            }
        }
        checkRights(statement);
        if (!ours) {
            return 0;
        }
        try (ResultSet row = statement.executeQuery("SELECT version, readable_by FROM fetchback")) {
            row.next();
            if (row.getInt(2) > migrations.size()) {
                throw new StoreException(Kind.CORRUPT, "The database " + place + " has version " + row.getInt(1)
                        + ", which needs a Fetchback that knows version " + row.getInt(2) + "; this one knows versions up to " + migrations.size()
                        + ". Start the newer Fetchback.", null);
            }
            return Math.min(row.getInt(1), migrations.size());
        }
    }

    /** Tables are made, attached and dropped all the time, which is for their owner only. */
    private void checkRights(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery(RIGHTS)) {
            row.next();
            String user = row.getString(1);
            String schema = row.getString(2);
            if (!row.getBoolean(3)) {
                throw new StoreException(Kind.UNUSABLE, "The user " + user + " has not the right to make tables in the schema " + schema
                        + " of the database " + place + ". Let it own the schema: ALTER SCHEMA " + schema + " OWNER TO " + user
                        + ", or GRANT USAGE, CREATE ON SCHEMA " + schema + " TO " + user + ".", null);
            }
            String owner = row.getString(4);
            if (owner != null) {
                throw new StoreException(Kind.UNUSABLE, "The tables in the schema " + schema + " of the database " + place
                        + " belong to the user " + owner + ", and " + user + " may not act for it. Use that user, or GRANT " + owner
                        + " TO " + user + ".", null);
            }
        }
    }
}
