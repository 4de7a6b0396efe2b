package dev.fetchback.store.postgres;

import dev.fetchback.store.Change;
import dev.fetchback.store.CommitSettings;
import dev.fetchback.store.GroupCommit;
import dev.fetchback.store.Retention;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.FetchResult;
import dev.fetchback.work.HostPolicy;
import dev.fetchback.work.Pace;
import dev.fetchback.work.Permits;
import dev.fetchback.work.Receivers;
import dev.fetchback.work.WorkSettings;
import dev.fetchback.work.Worker;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How the rate of queued tasks stands up to an old snapshot, or to millions of tasks that wait: two nodes, each on a database of its own
 * of one server with fsync, do the same work at the same time, and only one of them has what is looked for. Fetches and deliveries cost
 * nothing, and all tasks wait in the store first. bench/README.md says how to run it. Arguments: {@code held} or the number of tasks that
 * wait; seconds of a window; windows.
 */
final class StaysFast {
    private static final int HOSTS = 50;
    private static final int PLACES = 4; // of a host: most tasks wait in the store
    private static final int OUTSTANDING = 2_000;
    private static final int AT_ONCE = 100;
    private static final int WAIT_MILLIS = 30; // tasks that are due later are never begun by their submit: each waits in the store
    private static final int WARM_WINDOWS = 2;
    private static final String COPIES = "INSERT INTO waiting(id, attempt, epoch, phase, shard, priority, ready_at, queue, facts)"
            + " SELECT gen_random_uuid(), attempt, epoch, phase, n %% 64, priority, ready_at, 'copy' || n %% 100000, facts"
            + " FROM waiting, generate_series(1, %s) n; INSERT INTO queue(due_at, priorities, phase, shard, name)"
            + " SELECT min(ready_at), bit_or(1 << priority), phase, shard, queue FROM waiting"
            + " GROUP BY phase, shard, queue ON CONFLICT DO NOTHING;"
            + " ANALYZE waiting; ANALYZE queue";

    private StaysFast() {}

    public static void main(String[] args) throws Exception {
        boolean held = args[0].equals("held");
        int seconds = Integer.parseInt(args[1]);
        int windows = Integer.parseInt(args[2]);
        try (EmbeddedPostgres server = Servers.start(Servers.builder(Servers.Release.NEWEST)
                .setServerConfig("fsync", "on").setServerConfig("shared_buffers", "512MB").setServerConfig("max_wal_size", "4GB"))) {
            Servers.execute(server, "ALTER ROLE postgres SET synchronous_commit=on");
            Servers.execute(server, "CREATE DATABASE fresh");
            Servers.execute(server, "CREATE DATABASE old");
            try (Side fresh = new Side(server, "fresh"); Side old = new Side(server, "old")) {
                if (!held) {
                    old.store(List.of(old.task("copied.example:443", System.currentTimeMillis() + Duration.ofDays(1).toMillis())));
                    execute(server, COPIES.formatted(args[0]));
                    System.out.println("waiting: " + ask(server, "SELECT count(*) FROM waiting"));
                }
                fresh.start();
                old.start();
                Connection snapshot = null;
                for (int window = -WARM_WINDOWS; window < windows; window++) {
                    if (window == 0 && held) {
                        snapshot = server.getDatabase("postgres", "old").getConnection();
                        snapshot.setAutoCommit(false);
                        snapshot.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                        snapshot.createStatement().executeQuery("SELECT count(*) FROM queue").next();
                    }
                    long freshBefore = fresh.done();
                    long oldBefore = old.done();
                    Thread.sleep(Duration.ofSeconds(seconds));
                    double freshRate = (fresh.done() - freshBefore) / (double) seconds;
                    double oldRate = (old.done() - oldBefore) / (double) seconds;
                    System.out.printf("%s %4d s: fresh %.0f/s, %s %.0f/s, ratio %.2f%n", window < 0 ? "before" : "after", window * seconds,
                            freshRate, args[0], oldRate, oldRate / freshRate);
                }
                System.out.println(ask(server, "SELECT string_agg(relname || ' ' || n_live_tup || ' live ' || n_dead_tup || ' dead '"
                        + " || pg_size_pretty(pg_total_relation_size(relid)), ', ' ORDER BY relname)"
                        + " FROM pg_stat_user_tables WHERE n_tup_ins > 100"));
                if (snapshot != null) {
                    snapshot.close();
                }
            }
        }
    }

    private static void execute(EmbeddedPostgres server, String sql) throws Exception {
        try (Connection connection = server.getDatabase("postgres", "old").getConnection()) {
            connection.createStatement().execute(sql);
        }
    }

    private static String ask(EmbeddedPostgres server, String sql) throws Exception {
        try (Connection connection = server.getDatabase("postgres", "old").getConnection();
                var row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** A node with work. */
    private static final class Side implements AutoCloseable {
        private final PostgresStore store;
        private final GroupCommit commits;
        private final Worker worker;
        private final Ids ids = new Ids(0, 0, System::currentTimeMillis, new Random());
        private final Thread load = Thread.ofPlatform().daemon(true).unstarted(this::load);
        private volatile boolean over;

        Side(EmbeddedPostgres server, String database) {
            store = PostgresStore.open(PostgresSettings.of(
                    server.getJdbcUrl("postgres", database), null, database, Retention.DEFAULT, System::currentTimeMillis));
            commits = new GroupCommit(store, CommitSettings.DEFAULT, System::currentTimeMillis, new PrometheusRegistry());
            worker = new Worker(new WorkSettings(1_000, PLACES, Duration.ZERO, 1_000, Duration.ZERO), new Worker.Parts(
                    store, commits, new TaskMachine(RetryPolicy.DEFAULT),
                    new Worker.Steps((task, spec, none) -> page(), (task, spec, parcel) -> new DeliverResult.Accepted(false)),
                    new Worker.HostRules(host -> new HostPolicy(PLACES, Duration.ZERO, 0, null), Permits.NONE), new NoReceivers(),
                    new Worker.Surroundings(System::currentTimeMillis, new Random(), Executors.newVirtualThreadPerTaskExecutor())));
        }

        void start() {
            worker.start();
            load.start();
        }

        long done() {
            return worker.finished().getOrDefault(Phase.SUCCEEDED, 0L);
        }

        Worker.NewTask task(String host, long readyAt) {
            Task task = Task.submitted(ids.task(), new Task.Plan(host, "rcv_0123456789abcdef", 5, 3, 10, 0, 0), readyAt, store.epoch());
            return new Worker.NewTask(task, TaskSpec.get("https://" + host + "/page", DeliverOptions.to("https://api.example/hooks")), null);
        }

        void store(List<Worker.NewTask> tasks) {
            commits.commit(tasks.stream().map(task -> (Change) new Change.Submit(task.task(), task.spec(), null)).toList());
        }

        private void load() {
            long submitted = 0;
            while (!over) {
                if (submitted - done() >= OUTSTANDING) {
                    LockSupport.parkNanos(1_000_000);
                    continue;
                }
                List<Worker.NewTask> tasks = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    tasks.add(task("h" + submitted++ % HOSTS + ".example:443", System.currentTimeMillis() + WAIT_MILLIS));
                }
                worker.submit(tasks);
            }
        }

        private static FetchResult page() {
            return new FetchResult.Fetched(new Page(200, "https://a.example/page", List.of(), "text/html", 3, "ab".repeat(32),
                    System.currentTimeMillis(), 1), new Three(), null);
        }

        @Override
        public void close() {
            over = true;
            try {
                load.join();
                worker.drain();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            commits.close();
            store.close();
        }
    }

    private static final class NoReceivers implements Receivers {
        @Override
        public Pace pace(String receiver) {
            throw new AssertionError("all is delivered from memory");
        }

        @Override
        public DeliverResult.@Nullable Refused stopped(String receiver) {
            return null;
        }
    }

    private record Three() implements Body {
        @Override
        public long length() {
            return 3;
        }

        @Override
        public byte[] bytes() {
            return new byte[3];
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(bytes());
        }

        @Override
        public void close() {}
    }
}
