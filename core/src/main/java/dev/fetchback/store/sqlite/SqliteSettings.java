package dev.fetchback.store.sqlite;

import dev.fetchback.store.Retention;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * What a {@link SqliteStore} is told.
 *
 * @param dir the data folder; made when it is not there
 * @param retention what is forgotten by itself
 * @param limits of space and memory
 * @param segments how tasks are put into tables that are dropped as a whole
 * @param clock Unix milliseconds
 */
public record SqliteSettings(Path dir, Retention retention, Limits limits, Segmenting segments, LongSupplier clock) {
    /** Everything as usual in {@code dir}. */
    public static SqliteSettings of(Path dir, LongSupplier clock) {
        return new SqliteSettings(dir, Retention.DEFAULT, Limits.DEFAULT, Segmenting.DEFAULT, clock);
    }

    /** The same with another retention. */
    public SqliteSettings withRetention(Retention other) {
        return new SqliteSettings(dir, other, limits, segments, clock);
    }

    /** The same with other limits. */
    public SqliteSettings withLimits(Limits other) {
        return new SqliteSettings(dir, retention, other, segments, clock);
    }

    /** The same with other segments. */
    public SqliteSettings withSegments(Segmenting other) {
        return new SqliteSettings(dir, retention, limits, other, clock);
    }

    /**
     * Limits of space and memory.
     *
     * @param maxBytes what the stored data may take on disk; beyond it new tasks and bodies are refused, settles are not
     * @param reserveBytes kept in a file of its own, and given up when the disk is full, so that settles still fit
     * @param walBytes how long the write-ahead log gets before it is copied into the database
     * @param writerCacheBytes of the connection that writes; more is slower, because SQLite walks its whole cache after each
     *     commit that split a page
     * @param readers how many reads may run at once; each has its own thread, connection and {@link #readerCacheBytes}
     * @param readerCacheBytes of a connection that reads
     */
    public record Limits(
            long maxBytes, long reserveBytes, long walBytes, long writerCacheBytes, int readers, long readerCacheBytes) {
        /** No cap but the disk; 16 MiB reserved; 64 MiB of log; 16 MiB of cache to write and 4 times 8 MiB to read. */
        public static final Limits DEFAULT = new Limits(Long.MAX_VALUE, 16 << 20, 64 << 20, 16 << 20, 4, 8 << 20);

        public Limits {
            atLeast("maxBytes", maxBytes, 1);
            atLeast("reserveBytes", reserveBytes, 0);
            atLeast("walBytes", walBytes, 1);
            atLeast("writerCacheBytes", writerCacheBytes, 1);
            atLeast("readers", readers, 1);
            atLeast("readerCacheBytes", readerCacheBytes, 1);
        }
    }

    /**
     * When a new set of tables is begun.
     *
     * @param period after this time, by the tasks' ids
     * @param tasks after this many tasks
     */
    public record Segmenting(Duration period, int tasks) {
        /** An hour or 200,000 tasks: few tables, and dropping one, for which commits wait, takes a tenth of a second. */
        public static final Segmenting DEFAULT = new Segmenting(Duration.ofHours(1), 200_000);

        public Segmenting {
            atLeast("period (ms)", period.toMillis(), 1);
            atLeast("tasks", tasks, 1);
        }
    }

    private static void atLeast(String name, long value, long min) {
        if (value < min) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be at least " + min);
        }
    }
}
