package dev.fetchback.store.postgres;

import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBodyContract;
import dev.fetchback.store.StoreContract;
import dev.fetchback.store.StoreDueContract;
import dev.fetchback.store.StoreListContract;
import dev.fetchback.store.StoreSeenContract;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Nested;

/** The contract on the oldest PostgreSQL that is supported. */
class OldestPostgresTest {
    private static String url() {
        return Servers.url(Servers.shared(Servers.Release.OLDEST));
    }

    private static Store open(String url, LongSupplier clock, Retention retention) {
        return PostgresStore.open(PostgresSettings.of(url, null, "test", retention, clock));
    }

    @Nested
    class Tasks extends StoreContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return OldestPostgresTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Due extends StoreDueContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return OldestPostgresTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Lists extends StoreListContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return OldestPostgresTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Bodies extends StoreBodyContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return OldestPostgresTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Pages extends StoreSeenContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return OldestPostgresTest.open(url, () -> now, retention);
        }
    }
}
