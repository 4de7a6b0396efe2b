package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.postgres.Servers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Nodes n1, n2, ... as processes on a schema of the shared server; each names itself to pages and receivers, see {@link Target}. */
final class NodesFixture implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 40;

    private final String url = Servers.url();
    private final List<ChildServer> nodes = new ArrayList<>();
    private final Path folder;
    private final List<String> flags;

    /** @param flags of every node */
    NodesFixture(Path folder, String... flags) {
        this.folder = folder;
        this.flags = List.of(flags);
    }

    /** Launches the next one; does not wait for it. */
    ChildServer launch() throws IOException {
        String name = "n" + (nodes.size() + 1);
        List<String> all = new ArrayList<>(flags);
        Collections.addAll(all, "--port", "0", "--store", url, "--node-name", name, "--data-dir", folder.resolve(name).toString(),
                "--fetch-allow-networks", "127.0.0.0/8", "--deliver-allow-networks", "127.0.0.0/8", "--fetch-robots", "ignore",
                "--fetch-contact", Target.contact(name));
        ChildServer node = ChildServer.launch(List.of(), Map.of(), folder, all.toArray(String[]::new));
        nodes.add(node);
        return node;
    }

    ChildServer node(int number) {
        return nodes.get(number - 1);
    }

    void signal(int number, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(node(number).pid())).start().waitFor()).isZero();
    }

    void until(String what, BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as(() -> "it takes too long until " + what + "\n" + logs()).isLessThan(end);
            Thread.yield();
        }
    }

    void untilOwned(int number, int shards) {
        until("n" + number + " has " + shards + " shards", () -> ask("SELECT count(*) FROM $.shard s JOIN $.node n"
                + " ON n.epoch=s.epoch WHERE n.name='n" + number + "'").equals(Integer.toString(shards)));
    }

    /** @param sql where {@code $} is the schema */
    String ask(String sql) {
        return Servers.ask(sql.replace("$", Servers.schema(url)));
    }

    /** Nothing waits or is under way any more. */
    void untilAllSettled() {
        until("all is settled", () -> ask("SELECT (SELECT count(*) FROM $.running) + (SELECT count(*) FROM $.waiting)").equals("0"));
    }

    private String logs() {
        return String.join("\n--\n", nodes.stream().map(ChildServer::log).toList());
    }

    @Override
    public void close() {
        nodes.forEach(ChildServer::close);
    }
}
