package dev.fetchback.store.postgres;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/** For how long this node has had each of its shards: another may have fetched from its hosts just before. Written by one thread. */
final class Tenure {
    private final AtomicLongArray since = new AtomicLongArray(Shards.COUNT); // nanoTime
    private volatile long owned; // but those that nobody had before
    private long untouched;

    /** Nobody had these before; {@link #own} follows if they become this node's. */
    void untouched(long shards) {
        untouched |= shards;
    }

    /** These are this node's from now on, and no others. */
    void own(long shards, long before) {
        long now = System.nanoTime();
        for (int shard : Shards.numbers(shards & ~before)) {
            since.set(shard, now);
        }
        untouched &= shards;
        owned = shards & ~untouched;
    }

    /** Milliseconds; {@link Long#MAX_VALUE} for a shard that was nobody's before, or is not this node's. */
    long millis(int shard) {
        return Shards.has(owned, shard) ? TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since.get(shard)) : Long.MAX_VALUE;
    }
}
