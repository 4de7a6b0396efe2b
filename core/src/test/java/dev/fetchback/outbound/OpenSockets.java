package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The sockets of this process at one moment, by the names that the system gives them; none where it does not tell.
 *
 * @param names such as {@code socket:[4711]}
 */
record OpenSockets(Set<String> names) {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final List<String> TABLES = List.of("tcp", "tcp6", "udp", "udp6", "unix");

    static OpenSockets now() {
        Set<String> names = new TreeSet<>();
        if (!Files.isDirectory(DESCRIPTORS)) {
            return new OpenSockets(names);
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path one : all) {
                try {
                    String name = Files.readSymbolicLink(one).toString();
                    if (name.startsWith("socket:")) {
                        names.add(name);
                    }
                } catch (IOException e) {
                    // closed meanwhile
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new OpenSockets(names);
    }

    /** What is open now and was not then. */
    Set<String> others() {
        Set<String> others = now().names();
        others.removeAll(names);
        return others;
    }

    /** Waits until all that was opened since is closed; no collection of garbage may be needed for it. */
    void untilNoOther() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        Set<String> others = others();
        while (!others.isEmpty()) {
            assertThat(System.nanoTime()).as("sockets left: %s %s", others, described(others)).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            others = others();
        }
    }

    /** The system's own lines about these sockets; it has none for one that was never bound. */
    private static List<String> described(Set<String> sockets) {
        List<String> lines = new ArrayList<>();
        for (String table : TABLES) {
            try {
                for (String line : Files.readAllLines(Path.of("/proc/self/net", table))) {
                    if (Stream.of(line.split(" +")).anyMatch(word -> sockets.contains("socket:[" + word + "]"))) {
                        lines.add(table + " " + line.strip());
                    }
                }
            } catch (IOException e) {
                lines.add(table + " cannot be read");
            }
        }
        return lines;
    }
}
