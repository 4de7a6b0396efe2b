package dev.fetchback.store.postgres;

import dev.fetchback.store.postgres.Queues.Bound;
import dev.fetchback.store.postgres.Queues.Row;
import java.util.HashMap;
import java.util.Map;

/**
 * What this node knows of the rows of its queues, from its own commits. In its shards only it raises a bound, and others lower it, so what it
 * knows holds until it settles the queue, or loses a shard, or the server is another one, which may have missed a commit. Each look at
 * a row leads through all that it was before, as long as an old snapshot keeps that: most commits need none. Used by whoever commits.
 */
final class Bounds {
    private static final int ROWS_MAX = 32_768; // of about 150 bytes

    private final Map<Row, Bound> known = new HashMap<>();
    private Of of = new Of(0, 0);

    /**
     * When something is known that holds.
     *
     * @param server when the server was started, as a number
     * @param lost how many shards this node has lost in all
     */
    record Of(long server, long lost) {}

    /** Forgets all, if that was at another time. */
    void holdFor(Of now) {
        if (!now.equals(of)) {
            known.clear();
            of = now;
        }
    }

    /** Whether a queue has a row whose bound need not be lowered for this one. */
    boolean cover(Row row, Bound bound) {
        Bound its = known.get(row);
        return its != null && its.covers(bound);
    }

    /** These rows have bounds as low, and at least these priorities. */
    void learn(Map<Row, Bound> rows) {
        if (known.size() + rows.size() > ROWS_MAX) {
            known.clear();
        }
        rows.forEach((row, bound) -> known.merge(row, bound, Bound::with));
    }

    void forget(Row row) {
        known.remove(row);
    }
}
