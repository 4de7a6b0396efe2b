package dev.fetchback.architecture.wrong.store.sqlite;

/** An engine that knows another's library. */
final class ForeignSqlite {
    private static final Class<?> DRIVER = org.postgresql.Driver.class;

    private ForeignSqlite() {}

    static String name() {
        return DRIVER.getName() + new org.postgresql.Driver().getMajorVersion();
    }
}
