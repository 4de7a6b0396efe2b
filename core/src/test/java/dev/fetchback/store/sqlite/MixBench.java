package dev.fetchback.store.sqlite;

import dev.fetchback.store.Change;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** The modes of {@link StoreBench} that count what is written to disk. */
final class MixBench {
    private static final int IN_FLIGHT = 400;

    private final StoreBench bench;

    MixBench(StoreBench bench) {
        this.bench = bench;
    }

    /** Rounds of one streamed batch each: the hosts in turn, all with the same delay. */
    void stream(int n, int batch) {
        try (SqliteStore store = bench.open()) {
            for (int round = 0; round < 3; round++) {
                BatchId id = bench.ids.batch();
                StoreBench.check(store.commit(List.of(new Change.NewBatch(id, null))));
                TaskSpec.Tags tags = new TaskSpec.Tags(null, id, List.of(), Map.of());
                long start = System.nanoTime();
                double bytes = written();
                double cpu = StoreBench.cpuSeconds();
                for (int done = 0; done < n; done += batch) {
                    List<Change> changes = new ArrayList<>();
                    for (int i = 0; i < batch; i++) {
                        String host = "host-" + (done + i) % 100_000 + ".example:80";
                        Plan plan = new Plan(host, "rcv_0123456789abcdef", 5, 3, 10, 0, 0);
                        long readyAt = System.currentTimeMillis() + Duration.ofDays(1).toMillis();
                        TaskSpec plain = TaskSpec.get("http://host-" + (done + i) % 100_000 + ".example/page/" + i, bench.deliver);
                        TaskSpec spec = new TaskSpec(
                                plain.url(), plain.request(), plain.fetch(), plain.process(), plain.deliver(), plain.schedule(), tags);
                        changes.add(new Submit(Task.submitted(bench.ids.task(), plan, readyAt, store.epoch()), spec, null));
                    }
                    StoreBench.check(store.commit(changes));
                }
                StoreBench.say("stream, %d a commit: %,.0f tasks/s, %.1f us of CPU and %,.0f bytes written a task", batch, n / StoreBench.seconds(start),
                        (StoreBench.cpuSeconds() - cpu) / n * 1e6, (written() - bytes) / n);
            }
            StoreBench.say("%s", store.totals());
        }
    }

    /** Each commit has as many submits as settles of any of those in flight. */
    void flight(int n, int batch) {
        Random random = new Random(1);
        try (SqliteStore store = bench.open()) {
            List<Task> flying = new ArrayList<>();
            for (int round = 0; round < 3; round++) {
                long start = System.nanoTime();
                double bytes = written();
                double cpu = StoreBench.cpuSeconds();
                for (int done = 0; done < n; done += batch) {
                    List<Change> changes = new ArrayList<>();
                    for (int i = 0; i < batch; i++) {
                        if (flying.size() >= IN_FLIGHT) {
                            changes.add(bench.settled(flying.remove(random.nextInt(flying.size()))));
                        }
                    }
                    for (int i = 0; i < batch; i++) {
                        Submit submit = bench.begun(store.epoch(), done + i);
                        flying.add(submit.task());
                        changes.add(submit);
                    }
                    StoreBench.check(store.commit(changes));
                }
                StoreBench.say("flight, %d tasks a commit: %,.0f tasks/s, %.1f us of CPU and %,.0f bytes written a task", batch, n / StoreBench.seconds(start),
                        (StoreBench.cpuSeconds() - cpu) / n * 1e6, (written() - bytes) / n);
            }
            StoreBench.say("%s", store.totals());
        }
    }

    /** Bytes that this process gave to the system to write, which no other load distorts; 0 where the system does not tell. */
    private static double written() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/io"))) {
            return lines.filter(line -> line.startsWith("wchar:"))
                    .mapToLong(line -> Long.parseLong(line.substring("wchar:".length()).strip()))
                    .sum();
        } catch (IOException e) {
            return 0;
        }
    }
}
