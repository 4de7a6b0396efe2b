package dev.fetchback.outbound;

import java.io.IOException;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Every connection that is open, in use or kept. */
final class OpenConnections implements Iterable<Connection> {
    private final Set<Connection> all = ConcurrentHashMap.newKeySet();
    private final OutboundMeters meters;
    private final Turns turns = new Turns();
    private volatile boolean closed;

    OpenConnections(OutboundMeters meters) {
        this.meters = meters;
    }

    /** A connection that counts what it receives; not open yet. */
    Connection create(PoolKey key) throws IOException {
        return new Connection(key, meters.received, turns);
    }

    /** Keeps an eye on a connection; false when no more may be opened. */
    boolean add(Connection connection) {
        all.add(connection);
        meters.opened.increment();
        return !closed;
    }

    /** From now on none may be opened. */
    void close() {
        closed = true;
    }

    /** Closes a connection for good; for whoever has it, which is its exchange or the pool. */
    void discard(Connection connection) {
        if (all.remove(connection)) {
            meters.closed.increment();
        }
        connection.endTurn();
        connection.close();
    }

    /** In use or kept. */
    int size() {
        return all.size();
    }

    boolean anyInUse() {
        for (Connection connection : all) {
            if (connection.inUse()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Iterator<Connection> iterator() {
        return all.iterator();
    }
}
