package dev.fetchback.outbound;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Connections that wait to be used again, the newest of a host first: bounded in age, and in number by what is open altogether. So
 * the files that exchanges do not need at a time are there for reuse.
 */
final class ConnectionPool {
    private final int maxOpen;
    private final LongSupplier nanos;
    private final OpenConnections open;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PoolKey, ArrayDeque<Connection>> byKey = new HashMap<>();
    /** In the order they were put back. */
    private final LinkedHashSet<Connection> byAge = new LinkedHashSet<>();

    private boolean closed;

    ConnectionPool(int maxOpen, LongSupplier nanos, OpenConnections open) {
        this.maxOpen = maxOpen;
        this.nanos = nanos;
        this.open = open;
    }

    /** A connection that is still open and silent; null when there is none. */
    @Nullable Connection take(PoolKey key) {
        while (true) {
            Connection connection = pop(key);
            if (connection == null) {
                return null;
            }
            if (nanos.getAsLong() - connection.idleUntil < 0 && connection.quiet()) {
                return connection;
            }
            open.discard(connection);
        }
    }

    boolean has(PoolKey key) {
        lock.lock();
        try {
            return byKey.containsKey(key);
        } finally {
            lock.unlock();
        }
    }

    /** Keeps a connection whose exchange ended cleanly, for at most {@code keepNanos}. */
    void put(Connection connection, long keepNanos) {
        boolean kept;
        lock.lock();
        try {
            kept = !closed;
            if (kept) {
                connection.idleUntil = nanos.getAsLong() + keepNanos;
                byKey.computeIfAbsent(connection.key(), _ -> new ArrayDeque<>(2)).addFirst(connection);
                byAge.add(connection);
            }
        } finally {
            lock.unlock();
        }
        if (kept) {
            makeRoom(0);
        } else {
            open.discard(connection);
        }
    }

    /** Closes the oldest that wait, if need be, so that so many more may be opened. */
    void makeRoom(int more) {
        while (open.size() + more > maxOpen) {
            Connection oldest = popOldest();
            if (oldest == null) {
                return;
            }
            open.discard(oldest);
        }
    }

    /** Lets go what is too old; nanoseconds until the next is, {@code Long.MAX_VALUE} when none waits. */
    long expire(long now) {
        List<Connection> expired = new ArrayList<>();
        long next = Long.MAX_VALUE;
        lock.lock();
        try {
            for (Iterator<Connection> all = byAge.iterator(); all.hasNext(); ) {
                Connection connection = all.next();
                long left = connection.idleUntil - now;
                if (left <= 0) {
                    expired.add(connection);
                } else {
                    next = Math.min(next, left);
                }
            }
            expired.forEach(this::remove);
        } finally {
            lock.unlock();
        }
        expired.forEach(open::discard);
        return next;
    }

    int size() {
        lock.lock();
        try {
            return byAge.size();
        } finally {
            lock.unlock();
        }
    }

    /** Lets everything go and keeps nothing any more. */
    void close() {
        List<Connection> all;
        lock.lock();
        try {
            closed = true;
            all = List.copyOf(byAge);
            byAge.clear();
            byKey.clear();
        } finally {
            lock.unlock();
        }
        all.forEach(open::discard);
    }

    private @Nullable Connection pop(PoolKey key) {
        lock.lock();
        try {
            ArrayDeque<Connection> stack = byKey.get(key);
            if (stack == null) {
                return null;
            }
            Connection newest = stack.removeFirst();
            if (stack.isEmpty()) {
                byKey.remove(key);
            }
            byAge.remove(newest);
            return newest;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Connection popOldest() {
        lock.lock();
        try {
            Connection oldest = byAge.isEmpty() ? null : byAge.getFirst();
            if (oldest != null) {
                remove(oldest);
            }
            return oldest;
        } finally {
            lock.unlock();
        }
    }

    private void remove(Connection connection) {
        byAge.remove(connection);
        ArrayDeque<Connection> stack = byKey.get(connection.key());
        if (stack != null) {
            stack.removeLastOccurrence(connection);
            if (stack.isEmpty()) {
                byKey.remove(connection.key());
            }
        }
    }
}
