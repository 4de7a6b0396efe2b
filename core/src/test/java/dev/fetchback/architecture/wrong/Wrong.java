package dev.fetchback.architecture.wrong;

/** Breaks the rules of the layout, to show that they fire. */
public final class Wrong {
    private Wrong() {}

    static long clock() {
        return System.currentTimeMillis();
    }

    static java.net.Socket socket() {
        return new java.net.Socket();
    }

    static java.sql.Connection connection() throws java.sql.SQLException {
        return java.sql.DriverManager.getConnection("jdbc:sqlite:");
    }
}
