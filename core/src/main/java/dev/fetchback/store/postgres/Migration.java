package dev.fetchback.store.postgres;

import java.util.List;

/**
 * A step from one version of the schema to the next.
 *
 * @param readableBy the oldest version of the code that can work with what comes of it, beside nodes of this one: that of the step
 *     before, so that nodes can be upgraded, and downgraded, one after the other
 * @param about what it does, for whoever runs it
 * @param statements run in one transaction; they must not lock a table for longer than a moment, however much is in it
 */
record Migration(int readableBy, String about, List<String> statements) {}
