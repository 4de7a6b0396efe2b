package dev.fetchback.store;

import org.jspecify.annotations.Nullable;

/**
 * One of the nodes that share a store.
 *
 * @param self whether it is the one that was asked
 * @param since when it joined, or joined again after it had lost its lease, Unix milliseconds; 0 when it does not say, as nodes of older
 *     versions
 * @param program its version; null when it does not say
 * @param leaseMillis what is left of its lease; negative when nobody has noticed yet that it is gone
 * @param shards how many of the 64 parts of the work are its own
 */
public record NodeRecord(String name, boolean self, long since, @Nullable String program, long leaseMillis, int shards) {}
