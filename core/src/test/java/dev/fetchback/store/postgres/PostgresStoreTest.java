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
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract on the oldest PostgreSQL that is supported, and on the newest. */
@ParameterizedClass(name = "{0}")
@EnumSource(Servers.Release.class)
class PostgresStoreTest {
    @Parameter
    Servers.Release release;

    private String url() {
        return Servers.url(Servers.shared(release));
    }

    private static Store open(String url, LongSupplier clock, Retention retention) {
        return PostgresStore.open(PostgresSettings.of(url, null, "test", retention, clock));
    }

    @Nested
    class Tasks extends StoreContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return PostgresStoreTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Due extends StoreDueContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return PostgresStoreTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Lists extends StoreListContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return PostgresStoreTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Bodies extends StoreBodyContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return PostgresStoreTest.open(url, () -> now, retention);
        }
    }

    @Nested
    class Pages extends StoreSeenContract {
        private final String url = url();

        @Override
        protected Store open(Retention retention) {
            return PostgresStoreTest.open(url, () -> now, retention);
        }
    }
}
