package dev.fetchback.store.postgres;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** Looks at a database before it is used: whether it is one that keeps what it says it has. */
final class Opening {
    private static final String NO_PLACE = "53"; // class of codes: too many connections, no disk space, no memory
    private static final Logger LOG = System.getLogger(Opening.class.getName());
    private static final int SERVER_MIN = 150_000;
    private static final String LOOK = "SELECT current_setting('server_version_num')::int4, current_setting('server_version'),"
            + " current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding'),"
            + " pg_is_in_recovery(), current_setting('transaction_read_only')";

    private Opening() {}

    /**
     * Checks the server, brings the schema up to date, and makes the tables of the time that comes.
     *
     * @throws StoreException saying what is wrong, and what to do; nothing is changed then
     */
    static void prepare(PostgresSettings settings, String place, Pruner pruner) {
        try (Connection connection = connect(settings, place); Statement statement = connection.createStatement()) {
            List<String> missing = steps(connection, place, settings.migrates());
            if (!settings.migrates() && !missing.isEmpty()) {
                throw unusable("The database " + place + " does not have the newest version of the schema, and this node may not change it"
                        + " (migrate is off). Run fetchback migrate once, then start it again. Missing: " + String.join("; ", missing) + ".");
            }
            Migrator.lock(statement); // two nodes that start at once
            pruner.prepare(connection, settings.clock().getAsLong());
            connection.commit();
        } catch (SQLException e) {
            throw explain(place, e);
        }
    }

    /** The steps to the newest version of the schema, a line each; taken as well, if they may be. */
    static List<String> steps(PostgresSettings settings, String place, boolean take) {
        try (Connection connection = connect(settings, place)) {
            return steps(connection, place, take);
        } catch (SQLException e) {
            throw explain(place, e);
        }
    }

    private static List<String> steps(Connection connection, String place, boolean take) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            check(statement, place);
        }
        Migrator migrator = new Migrator(Schema.MIGRATIONS, place, Migrator.PATIENCE);
        return take ? migrator.migrate(connection) : migrator.missing(connection);
    }

    /** The driver says that it finds no primary, not why: any server can tell. */
    private static Connection connect(PostgresSettings settings, String place) throws SQLException {
        try {
            return Connections.open(settings);
        } catch (SQLException none) {
            if (Faults.lost(none)) {
                try (Connection any = Connections.openAny(settings); Statement statement = any.createStatement()) {
                    check(statement, place);
                } catch (SQLException e) {
                    throw none;
                }
            }
            throw none;
        }
    }

    private static void check(Statement statement, String place) throws SQLException {
        try (ResultSet row = statement.executeQuery(LOOK)) {
            row.next();
            int at = 1;
            if (row.getInt(at++) < SERVER_MIN) {
                throw unusable("The server of the database " + place + " is PostgreSQL " + row.getString(at)
                        + "; Fetchback needs 15 or newer. Upgrade it, or use another.");
            }
            String version = row.getString(at++);
            if (row.getString(at++).equals("off")) {
                throw unusable("The database " + place + " has synchronous_commit=off: what it calls stored may be lost, so no task"
                        + " could be acknowledged. Set it to on for this database (ALTER DATABASE … SET synchronous_commit=on), for its"
                        + " user, or for the server.");
            }
            if (row.getString(at++).equals("off")) {
                LOG.log(Level.WARNING, "the database server runs with fsync off, acknowledged tasks may be lost database={0} version={1}",
                        place, version);
            }
            if (!row.getString(at++).equals("UTF8")) {
                throw unusable("The database " + place + " has the encoding " + row.getString(at - 1)
                        + "; Fetchback needs UTF8. Create one with it (createdb --encoding=UTF8 --template=template0 …).");
            }
            if (row.getBoolean(at++)) {
                throw unusable("The server of the database " + place + " is a standby, which cannot be written to. Name the primary.");
            }
            if (row.getString(at).equals("on")) {
                throw unusable("The database " + place + " is read-only for this user (default_transaction_read_only=on)."
                        + " Set it to off for this user, the database or the server.");
            }
        }
    }

    /** What stood in the way when a database was opened, and what to do. */
    static StoreException explain(String place, SQLException e) {
        String said = " (" + Faults.first(e) + ")";
        String state = Faults.state(e);
        String message = switch (state) {
            case "28P01", "28000" -> "The database " + place + " does not let this user in" + said
                    + ". Check user= in the store's URL and FETCHBACK_STORE_PASSWORD.";
            case "3D000" -> "There is no database " + place + said + ". Create it (createdb …), or name another.";
            case "42501" -> "The user has not the rights to use the database " + place + said
                    + ". Let it own the schema: ALTER SCHEMA … OWNER TO its name, or GRANT USAGE, CREATE ON SCHEMA … TO it.";
            case "25006" -> "The database " + place + " cannot be written to" + said + ". Name the primary.";
            default -> Faults.lost(e)
                    ? "The database " + place + " cannot be reached" + reason(e, said) + ". Check the store's URL, and that the server runs."
                    : "The database " + place + " cannot be used" + said + ".";
        };
        boolean later = Faults.lost(e) || state.startsWith(NO_PLACE);
        return new StoreException(later ? Kind.UNAVAILABLE : Kind.UNUSABLE, message, e);
    }

    /** The driver keeps to itself that there is no such host. */
    private static String reason(SQLException e, String said) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException unknown) {
                return " (there is no host " + unknown.getMessage() + ", or no name server that knows it)";
            }
        }
        return said;
    }

    private static StoreException unusable(String message) {
        return new StoreException(Kind.UNUSABLE, message, null);
    }
}
