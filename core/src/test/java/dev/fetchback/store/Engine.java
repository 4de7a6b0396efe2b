package dev.fetchback.store;

import dev.fetchback.store.postgres.Servers;

/** What can keep the tasks of a test of the whole; see {@link OnEachEngine}. */
public enum Engine {
    SQLITE {
        @Override
        public String fresh() {
            return "sqlite";
        }
    },
    /** The newest release, in a schema of its own on the one server that all tests of this process share. */
    POSTGRES {
        @Override
        public String fresh() {
            return Servers.url();
        }
    };

    /** A value of the setting {@code store} that stands for an empty store, with an empty data folder. */
    public abstract String fresh();
}
