package dev.fetchback.store.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * The connections of a node: a few that read, and one each that commits and that keeps the lease, which must not wait for readers. An
 * interrupt closes the socket that a virtual thread waits at, so such threads hand their reads to platform threads.
 */
final class Connections implements AutoCloseable {
    private static final long WAIT_SECONDS_MAX = 10; // reads take milliseconds: who waits this long waits behind thousands
    private static final long CONNECT_MILLIS_MAX = 3_000;
    /** The pool waits up to 5 s between two tries to connect: whoever reads is to outlast that. */
    private static final long READ_CONNECT_MILLIS = 6_000;
    private static final long CONNECT_MILLIS_MIN = 300; // a pool takes no less than 250
    private static final int SOCKET_SECONDS_MAX = 30; // a server that is gone without a word; longer than any statement may take
    private static final long LIFE_MILLIS = 900_000; // so that a moved server is found again, and caches do not grow
    private static final String HOST_SECONDS = "1";
    private static final int READ_TRIES = 3; // each connection of the pool may be one of before a restart of the server
    private static final int WRITERS = 2;
    private static final String PRIMARY = "primary";

    /**
     * Plans are made while tables are small and kept while they grow: each way of reaching rows but by an index would be a trap then. And
     * they are made once, not for each set of parameters: a table that holds nothing but dead rows, as an old snapshot makes them, looks
     * so costly to search that all of it would be read as soon as a commit has some hundred rows to look for.
     */
    private static final String PLANS = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off"
            + " -c jit=off -c plan_cache_mode=force_generic_plan";
    /** A commit's statements are limited as it begins, and its COMMIT is not: see {@link Transaction}. */
    private static final String LIMITS = " -c lock_timeout=5s";
    private static final long IDLE_MILLIS_MAX = 5_000;
    private static final String READ_LIMITS = " -c statement_timeout=20s";

    private final Faults faults;
    private final HikariDataSource writes;
    private final HikariDataSource reads;
    private final ExecutorService threads;
    private final Semaphore free;
    private final int leaseMillis;
    private final ReentrantLock trial = new ReentrantLock();
    /** Why the newest try to connect came to nothing; null after one that did not. */
    private volatile @Nullable SQLException away;
    private volatile boolean closed;

    /** A read: with one connection, in one thread, and short. */
    interface Read<T extends @Nullable Object> {
        T run(Connection connection) throws SQLException;
    }

    Connections(PostgresSettings settings, Faults faults) {
        this.faults = faults;
        this.writes = pool(settings, "fetchback-write", WRITERS, false);
        this.reads = pool(settings, "fetchback-read", settings.readers(), true);
        this.threads = Executors.newFixedThreadPool(
                settings.readers(), Thread.ofPlatform().name("store-read-", 0).daemon(true).factory());
        this.free = new Semaphore(settings.readers(), true);
        this.leaseMillis = (int) connectMillis(settings);
    }

    /** A lease must outlast more than one try to renew it. */
    private static long connectMillis(PostgresSettings settings) {
        return Math.clamp(settings.lease().toMillis() / 4, CONNECT_MILLIS_MIN, CONNECT_MILLIS_MAX);
    }

    private static HikariDataSource pool(PostgresSettings settings, String name, int size, boolean reads) {
        HikariConfig config = new HikariConfig();
        config.setPoolName(name);
        config.setJdbcUrl(settings.url());
        config.setDriverClassName(Driver.class.getName());
        if (settings.password() != null) {
            config.setPassword(settings.password());
        }
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(reads ? 1 : size);
        config.setAutoCommit(reads);
        config.setConnectionTimeout(reads ? READ_CONNECT_MILLIS : connectMillis(settings));
        config.setValidationTimeout(CONNECT_MILLIS_MIN);
        config.setMaxLifetime(LIFE_MILLIS);
        config.setInitializationFailTimeout(-1); // who opens the store has looked already
        Properties properties = properties(settings, reads ? PLANS + LIMITS + READ_LIMITS : PLANS + LIMITS);
        properties.stringPropertyNames().forEach(one -> config.addDataSourceProperty(one, properties.getProperty(one)));
        return new HikariDataSource(config);
    }

    private static Properties properties(PostgresSettings settings, String options) {
        Properties properties = new Properties();
        properties.setProperty("ApplicationName", "fetchback " + settings.node());
        // One that stands still must be over before what is left of its node's lease as it begins.
        long idle = Math.min(IDLE_MILLIS_MAX, settings.lease().toMillis() / 3);
        properties.setProperty("options", (options + " -c idle_in_transaction_session_timeout=" + idle).trim());
        properties.setProperty("connectTimeout", Long.toString(TimeUnit.MILLISECONDS.toSeconds(CONNECT_MILLIS_MAX)));
        properties.setProperty("socketTimeout", Integer.toString(SOCKET_SECONDS_MAX));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("prepareThreshold", "1"); // all statements come again
        properties.setProperty("targetServerType", PRIMARY);
        properties.setProperty("hostRecheckSeconds", HOST_SECONDS); // of several hosts: which one is the primary may change
        return properties;
    }

    /** One connection to the primary, for what is done once, with its faults as they come. */
    static Connection open(PostgresSettings settings) throws SQLException {
        return open(settings, PRIMARY);
    }

    /** One to any server, to say what is wrong when none can be written to. */
    static Connection openAny(PostgresSettings settings) throws SQLException {
        return open(settings, "any");
    }

    private static Connection open(PostgresSettings settings, String target) throws SQLException {
        Properties properties = properties(settings, PLANS + LIMITS + READ_LIMITS);
        properties.setProperty("targetServerType", target);
        String password = settings.password();
        if (password != null) {
            properties.setProperty("password", password);
        }
        Connection connection = new Driver().connect(settings.url(), properties);
        if (connection == null) {
            throw new SQLException("no URL of a database", "08001");
        }
        connection.setAutoCommit(false);
        return connection;
    }

    /** For a transaction; closing gives it back, and rolls back what is not committed. */
    Connection write() throws SQLException {
        Connection connection = writes.getConnection();
        away = null;
        return connection;
    }

    /** For what takes a moment only: a server that does not answer is found out before much of the lease is over. */
    Connection lease() throws SQLException {
        Connection connection = write();
        connection.setNetworkTimeout(Runnable::run, leaseMillis); // the pool sets it back
        return connection;
    }

    <T extends @Nullable Object> T read(String failed, Read<T> read) {
        if (closed) {
            throw new StoreException(Kind.CLOSED, "The store is closed.", null);
        }
        SQLException known = away;
        if (known == null) {
            return readInTurn(failed, read);
        }
        if (!trial.tryLock()) { // one finds out whether the server is back; the others would only wait for the same
            throw faults.explain(failed, known);
        }
        try {
            return readInTurn(failed, read);
        } finally {
            trial.unlock();
        }
    }

    private <T extends @Nullable Object> T readInTurn(String failed, Read<T> read) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    if (free.tryAcquire(WAIT_SECONDS_MAX, TimeUnit.SECONDS)) {
                        break;
                    }
                    throw new StoreBusy("No connection to read with came free within " + WAIT_SECONDS_MAX
                            + " s; too much is asked at once. Try again later.");
                } catch (InterruptedException e) {
                    interrupted = true; // the wait is short; the interrupt is for the caller's next one
                }
            }
            try {
                SQLException known = away;
                if (known != null && !trial.isHeldByCurrentThread()) { // found out while this one waited
                    throw faults.explain(failed, known);
                }
                return Thread.currentThread().isVirtual() ? elsewhere(failed, read) : run(failed, read);
            } finally {
                free.release();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private <T extends @Nullable Object> T elsewhere(String failed, Read<T> read) {
        CompletableFuture<T> result = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                result.complete(run(failed, read));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof StoreException fault) {
                throw new StoreException(fault.kind(), String.valueOf(fault.getMessage()), fault);
            }
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private <T extends @Nullable Object> T run(String failed, Read<T> read) {
        for (int tries = 1; ; tries++) {
            try (Connection connection = reads.getConnection()) {
                away = null;
                return read.run(connection);
            } catch (SQLException e) {
                if (closed) {
                    throw new StoreException(Kind.CLOSED, "The store is closed.", e);
                }
                boolean stale = Faults.lost(e) && !(e instanceof SQLTransientConnectionException);
                away = e instanceof SQLTransientConnectionException ? e : away;
                if (!stale || tries == READ_TRIES) {
                    throw faults.explain(failed, e);
                }
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        threads.shutdown();
        reads.close();
        writes.close();
    }
}
