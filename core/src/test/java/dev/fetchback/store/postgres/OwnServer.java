package dev.fetchback.store.postgres;

import dev.fetchback.store.postgres.Servers.Release;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A server of a test's own, of the newest release, which it may stop, kill and start again on the same port and data. */
public final class OwnServer implements Closeable {
    private final Path data;
    private final Map<String, String> settings = new TreeMap<>(Map.of("fsync", "off"));
    private EmbeddedPostgres server;

    /** Starts one with its data in {@code data}, which is made. */
    public OwnServer(Path data) {
        this.data = data;
        start(0);
    }

    private OwnServer(Path data, int port) {
        this.data = data;
        start(port);
    }

    private void start(int port) {
        EmbeddedPostgres.Builder builder = Servers.builder(Release.NEWEST).setDataDirectory(data).setCleanDataDirectory(false);
        settings.forEach(builder::setServerConfig);
        server = Servers.start(port == 0 ? builder : builder.setPort(port));
    }

    /** Its port. */
    public int port() {
        return server.getPort();
    }

    /** The URL of a new schema, which belongs to a user of its own of the same name, who is no superuser. */
    public String url(String schema) {
        execute("CREATE ROLE " + schema + " LOGIN");
        execute("CREATE SCHEMA " + schema + " AUTHORIZATION " + schema);
        return server.getJdbcUrl(schema, "postgres") + "&currentSchema=" + schema;
    }

    /** What a query of one value says. */
    public String ask(String sql) {
        return Servers.ask(server, sql);
    }

    /** Runs a statement. */
    public void execute(String sql) {
        Servers.execute(server, sql);
    }

    /** Ends it as an operator does who waits for nobody (SIGINT), or as one who has no time (SIGQUIT): it recovers then. */
    public void stop(String signal) {
        try {
            long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).getFirst().strip());
            ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
            List<ProcessHandle> all = postmaster.descendants().toList();
            if (new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor() != 0) {
                throw new AssertionError("no signal could be sent to " + pid);
            }
            postmaster.onExit().join();
            for (ProcessHandle one : all) {
                one.onExit().join();
            }
            closeQuietly();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void closeQuietly() {
        try {
            server.close(); // gives its folder free
        } catch (IOException | RuntimeException e) {
            // There is nothing left to stop.
        }
    }

    /** Starts it again after {@link #stop}. */
    public void again() {
        start(server.getPort());
    }

    /** A standby of this one, which waits for it with each commit from now on; it is stopped for a moment to be copied. */
    public OwnServer standby(Path folder) {
        stop("INT");
        try (Stream<Path> files = Files.walk(data)) {
            for (Path from : files.toList()) {
                Path to = folder.resolve(data.relativize(from).toString());
                if (!from.getFileName().toString().startsWith("postmaster.") && !from.getFileName().toString().startsWith("epg-lock")) {
                    Files.copy(from, to, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
            again();
            Files.createFile(folder.resolve("standby.signal"));
            Files.writeString(folder.resolve("postgresql.auto.conf"), "primary_conninfo = 'host=127.0.0.1 port=" + port()
                    + " user=postgres application_name=standby'\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        OwnServer standby = new OwnServer(folder, 0);
        execute("ALTER SYSTEM SET synchronous_standby_names='standby'");
        execute("SELECT pg_reload_conf()");
        while (!ask("SELECT sync_state FROM pg_stat_replication").equals("sync")) {
            Thread.onSpinWait();
        }
        return standby;
    }

    /** Makes a standby the primary. */
    public void promote() {
        ask("SELECT pg_promote()");
    }

    @Override
    public void close() {
        closeQuietly();
    }
}
