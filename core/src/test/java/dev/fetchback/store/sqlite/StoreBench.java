package dev.fetchback.store.sqlite;

import com.sun.management.OperatingSystemMXBean;
import dev.fetchback.store.Change;
import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.store.Codec;
import dev.fetchback.store.CommitSettings;
import dev.fetchback.store.Committer;
import dev.fetchback.store.GroupCommit;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Event;
import dev.fetchback.task.Header;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Page;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures the store; a main class, not a test. Arguments: {@code DIR MODE [N [batch]]}. Modes: {@code direct} (submit and
 * settle in commits of a batch), {@code flight} (the same with 400 tasks in flight that end in any order), {@code group} (64 threads through the committer), {@code intake} (waiting tasks of 1,000 hosts),
 * {@code stream} (one batch of tasks of 100,000 hosts that are due tomorrow),
 * {@code fill} (waiting tasks of 100,000 hosts), {@code open} (restart and due scan), {@code steady} (1,000 tasks a second,
 * latencies), {@code prune} (forgets all), {@code codec}.
 */
final class StoreBench {
    private static final int THREADS = 64;
    private static final Page PAGE = new Page(200, "https://www.example.com/products/12345?ref=nightly",
            List.of(new Header("content-type", "text/html; charset=utf-8"), new Header("date", "Sun, 22 Nov 2026 15:48:01 GMT")),
            "text/html; charset=utf-8", 10_240, "0123456789abcdef".repeat(4), 1_800_000_000_000L, 12);

    private final Path dir;
    private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);
    final Ids ids = new Ids(0, 0, System::currentTimeMillis, new Random());
    final DeliverOptions deliver = DeliverOptions.to("https://api.example.net/hooks/fetchback");

    private StoreBench(Path dir) {
        this.dir = dir;
    }

    public static void main(String[] args) throws Exception {
        StoreBench bench = new StoreBench(Path.of(args[0]));
        int n = args.length > 2 ? Integer.parseInt(args[2]) : 400_000;
        int batch = args.length > 3 ? Integer.parseInt(args[3]) : 256;
        switch (args[1]) {
            case "direct" -> bench.direct(n, batch);
            case "group" -> bench.group(n);
            case "intake" -> bench.fill(n, batch, 1_000, 0);
            case "fill" -> bench.fill(n, batch, 100_000, Duration.ofDays(1).toMillis());
            case "stream" -> new MixBench(bench).stream(n, batch);
            case "flight" -> new MixBench(bench).flight(n, batch);
            case "open" -> bench.restart();
            case "steady" -> bench.steady(n, batch);
            case "prune" -> bench.prune();
            case "codec" -> codec();
            default -> throw new IllegalArgumentException(args[1]);
        }
    }

    SqliteStore open() {
        SqliteSettings.Limits usual = SqliteSettings.Limits.DEFAULT;
        SqliteSettings.Limits limits = new SqliteSettings.Limits(usual.maxBytes(), usual.reserveBytes(),
                Long.getLong("wal", usual.walBytes()), Long.getLong("cache", usual.writerCacheBytes()), usual.readers(),
                usual.readerCacheBytes());
        return SqliteStore.open(SqliteSettings.of(dir, System::currentTimeMillis).withLimits(limits));
    }

    Submit begun(int epoch, long i) {
        String host = "www.example" + i % 1000 + ".com:443";
        Plan plan = new Plan(host, "rcv_0123456789abcdef", 5, 3, 10, 0, 0);
        Task task = Task.submitted(ids.task(), plan, System.currentTimeMillis(), epoch);
        Task started = machine.next(task, new Event.Start(epoch), System.currentTimeMillis(), 0.5).orElseThrow();
        return new Submit(started, TaskSpec.get("https://" + host + "/products/12345?ref=nightly", deliver), null);
    }

    Move settled(Task begun) {
        Task done = machine.next(begun, new Event.PageDelivered(PAGE), System.currentTimeMillis(), 0.5).orElseThrow();
        return new Move(begun, done, null);
    }

    /** Each commit settles the tasks of the commit before, as it is when all goes at once. */
    private void direct(int n, int batch) {
        try (SqliteStore store = open()) {
            for (int round = 0; round < 3; round++) {
                long start = System.nanoTime();
                double cpu = cpuSeconds();
                List<Change> changes = new ArrayList<>();
                List<Task> before = new ArrayList<>();
                for (int done = 0; done < n; done += batch) {
                    for (Task task : before) {
                        changes.add(settled(task));
                    }
                    before.clear();
                    for (int i = 0; i < batch; i++) {
                        Submit submit = begun(store.epoch(), done + i);
                        before.add(submit.task());
                        changes.add(submit);
                    }
                    check(store.commit(changes));
                    changes.clear();
                }
                say("direct, %d tasks a commit: %,.0f tasks/s, %.1f us of CPU a task", batch, n / seconds(start),
                        (cpuSeconds() - cpu) / n * 1e6);
                start = System.nanoTime();
                cpu = cpuSeconds();
                for (int done = 0; done < n; done += batch) {
                    before.clear();
                    for (int i = 0; i < batch; i++) {
                        Submit submit = begun(store.epoch(), done + i);
                        before.add(submit.task());
                        changes.add(submit);
                    }
                    check(store.commit(changes));
                    changes.clear();
                    before.forEach(task -> changes.add(settled(task)));
                    check(store.commit(changes));
                    changes.clear();
                }
                say("direct, %d in two commits: %,.0f tasks/s, %.1f us of CPU a task", batch, n / seconds(start),
                        (cpuSeconds() - cpu) / n * 1e6);
            }
            say("%s", store.totals());
        }
    }

    static void check(List<Result> results) {
        for (Result result : results) {
            if (result != Result.Applied.APPLIED) {
                throw new AssertionError(result);
            }
        }
    }

    /** Submits wait for the disk, settles do not. */
    private void group(int n) throws InterruptedException {
        try (SqliteStore store = open();
                GroupCommit committer = new GroupCommit(
                        store, CommitSettings.DEFAULT, System::currentTimeMillis, new PrometheusRegistry())) {
            for (int each : new int[] {1, 1, 16, 16, 64, 64}) {
                long start = System.nanoTime();
                double cpu = cpuSeconds();
                produce(n, each, store.epoch(), committer);
                say("group, %d threads submit %d: %,.0f tasks/s, %.1f us of CPU a task", THREADS, each, n / seconds(start),
                        (cpuSeconds() - cpu) / n * 1e6);
            }
        }
    }

    private void produce(int n, int each, int epoch, Committer committer) throws InterruptedException {
        AtomicLong next = new AtomicLong();
        CountDownLatch settled = new CountDownLatch(n / each * each);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            threads.add(Thread.ofVirtual().start(() -> {
                while (true) {
                    long i = next.getAndAdd(each);
                    if (i + each > n) {
                        return;
                    }
                    List<Change> submits = new ArrayList<>(each);
                    for (int k = 0; k < each; k++) {
                        submits.add(begun(epoch, i + k));
                    }
                    check(committer.commit(submits));
                    for (Change submit : submits) {
                        settle(committer, settled(((Submit) submit).task()), settled);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        settled.await();
    }

    private static void settle(Committer committer, Move move, CountDownLatch settled) {
        while (true) {
            try {
                committer.submit(List.of(move), new Committer.Completion() {
                    @Override
                    public void done(List<Result> results) {
                        check(results);
                        settled.countDown();
                    }

                    @Override
                    public void failed(StoreException reason) {
                        throw reason;
                    }
                });
                return;
            } catch (StoreBusy e) {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private void fill(int n, int batch, int hosts, long delay) {
        try (SqliteStore store = open()) {
            Random random = new Random(1);
            long start = System.nanoTime();
            long mark = start;
            for (int done = 0; done < n; done += batch) {
                List<Change> changes = new ArrayList<>();
                for (int i = 0; i < batch; i++) {
                    String host = "www.example" + random.nextInt(hosts) + ".com:443";
                    Plan plan = new Plan(host, "rcv_0123456789abcdef", 5, 3, 10, 0, 0);
                    long readyAt = System.currentTimeMillis() + (delay == 0 ? 0 : delay + random.nextInt((int) delay));
                    changes.add(new Submit(Task.submitted(ids.task(), plan, readyAt, store.epoch()),
                            TaskSpec.get("https://" + host + "/products/12345?ref=nightly", deliver), null));
                }
                check(store.commit(changes));
                if (done / 1_000_000 < (done + batch) / 1_000_000) {
                    say("%,d waiting: %,.0f tasks/s", done + batch, 1_000_000 / seconds(mark));
                    mark = System.nanoTime();
                }
            }
            say("waiting, %d a commit, %,d hosts: %,.0f tasks/s", batch, hosts, n / seconds(start));
            say("%s", store.totals());
        }
    }

    private void restart() {
        for (int i = 0; i < 3; i++) {
            long start = System.nanoTime();
            try (SqliteStore store = open()) {
                say("open: %.3f s", seconds(start));
                start = System.nanoTime();
                say("next due %s, orphans %d: %.4f s", store.nextDue(Stage.FETCH, 0), store.orphans(10).size(), seconds(start));
                start = System.nanoTime();
                long later = System.currentTimeMillis() + Duration.ofDays(3).toMillis();
                var queues = store.dueQueues(Stage.FETCH, Optional.empty(), later, 1000);
                int tasks = 0;
                for (var queue : queues) {
                    tasks += store.dueTasks(new QueueKey(Stage.FETCH, queue.name()), later, 10).size();
                }
                say("%d tasks of %d queues: %.3f s", tasks, queues.size(), seconds(start));
                say("%s", store.totals());
                start = System.nanoTime();
            }
            say("close: %.3f s", seconds(start));
        }
    }

    /** {@code rate} tasks a second for n tasks; each submit is a commit of its own. */
    private void steady(int n, int rate) throws InterruptedException {
        PrometheusRegistry registry = new PrometheusRegistry();
        try (SqliteStore store = open();
                GroupCommit committer = new GroupCommit(store, CommitSettings.DEFAULT, System::currentTimeMillis, registry)) {
            for (int round = 0; round < 2; round++) {
                long[] nanos = new long[n];
                Semaphore all = new Semaphore(0);
                CountDownLatch settled = new CountDownLatch(n);
                long begin = System.nanoTime();
                for (int i = 0; i < n; i++) {
                    long at = begin + i * 1_000_000_000L / rate;
                    while (System.nanoTime() < at) {
                        LockSupport.parkNanos(at - System.nanoTime());
                    }
                    int index = i;
                    Thread.ofVirtual().start(() -> {
                        Submit submit = begun(store.epoch(), index);
                        check(committer.commit(List.of(submit)));
                        nanos[index] = System.nanoTime() - at;
                        settle(committer, settled(submit.task()), settled);
                        all.release();
                    });
                }
                all.acquire(n);
                settled.await();
                Arrays.sort(nanos);
                say("%d/s, accept ms: p50 %.2f p99 %.2f p99.9 %.2f max %.2f", rate, nanos[n / 2] / 1e6, nanos[n * 99 / 100] / 1e6,
                        nanos[n / 1000 * 999] / 1e6, nanos[n - 1] / 1e6);
            }
        }
    }

    private void prune() {
        SqliteSettings settings = SqliteSettings.of(dir, System::currentTimeMillis)
                .withRetention(new Retention(Duration.ofSeconds(1), Duration.ofSeconds(1), 0, Duration.ofSeconds(1), 1));
        try (SqliteStore store = SqliteStore.open(settings)) {
            say("%s", store.totals());
            long start = System.nanoTime();
            long longest = 0;
            int steps = 0;
            boolean more = true;
            while (more) {
                long step = System.nanoTime();
                more = store.prune(System.currentTimeMillis() + Duration.ofHours(3).toMillis());
                long took = System.nanoTime() - step;
                if (took > 50_000_000) {
                    say("step %d: %.3f s", steps, took / 1e9);
                }
                longest = Math.max(longest, took);
                steps++;
            }
            say("pruned in %.2f s, %d steps, the longest %.3f s", seconds(start), steps, longest / 1e9);
            say("%s", store.totals());
        }
    }

    private static void codec() {
        DeliverOptions deliver = DeliverOptions.to("https://api.example.net/hooks/fetchback");
        TaskSpec spec = TaskSpec.get("https://www.example.com/products/12345?ref=nightly", deliver);
        Plan plan = new Plan("www.example.com:443", "rcv_0123456789abcdef", 5, 3, 10, 0, 0);
        Task.Progress progress = new Task.Progress(0, 1, 0, 1, new dev.fetchback.task.Outcome.Fetched(PAGE, 0), null, true, 1);
        byte[] facts = Codec.facts(plan, spec);
        byte[] outcome = Codec.progress(progress);
        say("facts %d bytes, outcome %d bytes", facts.length, outcome.length);
        int n = 2_000_000;
        long sum = 0;
        for (int round = 0; round < 3; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < n; i++) {
                sum += Codec.facts(plan, spec).length;
            }
            double write = seconds(start);
            start = System.nanoTime();
            for (int i = 0; i < n; i++) {
                sum += Codec.progress(progress).length;
            }
            double writeOutcome = seconds(start);
            start = System.nanoTime();
            for (int i = 0; i < n; i++) {
                sum += Codec.facts(facts).spec().url().length();
            }
            say("ns: write facts %.0f, write outcome %.0f, read facts %.0f (%d)", write / n * 1e9, writeOutcome / n * 1e9,
                    seconds(start) / n * 1e9, sum % 10);
        }
    }

    /** Time of all threads of this process: what a busy machine does not distort. */
    static double cpuSeconds() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }

    static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    static void say(String format, Object... values) {
        System.out.println(format.formatted(values));
    }
}
