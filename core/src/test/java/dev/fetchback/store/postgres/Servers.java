package dev.fetchback.store.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.JarFile;

/** Real servers that run while the tests of this process do; each test has a schema of its own. */
public final class Servers {
    private static final AtomicInteger SCHEMAS = new AtomicInteger();
    private static final Map<Release, EmbeddedPostgres> SHARED = new ConcurrentHashMap<>();
    private static final Path OLDEST_JAR = Path.of("target", "dependency", "postgres-15.jar");

    /** The releases that the contract runs on. */
    public enum Release {
        OLDEST,
        NEWEST
    }

    private Servers() {}

    /** The server that all tests of this process share, which do not stop it; without fsync. */
    public static EmbeddedPostgres shared(Release release) {
        return SHARED.computeIfAbsent(release, which -> {
            EmbeddedPostgres server = start(builder(which).setServerConfig("fsync", "off"));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server)));
            return server;
        });
    }

    static EmbeddedPostgres.Builder builder(Release release) {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("log_min_messages", "fatal");
        return release == Release.NEWEST ? builder : builder.setPgBinaryResolver(oldest());
    }

    /** The file that the newest one has on the class path, of the same name there. */
    private static PgBinaryResolver oldest() {
        return (system, machine) -> {
            JarFile jar = new JarFile(OLDEST_JAR.toFile());
            InputStream in = jar.getInputStream(jar.getEntry("postgres-%s-%s.txz".formatted(system.toLowerCase(java.util.Locale.ROOT), machine)));
            return new java.io.FilterInputStream(in) {
                @Override
                public void close() throws IOException {
                    super.close();
                    jar.close();
                }
            };
        };
    }

    static EmbeddedPostgres start(EmbeddedPostgres.Builder builder) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void close(EmbeddedPostgres server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The URL of a new schema on the shared server of the newest release. */
    public static String url() {
        return url(shared(Release.NEWEST));
    }

    /** The URL of a new schema. */
    static String url(EmbeddedPostgres server) {
        String schema = "t" + SCHEMAS.incrementAndGet();
        execute(server, "CREATE SCHEMA " + schema);
        return server.getJdbcUrl("postgres", "postgres") + "&currentSchema=" + schema;
    }

    /** The schema that a URL names. */
    public static String schema(String url) {
        return url.substring(url.indexOf("currentSchema=") + "currentSchema=".length());
    }

    static void execute(EmbeddedPostgres server, String sql) {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a query of one value says on the shared server of the newest release. */
    public static String ask(String sql) {
        return ask(shared(Release.NEWEST), sql);
    }

    /** What a query of one value says. */
    static String ask(EmbeddedPostgres server, String sql) {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
