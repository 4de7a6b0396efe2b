package dev.fetchback.store.sqlite;

import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections that read. SQLite runs in native code, which holds the carrier of a virtual thread; so virtual threads hand
 * their reads to as many platform threads as there are connections.
 */
final class Readers implements AutoCloseable {
    private static final long WAIT_SECONDS_MAX = 10; // reads take milliseconds: who waits this long waits behind thousands
    private static final int DROPPED_RETRIES = 3; // a table of the moment before may be dropped while a read begins

    private final Faults faults;
    private final List<Statements> all = new ArrayList<>();
    private final BlockingQueue<Statements> idle;
    private final ExecutorService threads;
    private final Consumer<StoreException> damage;
    private volatile boolean closed;

    /** A read: with one connection, in one thread, and short. */
    interface Read<T extends @Nullable Object> {
        T run(Statements statements) throws SQLException;
    }

    /** @param damage hears of damaged data that a read met; must not block */
    Readers(Faults faults, Path database, SqliteSettings.Limits limits, Consumer<StoreException> damage) throws SQLException {
        this.faults = faults;
        this.damage = damage;
        this.idle = new ArrayBlockingQueue<>(limits.readers());
        try {
            for (int i = 0; i < limits.readers(); i++) {
                all.add(new Statements(Connections.reader(database, limits.readerCacheBytes())));
            }
        } catch (SQLException e) {
            closeAll();
            throw e;
        }
        idle.addAll(all);
        this.threads = Executors.newFixedThreadPool(
                limits.readers(), Thread.ofPlatform().name("store-read-", 0).daemon(true).factory());
    }

    <T extends @Nullable Object> T read(String failed, Read<T> read) {
        Statements statements = take();
        if (!Thread.currentThread().isVirtual()) {
            return runAndGiveBack(failed, read, statements);
        }
        CompletableFuture<T> result = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                result.complete(runAndGiveBack(failed, read, statements));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.join();
        } catch (java.util.concurrent.CompletionException e) {
            if (e.getCause() instanceof StoreException fault) {
                throw new StoreException(fault.kind(), String.valueOf(fault.getMessage()), fault);
            }
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** Waits for the reads that run. */
    @Override
    public void close() throws SQLException {
        closed = true;
        threads.shutdown();
        boolean interrupted = false;
        int back = 0;
        while (back < all.size()) {
            try {
                if (idle.poll(WAIT_SECONDS_MAX, TimeUnit.SECONDS) == null) {
                    break; // a read hangs; closing its connection under it would crash the process
                }
                back++;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (back == all.size()) {
            closeAll();
        }
    }

    private Statements take() {
        boolean interrupted = false;
        try {
            while (true) {
                if (closed) {
                    throw new StoreException(Kind.CLOSED, "The store is closed.", null);
                }
                try {
                    Statements statements = idle.poll(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
                    if (statements != null) {
                        return statements;
                    }
                    if (!closed) {
                        throw new StoreBusy("No connection to read with came free within " + WAIT_SECONDS_MAX
                                + " s; too much is asked at once. Try again later, or allow more readers than "
                                + all.size() + ".");
                    }
                } catch (InterruptedException e) {
                    interrupted = true; // the wait is short; the interrupt is for the caller's next one
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private <T extends @Nullable Object> T runAndGiveBack(String failed, Read<T> read, Statements statements) {
        try {
            return run(failed, read, statements);
        } finally {
            idle.add(statements);
        }
    }

    private <T extends @Nullable Object> T run(String failed, Read<T> read, Statements statements) {
        for (int tries = 1; ; tries++) {
            try {
                return read.run(statements);
            } catch (SQLException e) {
                statements.forget();
                RuntimeException explained = faults.explain(failed, e);
                if (explained instanceof StoreException fault && fault.kind() == Kind.CORRUPT) {
                    damage.accept(fault);
                }
                if (explained instanceof StoreException || tries > DROPPED_RETRIES) {
                    throw explained;
                }
            }
        }
    }

    private void closeAll() throws SQLException {
        SQLException failure = null;
        for (Statements statements : all) {
            try {
                statements.close();
            } catch (SQLException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
