package dev.fetchback.store.sqlite;

import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBodyContract;
import dev.fetchback.store.StoreContract;
import dev.fetchback.store.StoreDueContract;
import dev.fetchback.store.StoreListContract;
import dev.fetchback.store.StoreSeenContract;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract on SQLite. */
class SqliteStoreTest {
    /** As usual but for a small reserve, which costs less to make. */
    private static SqliteSettings settings(Path dir, LongSupplier clock, Retention retention) {
        SqliteSettings.Limits limits = Harness.limits(Long.MAX_VALUE, 64 << 20);
        return SqliteSettings.of(dir, clock).withRetention(retention).withLimits(limits);
    }

    @Nested
    class Tasks extends StoreContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(settings(dir, () -> now, retention));
        }
    }

    @Nested
    class Due extends StoreDueContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(settings(dir, () -> now, retention));
        }
    }

    @Nested
    class Lists extends StoreListContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(settings(dir, () -> now, retention));
        }
    }

    @Nested
    class Bodies extends StoreBodyContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(settings(dir, () -> now, retention));
        }
    }

    @Nested
    class Pages extends StoreSeenContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(settings(dir, () -> now, retention));
        }
    }

    /** The same with a new set of tables every few tasks: nothing may depend on where a task is. */
    @Nested
    class ListsOverManySegments extends StoreListContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            SqliteSettings settings = settings(dir, () -> now, retention);
            return SqliteStore.open(settings.withSegments(new SqliteSettings.Segmenting(java.time.Duration.ofHours(1), 3)));
        }
    }

    @Nested
    class BodiesOverManySegments extends StoreBodyContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            SqliteSettings settings = settings(dir, () -> now, retention);
            return SqliteStore.open(settings.withSegments(new SqliteSettings.Segmenting(java.time.Duration.ofMillis(1), 1)));
        }
    }
}
