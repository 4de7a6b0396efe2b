package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.MemoryStore;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Event;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The real scheduler and state machine on fake time, which is set forward and back, with steps that fail, hang on to their result,
 * and owners that are killed at any moment; the killed owners' attempts go on as zombies and settle late. Everything that was
 * accepted must reach exactly one terminal phase, and its receiver must have heard of it. In every second run tasks belong to others
 * now and then, so that nobody tells the lanes of them.
 */
final class SimulationTest {
    private static final int RUNS = 40;
    private static final int EVENTS = 1_200;
    private static final int CALM_TURNS_MAX = 20_000;
    private static final int HOSTS = 6;
    private static final int JUMP_MAX = 6 * 3_600_000;

    @TestFactory
    List<DynamicTest> everyAcceptedTaskReachesOneTerminalPhase() {
        long base = Long.getLong("simulation.seed", System.nanoTime());
        List<DynamicTest> tests = new ArrayList<>();
        List<Simulation> all = new ArrayList<>();
        for (int i = 0; i < RUNS; i++) {
            Simulation simulation = new Simulation(base + i);
            all.add(simulation);
            tests.add(DynamicTest.dynamicTest("-Dsimulation.seed=" + simulation.seed, simulation::run));
        }
        tests.add(DynamicTest.dynamicTest("most of them had zombies, processed pages, and crashed what processes them", () -> {
            assertThat(all.stream().filter(one -> one.zombieMoves > 0)).as("seed %d", base).hasSizeGreaterThan(RUNS / 2);
            assertThat(all.stream().filter(one -> one.processedDelivered > 0)).as("seed %d", base).hasSizeGreaterThan(RUNS / 2);
            assertThat(all.stream().filter(one -> one.crashes > 0)).as("seed %d", base).hasSizeGreaterThan(RUNS / 2);
        }));
        return tests;
    }

    private static final class Simulation {
        private final long seed;
        private final Random random;
        private final MemoryStore disk = new MemoryStore();
        private final Ids ids;
        private final Map<TaskId, Set<String>> heard = new HashMap<>();
        private final Set<String> takenOrKept = new HashSet<>();
        private final Map<TaskId, Phase> ended = new HashMap<>();
        private final Set<TaskId> accepted = new HashSet<>();
        private final List<Pending> pending = new ArrayList<>();
        private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);
        private long now = 1_700_000_000_000L;
        private boolean calm;
        private final boolean shared; // whether there are others who own some of it now and then
        private int starts;
        private int zombieMoves;
        private int processedDelivered;
        private final List<String> wrong = new ArrayList<>();
        private int crashes;
        private Node node;

        /** Something that happens at a later moment: an attempt that ends. */
        private record Pending(long at, Runnable action) {}

        Simulation(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
            this.shared = seed % 2 == 0;
            this.ids = new Ids(0, 0, () -> now, random);
        }

        void run() {
            node = new Node();
            for (int i = 0; i < EVENTS; i++) {
                step();
                check();
            }
            calm = true;
            for (int i = 0; i < CALM_TURNS_MAX && !quiet(); i++) {
                advance();
            }
            check();
            for (StoredTask stored : disk.all()) {
                Task task = stored.task();
                assertThat(task.phase().terminal()).as("seed %d: %s", seed, task).isTrue();
                boolean told = (task.phase() == Phase.SUCCEEDED || task.phase() == Phase.FAILED)
                        && !(task.progress().outcome() instanceof Outcome.Unchanged);
                if (told && task.plan().receiver() != null) {
                    assertThat(heard.getOrDefault(task.id(), Set.of())).as("seed %d: %s", seed, task)
                            .contains(task.phase() == Phase.FAILED ? "failed" : "page");
                }
            }
            checkUnchanged();
            assertThat(disk.all()).extracting(s -> s.task().id()).as("seed %d", seed).containsAll(accepted);
            assertThat(starts).as("seed %d: the simulation must do something", seed).isGreaterThan(accepted.size());
            assertThat(wrong).as("seed %d", seed).isEmpty();
        }

        /** Only what somebody has already counts as unchanged. */
        private void checkUnchanged() {
            for (StoredTask stored : disk.all()) {
                Task task = stored.task();
                if (task.phase() == Phase.SUCCEEDED && task.plan().receiver() == null
                        && task.progress().outcome() instanceof Outcome.Fetched kept) {
                    takenOrKept.add(task.plan().pageKey() + " " + kept.page().sha256());
                }
            }
            int unchanged = 0;
            for (StoredTask stored : disk.all()) {
                if (stored.task().progress().outcome() instanceof Outcome.Unchanged same) {
                    unchanged++;
                    assertThat(takenOrKept).as("seed %d: %s", seed, stored.task())
                            .contains(stored.task().plan().pageKey() + " " + same.page().sha256());
                }
            }
            assertThat(unchanged).as("seed %d: some pages must be unchanged", seed).isPositive();
        }

        private boolean quiet() {
            return disk.all().stream().allMatch(s -> s.task().phase().terminal());
        }

        private void step() {
            int dice = random.nextInt(100);
            if (dice < 25) {
                submit();
            } else if (dice < 27) {
                node.dead = true; // kill -9: what it had under way goes on as a zombie
                node = new Node();
            } else if (dice < 30) {
                accepted.stream().skip(random.nextInt(Math.max(1, accepted.size()))).findFirst()
                        .ifPresent(id -> node.worker.move(id, new Event.Cancel()));
            } else if (dice < 31) {
                now += random.nextInt(-JUMP_MAX, JUMP_MAX); // somebody sets the clock
            } else {
                advance();
            }
        }

        /** Lets the lanes look, commits what waits, ends some attempts, and lets time pass. */
        private void advance() {
            long next = Math.min(node.worker.lane(Stage.FETCH).turn(), node.worker.lane(Stage.DELIVER).turn());
            next = Math.min(next, node.worker.lane(Stage.PROCESS).turn());
            node.flush();
            long end = pending.stream().mapToLong(Pending::at).min().orElse(Long.MAX_VALUE);
            if (calm && node.quiet()) {
                now = Math.max(now, Math.min(next, end) == Long.MAX_VALUE ? now : Math.min(next, end));
            } else {
                now += random.nextInt(300);
            }
            List<Pending> over = pending.stream().filter(p -> p.at() <= now).toList();
            pending.removeAll(over);
            over.forEach(p -> p.action().run());
            node.flush();
        }

        private void submit() {
            TaskId id = ids.task();
            String host = "host" + random.nextInt(HOSTS) + ":80";
            boolean pull = random.nextInt(5) == 0;
            long readyAt = random.nextInt(4) == 0 ? now + random.nextInt(100_000) : now;
            long expiresAt = random.nextInt(6) == 0 ? now + 1 + random.nextInt(200_000) : 0;
            Task.Plan plan = new Task.Plan(host, pull ? null : "rcv" + random.nextInt(3), random.nextInt(10), 3, 4, expiresAt, 0,
                    random.nextInt(3) == 0, random.nextInt(3) == 0 ? host : null);
            TaskSpec spec = new TaskSpec("http://" + host + "/", TaskSpec.Request.GET, FetchOptions.DEFAULT,
                    plan.processing() ? List.of(ProcessorUse.of("text")) : List.of(), pull ? null : DeliverOptions.to("http://r/"),
                    TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE);
            Task task = Task.submitted(id, plan, readyAt, disk.epoch());
            List<Result> results = node.worker.submit(List.of(new Worker.NewTask(task, spec, null)));
            assertThat(results).containsExactly(Result.Applied.APPLIED);
            accepted.add(id);
        }

        /** A terminal phase is never left: nobody retries or redrives in this simulation. */
        private void check() {
            for (StoredTask stored : disk.all()) {
                Phase before = ended.get(stored.task().id());
                if (before != null) {
                    assertThat(stored.task().phase()).as("seed %d: %s", seed, stored.task()).isEqualTo(before);
                } else if (stored.task().phase().terminal()) {
                    ended.put(stored.task().id(), stored.task().phase());
                }
            }
        }

        private FetchResult fetch(Task task, Seen last) {
            starts++;
            Problem problem = new Problem("connect_failed", null, 0);
            if (!calm && random.nextInt(3) == 0) {
                boolean busy = random.nextBoolean();
                long retryAt = random.nextBoolean() ? now + 5_000 : 0;
                HostNews news = new HostNews(task.plan().host(), now - 100, 100, false, busy, retryAt);
                return new FetchResult.Failed(problem, random.nextInt(4) > 0, retryAt, news);
            }
            Page page = new Page(200, "http://x/", List.of(), "text/html", 3, "version " + random.nextInt(3), now, 1);
            return last != null && last.same(page)
                    ? new FetchResult.Unchanged(page, null)
                    : new FetchResult.Fetched(page, new ThreeBytes(), null);
        }

        /** Fails, crashes, takes too long, or is busy. */
        private ProcessResult process(Task task, Body body) {
            byte[] page = bytes(body);
            if (page == null) {
                return new ProcessResult.Failed(new Problem(Problem.INTERNAL, null, 0), true);
            }
            wrongUnless(Arrays.equals(page, new byte[] {1, 2, 3}), task, "processes a page of " + Arrays.toString(page));
            if (!calm && random.nextInt(3) == 0) {
                return switch (random.nextInt(4)) {
                    case 0 -> new ProcessResult.Failed(new Problem(Problem.PROCESS_FAILED, null, 0), false);
                    case 1 -> {
                        crashes++;
                        yield new ProcessResult.Failed(new Problem(Problem.PROCESS_CRASHED, null, 0), true);
                    }
                    case 2 -> new ProcessResult.Failed(new Problem(Problem.PROCESS_TIMEOUT, null, 0), false);
                    default -> new ProcessResult.Busy(new Problem(Problem.PROCESS_UNAVAILABLE, null, 0), random.nextBoolean() ? now + 5_000 : 0);
                };
            }
            byte[] results = new byte[random.nextInt(2, 5)];
            Arrays.fill(results, (byte) results.length);
            return new ProcessResult.Processed(results, List.of());
        }

        /** Null when it is not in the store any more, as only a zombie finds it. */
        private static byte[] bytes(Body body) {
            try {
                return body.bytes();
            } catch (IOException e) {
                return null;
            }
        }

        /** What is thrown in a step is taken for a fault of it. */
        private void wrongUnless(boolean right, Task task, String what) {
            if (!right) {
                wrong.add(what + ": " + task);
            }
        }

        /** Whoever gets a page gets the results of this very page, from memory or from the store. */
        private void checkResults(Task task, Parcel parcel) {
            if (!(parcel.outcome() instanceof Outcome.Fetched fetched)) {
                return;
            }
            byte[] page = bytes(parcel.body());
            Processed processed = fetched.processed();
            wrongUnless(page == null || Arrays.equals(page, new byte[] {1, 2, 3}), task, "delivers a page of " + Arrays.toString(page));
            wrongUnless((processed != null) == task.plan().processing(), task, "delivers " + processed);
            if (page != null && processed != null) {
                byte[] results = bytes(parcel.results());
                byte[] expected = new byte[(int) processed.bytes()];
                Arrays.fill(expected, (byte) expected.length);
                wrongUnless(Arrays.equals(results, expected), task, "delivers results of " + Arrays.toString(results));
                processedDelivered++;
            }
        }

        private DeliverResult deliver(Task task, Parcel parcel) {
            checkResults(task, parcel);
            if (!calm && random.nextInt(3) == 0) {
                return random.nextBoolean()
                        ? new DeliverResult.StoreFirst()
                        : new DeliverResult.Refused(new Problem("http_status", null, 500), random.nextBoolean() ? now + 60_000 : 0);
            }
            heard.computeIfAbsent(task.id(), id -> new HashSet<>())
                    .add(parcel.outcome() instanceof Outcome.Fetched ? "page" : "failed");
            if (parcel.outcome() instanceof Outcome.Fetched fetched) {
                takenOrKept.add(task.plan().pageKey() + " " + fetched.page().sha256());
            }
            return new DeliverResult.Accepted(false);
        }

        /** Receivers with a few places each, that are stopped now and then. */
        private final class Moody implements Receivers {
            private final Map<String, Pace> paces = new HashMap<>();

            @Override
            public Pace pace(String receiver) {
                HostPolicy policy = new HostPolicy(4, Duration.ZERO, 0, null);
                return paces.computeIfAbsent(receiver, name -> new HostPace(() -> policy, Permits.NONE, random, () -> Long.MAX_VALUE));
            }

            @Override
            public DeliverResult.Refused stopped(String receiver) {
                boolean stopped = !calm && random.nextInt(10) == 0;
                return stopped ? new DeliverResult.Refused(new Problem(Problem.RECEIVER_STOPPED, null, 0), 0) : null;
            }
        }

        /** One owner of the shard, until it is killed. */
        private final class Node implements Committer {
            private final ArrayDeque<Runnable> commits = new ArrayDeque<>();
            private final Worker worker;
            private boolean dead;

            Node() {
                Store mine = ownedBy(disk.takeOver().epoch());
                Executor threads = attempt -> pending.add(new Pending(now + random.nextInt(2_000), attempt));
                Worker.Steps steps = new Worker.Steps(
                        (task, spec, input) -> fetch(task, input.last()),
                        new Processing((task, spec, input) -> process(task, input.body()), 4, new ByteBudget(random.nextInt(2, 10))),
                        (task, spec, parcel) -> deliver(task, parcel));
                worker = new Worker(
                        new WorkSettings(16, 2, Duration.ofMillis(200), 16, Duration.ZERO),
                        new Worker.Parts(mine, this, machine, steps,
                                new Worker.HostRules(host -> new HostPolicy(2, Duration.ofMillis(200), 0, null), Permits.NONE),
                                new Moody(), new Worker.Surroundings(() -> now, random, threads)));
                worker.reclaim();
            }

            @Override
            public List<Result> commit(List<Change> changes) {
                flush();
                return disk.commit(changes);
            }

            @Override
            public void submit(List<Change> changes, Completion completion) {
                if (dead) {
                    zombie(changes);
                    return;
                }
                commits.add(() -> {
                    List<Result> results;
                    try {
                        results = disk.commit(changes);
                    } catch (StoreException e) {
                        completion.failed(e);
                        return;
                    }
                    completion.done(results);
                });
            }

            /** The same disk as this owner sees it: it never learns of an epoch after its own. */
            private Store ownedBy(int epoch) {
                return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class},
                        (proxy, method, args) -> switch (method.getName()) {
                            case "epoch" -> epoch;
                            case "owns" -> calm || !shared || random.nextInt(10) > 0;
                            case "lookEveryMillis" -> shared ? calm ? 60_000L : 200L : Long.MAX_VALUE;
                            default -> method.invoke(disk, args);
                        });
            }

            /** What a killed owner still settles or starts must change nothing. */
            private void zombie(List<Change> changes) {
                List<Result> results = disk.commit(changes);
                for (int i = 0; i < changes.size(); i++) {
                    if (changes.get(i) instanceof Change.Move move && (move.before().phase().running() || move.after().phase().running())) {
                        zombieMoves++;
                        assertThat(results.get(i)).as("seed %d: %s", seed, move).isEqualTo(Result.Stale.STALE);
                    }
                }
            }

            void flush() {
                while (!commits.isEmpty()) {
                    commits.poll().run();
                }
            }

            boolean quiet() {
                return commits.isEmpty();
            }
        }
    }
}
