package dev.fetchback.store.postgres;

import dev.fetchback.store.Retention;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How a node uses its database.
 *
 * @param url {@code jdbc:postgresql://…}, without a password
 * @param password of the URL's user; null when the server asks for none
 * @param node this node's name; no two nodes of one name run at the same time
 * @param lease how long a node that is not heard of keeps its work; it says that it lives four times in this time
 * @param readers connections that read; one more commits, and one more keeps the lease
 * @param migrates whether the schema is brought to the newest version when the store is opened; else it must have it
 * @param retention what is forgotten
 * @param clock Unix milliseconds
 */
public record PostgresSettings(
        String url, @Nullable String password, String node, Duration lease, int readers, boolean migrates, Retention retention,
        LongSupplier clock) {
    /** Long enough for a pause of the machine or of the server, short enough that nobody waits 20 s for a take-over. */
    public static final Duration LEASE_DEFAULT = Duration.ofSeconds(12);

    /** As the embedded store has: reads are short. */
    public static final int READERS_DEFAULT = 8;

    private static final Duration LEASE_MIN = Duration.ofMillis(500);

    public PostgresSettings {
        if (lease.compareTo(LEASE_MIN) < 0) {
            throw new IllegalArgumentException("the lease is " + lease + "; it must be at least " + LEASE_MIN);
        }
        if (readers < 1) {
            throw new IllegalArgumentException("the store has " + readers + " readers; it needs at least 1");
        }
    }

    /** With what is usual. */
    public static PostgresSettings of(
            String url, @Nullable String password, String node, Retention retention, LongSupplier clock) {
        return new PostgresSettings(url, password, node, LEASE_DEFAULT, READERS_DEFAULT, true, retention, clock);
    }

    /**
     * Looks at a URL without using it.
     *
     * @throws IllegalArgumentException saying what is wrong with it and what to do, without the value
     */
    public static void check(String url) {
        StoreUrl.check(url);
    }

    /** The same with another lease. */
    public PostgresSettings withLease(Duration other) {
        return new PostgresSettings(url, password, node, other, readers, migrates, retention, clock);
    }

    /** The same, which may change the schema or not. */
    public PostgresSettings withMigrations(boolean may) {
        return new PostgresSettings(url, password, node, lease, readers, may, retention, clock);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "PostgresSettings[node=" + node + ", lease=" + lease + ", readers=" + readers + "]";
    }
}
