package dev.fetchback.store.sqlite;

import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBodyContract;
import dev.fetchback.store.StoreContract;
import dev.fetchback.store.StoreDueContract;
import dev.fetchback.store.StoreListContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract on SQLite. */
class SqliteStoreTest {
    @Nested
    class Tasks extends StoreContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(SqliteSettings.of(dir, () -> now).withRetention(retention));
        }
    }

    @Nested
    class Due extends StoreDueContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(SqliteSettings.of(dir, () -> now).withRetention(retention));
        }
    }

    @Nested
    class Lists extends StoreListContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(SqliteSettings.of(dir, () -> now).withRetention(retention));
        }
    }

    @Nested
    class Bodies extends StoreBodyContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            return SqliteStore.open(SqliteSettings.of(dir, () -> now).withRetention(retention));
        }
    }

    /** The same with a new set of tables every few tasks: nothing may depend on where a task is. */
    @Nested
    class ListsOverManySegments extends StoreListContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            SqliteSettings settings = SqliteSettings.of(dir, () -> now).withRetention(retention);
            return SqliteStore.open(settings.withSegments(new SqliteSettings.Segmenting(java.time.Duration.ofHours(1), 3)));
        }
    }

    @Nested
    class BodiesOverManySegments extends StoreBodyContract {
        @TempDir
        private Path dir;

        @Override
        protected Store open(Retention retention) {
            SqliteSettings settings = SqliteSettings.of(dir, () -> now).withRetention(retention);
            return SqliteStore.open(settings.withSegments(new SqliteSettings.Segmenting(java.time.Duration.ofMillis(1), 1)));
        }
    }
}
