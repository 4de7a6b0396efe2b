package dev.fetchback.store.postgres;

import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * The parts that work is divided into, each with one owner at a time. A host's fetches are in one part, so that one node keeps to
 * its pace; all else is spread by task, so that no receiver pins a node. A set of parts is a {@code long}, a bit each.
 */
final class Shards {
    /** Part of the stored form, like the functions below: a change needs a migration of all that waits. */
    static final int COUNT = Long.SIZE;

    private static final Set<String> USUAL_PORTS = Set.of("80", "443");
    private static final String WWW = "www.";

    static final long NONE = 0;
    static final long ALL = -1;

    private Shards() {}

    /** The shard of a task where it stands. */
    static int of(Task task) {
        return of(task.phase().stage(), task.queue(), task.id());
    }

    static int of(Stage stage, String queue, TaskId id) {
        return switch (stage) {
            case FETCH -> ofHost(queue);
            case PROCESS, DELIVER -> (int) (id.low() & COUNT - 1);
        };
    }

    /**
     * The shard of a host's fetches. What one site is reached by, over http and https, with and without {@code www.}, is in one: these
     * redirect to each other, and a node keeps the limits of a host that a redirect leads to only as far as it follows them itself.
     */
    static int ofHost(String hostPort) {
        int port = hostPort.lastIndexOf(':');
        String host = USUAL_PORTS.contains(hostPort.substring(port + 1)) ? hostPort.substring(0, port) : hostPort;
        CRC32 sum = new CRC32();
        sum.update((host.startsWith(WWW) ? host.substring(WWW.length()) : host).getBytes(StandardCharsets.UTF_8));
        return (int) (sum.getValue() & COUNT - 1);
    }

    static boolean has(long shards, int shard) {
        return (shards >>> shard & 1) == 1;
    }

    /** The numbers of a set. */
    static int[] numbers(long shards) {
        return IntStream.range(0, COUNT).filter(shard -> has(shards, shard)).toArray();
    }
}
