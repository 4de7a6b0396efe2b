package dev.fetchback.architecture.wrong.store.postgres;

/** An engine that knows another's library. */
final class ForeignPostgres {
    private static final Class<?> DRIVER = org.sqlite.JDBC.class;

    private ForeignPostgres() {}

    static String name() {
        return DRIVER.getName() + new org.sqlite.JDBC().getMajorVersion();
    }
}
