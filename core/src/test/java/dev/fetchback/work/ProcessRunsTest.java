package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.MemoryStore;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreException;
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
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A page's way through its processors, with every attempt on the test's own thread. */
final class ProcessRunsTest {
    private static final byte[] RESULTS = "{\"text\":\"three\"}".getBytes(StandardCharsets.UTF_8);
    private static final Problem BUSY = new Problem(Problem.PROCESS_UNAVAILABLE, "all are busy", 0);
    private static final Problem CRASHED = new Problem(Problem.PROCESS_CRASHED, "it was killed", 0);

    private final MemoryStore store = new MemoryStore();
    private final Random random = new Random(5);
    private long now = 1_800_000_000_000L;
    private final Ids ids = new Ids(0, 0, () -> now, random);
    private final List<Phase> moves = new ArrayList<>();
    private final List<Parcel> delivered = new ArrayList<>();
    private final List<String> bodies = new ArrayList<>();
    private int processed;
    private int fetches;
    private boolean full;
    private Step<ProcessInput, ProcessResult> step = (task, spec, input) -> new ProcessResult.Processed(RESULTS, List.of());
    private DeliverResult answer = new DeliverResult.Accepted(false);
    private DeliverOptions deliver = DeliverOptions.to("http://r/");
    private long keep;
    private ByteBudget memory = new ByteBudget(1 << 20);
    private Worker worker = worker();

    private Worker worker() {
        Step<ProcessInput, ProcessResult> counting = (task, spec, input) -> {
            processed++;
            assertThat(bytes(input.body())).as("the page").containsExactly(1, 2, 3);
            return step.run(task, spec, input);
        };
        return new Worker(
                new WorkSettings(10, 10, Duration.ZERO, 10, Duration.ZERO),
                new Worker.Parts(
                        store,
                        new AtOnce(),
                        new TaskMachine(RetryPolicy.DEFAULT),
                        new Worker.Steps(
                                (task, spec, input) -> {
                                    fetches++;
                                    return new FetchResult.Fetched(
                                            new Page(200, "http://host/", List.of(), "text/html", 3, "abc", now, 1), new ThreeBytes(), null);
                                },
                                new Processing(counting, 2, memory),
                                (task, spec, parcel) -> deliver(parcel)),
                        new Worker.HostRules(host -> new HostPolicy(10, Duration.ZERO, 0, null), Permits.NONE),
                        new NoLimits(),
                        new Worker.Surroundings(() -> now, random, Runnable::run)));
    }

    private DeliverResult deliver(Parcel parcel) {
        delivered.add(parcel);
        if (parcel.body() != null) {
            bodies.add(new String(bytes(parcel.body()), StandardCharsets.ISO_8859_1)
                    + (parcel.results() == null ? "" : new String(bytes(parcel.results()), StandardCharsets.UTF_8)));
        }
        return answer;
    }

    private static byte[] bytes(Body body) {
        try {
            byte[] whole = body.bytes();
            try (InputStream in = body.open()) {
                assertThat(in.readAllBytes()).isEqualTo(whole).hasSize((int) body.length());
            }
            return whole;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Task submit() {
        DeliverOptions to = deliver;
        Task.Plan plan = new Task.Plan("host:80", to == null ? null : "rcv", 5, 3, 10, 0, keep, true, null);
        Task task = Task.submitted(ids.task(), plan, now, store.epoch());
        TaskSpec spec = new TaskSpec("http://host/", TaskSpec.Request.GET, FetchOptions.DEFAULT, List.of(ProcessorUse.of("text")), to,
                TaskSpec.Schedule.NOW, TaskSpec.Tags.NONE);
        worker.submit(List.of(new Worker.NewTask(task, spec, null)));
        return stored(task.id());
    }

    private Task stored(TaskId id) {
        return store.find(id).orElseThrow().task();
    }

    private String body(TaskId id) {
        return store.body(id, 0, Long.MAX_VALUE).map(in -> {
            try (in) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }).orElse("none");
    }

    /** Lets time pass and a lane look. */
    private void later(Stage stage) {
        now += 10_000;
        worker.lane(stage).turn();
    }

    @Test
    void aPageThatIsTakenAtOnceNeverTouchesTheStore() {
        step = (task, spec, input) -> {
            assertThat(worker.lane(Stage.FETCH).running()).as("its host has its place back").isZero();
            return new ProcessResult.Processed(RESULTS, List.of(new ProcessResult.Failure("links", CRASHED)));
        };
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(moves).containsExactly(Phase.PROCESS_RUNNING, Phase.SUCCEEDED);
        assertThat(((Outcome.Fetched) task.progress().outcome()).processed())
                .isEqualTo(new Processed(RESULTS.length, Map.of("links", CRASHED)));
        assertThat(delivered.getFirst().outcome()).isEqualTo(new Outcome.Fetched(
                ((Outcome.Fetched) task.progress().outcome()).page(), 0, new Processed(RESULTS.length, Map.of("links", CRASHED))));
        assertThat(bodies).containsExactly("\1\2\3{\"text\":\"three\"}");
        assertThat(body(task.id())).isEqualTo("none");
        assertThat(memory.used()).isZero();
    }

    @Test
    void aPageThatIsKeptHasItsResultsBesideIt() {
        deliver = null;
        keep = 60_000;
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(body(task.id())).isEqualTo("\1\2\3{\"text\":\"three\"}");
    }

    @Test
    void aDeliveryThatWaitsFindsTheResultsAndProcessesNothing() {
        answer = new DeliverResult.Refused(CRASHED, 0);
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(body(task.id())).isEqualTo("\1\2\3{\"text\":\"three\"}");
        answer = new DeliverResult.Accepted(false);
        later(Stage.DELIVER);
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(bodies).hasSize(2).containsOnly("\1\2\3{\"text\":\"three\"}");
        assertThat(processed).isEqualTo(1);
        assertThat(body(task.id())).isEqualTo("none");
    }

    @Test
    void whatIsBusyIsStoredAndProcessedLater() {
        step = (task, spec, input) -> new ProcessResult.Busy(BUSY, 0);
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(task.progress().processAttempts()).isZero();
        assertThat(body(task.id())).isEqualTo("\1\2\3");
        worker.lane(Stage.PROCESS).turn();
        assertThat(processed).as("its turn comes at once, then after a while").isEqualTo(2);
        worker.lane(Stage.PROCESS).turn();
        assertThat(processed).isEqualTo(2);
        assertThat(stored(task.id()).progress().lastError()).isEqualTo(BUSY);
        step = (t, spec, input) -> {
            assertThat(worker.lane(Stage.PROCESS).running()).isEqualTo(1);
            return new ProcessResult.Processed(RESULTS, List.of());
        };
        answer = new DeliverResult.StoreFirst();
        later(Stage.PROCESS);
        assertThat(worker.lane(Stage.PROCESS).running()).isZero();
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(body(task.id())).isEqualTo("\1\2\3{\"text\":\"three\"}");
        answer = new DeliverResult.Accepted(false);
        worker.lane(Stage.DELIVER).turn();
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(fetches).isEqualTo(1);
    }

    @Test
    void moreThanTheStepMayHaveGoByWayOfTheStore() {
        List<Task> second = new ArrayList<>();
        step = (task, spec, input) -> {
            if (second.isEmpty()) {
                second.add(task);
                second.set(0, submit()); // while this one has the only place for pages from memory
            }
            return new ProcessResult.Processed(RESULTS, List.of());
        };
        Task first = submit();
        assertThat(first.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(second.getFirst().phase()).isEqualTo(Phase.PROCESS_WAITING);
        worker.lane(Stage.PROCESS).turn();
        assertThat(stored(second.getFirst().id()).phase()).isEqualTo(Phase.SUCCEEDED);
    }

    @Test
    void whoAsksForASpoolHasThePageStoredBeforeItIsProcessed() {
        DeliverOptions d = deliver;
        deliver = new DeliverOptions(d.to(), d.mode(), d.headers(), null, d.timeout(), 10, DeliverOptions.Spool.ALWAYS);
        Task task = submit();
        assertThat(processed).isZero();
        assertThat(body(task.id())).isEqualTo("\1\2\3");
        later(Stage.PROCESS);
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(body(task.id())).isEqualTo("\1\2\3{\"text\":\"three\"}");
        assertThat(delivered).isEmpty();
    }

    @Test
    void aFailureForGoodIsToldAndItsPageForgotten() {
        step = (task, spec, input) -> new ProcessResult.Failed(CRASHED, false);
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(body(task.id())).isEqualTo("none");
        worker.lane(Stage.DELIVER).turn();
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.FAILED);
        assertThat(delivered.getFirst().outcome()).isInstanceOfSatisfying(Outcome.Failed.class,
                failed -> assertThat(failed.problem()).isEqualTo(CRASHED));
    }

    @Test
    void aPoisonPageIsNeverTriedAThirdTime() {
        step = (task, spec, input) -> new ProcessResult.Failed(CRASHED, true);
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(body(task.id())).isEqualTo("\1\2\3");
        for (int i = 0; i < 5; i++) {
            later(Stage.PROCESS);
        }
        assertThat(processed).isEqualTo(2);
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(body(task.id())).isEqualTo("none");
    }

    @Test
    void aFaultOfTheStepCostsAnAttempt() {
        step = (task, spec, input) -> {
            throw new IllegalStateException("a fault that the test makes");
        };
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(task.progress().lastError()).extracting(Problem::code).isEqualTo(Problem.INTERNAL);
    }

    @Test
    void aCancelEndsTheStepAndNobodyIsTold() {
        for (boolean fromStore : new boolean[] {false, true}) {
            step = (task, spec, input) -> fromStore && task.progress().outcome() == null ? new ProcessResult.Busy(BUSY, 0) : cancelled(task);
            Task task = submit();
            if (fromStore) {
                later(Stage.PROCESS);
            }
            assertThat(stored(task.id()).phase()).isEqualTo(Phase.CANCELLED);
            assertThat(body(task.id())).isEqualTo("none");
            assertThat(delivered).isEmpty();
            assertThat(worker.lane(Stage.PROCESS).running()).isZero();
            assertThat(worker.lane(Stage.FETCH).running()).isZero();
        }
        assertThat(worker.staleSettles()).isEqualTo(2);
    }

    private ProcessResult cancelled(Task task) throws InterruptedException {
        worker.move(task.id(), new Event.Cancel());
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        throw new AssertionError("the cancel of a running attempt did not interrupt it");
    }

    @Test
    void aDrainKeepsThePageAndCountsNoAttempt() {
        step = (task, spec, input) -> {
            if (processed <= 2) { // once in memory, once from the store
                throw new InterruptedException();
            }
            return new ProcessResult.Processed(RESULTS, List.of());
        };
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(task.progress().processAttempts()).isZero();
        assertThat(body(task.id())).isEqualTo("\1\2\3");
        worker.lane(Stage.PROCESS).turn();
        assertThat(processed).isEqualTo(3);
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(stored(task.id()).progress().processAttempts()).isEqualTo(1);
        assertThat(fetches).isEqualTo(1);
    }

    @Test
    void resultsThatThereIsNoMemoryForGoByWayOfTheStore() {
        memory = new ByteBudget(RESULTS.length - 1);
        worker = worker();
        Task task = submit();
        assertThat(task.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(delivered).isEmpty();
        assertThat(body(task.id())).isEqualTo("\1\2\3{\"text\":\"three\"}");
        worker.lane(Stage.DELIVER).turn();
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.SUCCEEDED);
    }

    @Test
    void aStartThatCannotBeStoredHasThePageFetchedAgain() {
        full = true;
        Task task = submit();
        assertThat(task.phase()).as("on disk nothing has happened").isEqualTo(Phase.FETCH_RUNNING);
        full = false;
        now += 5_000;
        worker.settleAgain();
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.FETCH_WAITING);
        assertThat(stored(task.id()).progress().lastError()).extracting(Problem::code).isEqualTo(Problem.STORE_FULL);
        later(Stage.FETCH);
        assertThat(stored(task.id()).phase()).isEqualTo(Phase.SUCCEEDED);
    }

    @Test
    void withoutProcessorsATaskThatWantsSomeHearsSo() throws Exception {
        ProcessResult result = Processing.NONE.step().run(submit(), store.all().getFirst().spec(), new ProcessInput(
                new Page(200, "http://host/", List.of(), null, 3, "abc", now, 1), new ThreeBytes(), false));
        assertThat(result).isInstanceOfSatisfying(ProcessResult.Failed.class, failed -> {
            assertThat(failed.problem().code()).isEqualTo(Problem.PROCESS_UNKNOWN);
            assertThat(failed.retryable()).isFalse();
        });
    }

    private final class NoLimits implements Receivers {
        @Override
        public Pace pace(String receiver) {
            return new HostPace(() -> new HostPolicy(10, Duration.ZERO, 0, null), Permits.NONE, random, () -> Long.MAX_VALUE);
        }

        @Override
        public DeliverResult.Refused stopped(String receiver) {
            return null;
        }
    }

    private final class AtOnce implements Committer {
        @Override
        public List<Result> commit(List<Change> changes) {
            return store.commit(changes);
        }

        @Override
        public void submit(List<Change> changes, Completion completion) {
            boolean starts = changes.getFirst() instanceof Change.Move move && move.after().phase() == Phase.PROCESS_RUNNING;
            if (starts && full) {
                completion.failed(new StoreException(StoreException.Kind.FULL, "the disk is full", null));
                return;
            }
            if (changes.getFirst() instanceof Change.Move move && processed + fetches > 0) {
                moves.add(move.after().phase());
            }
            completion.done(commit(changes));
        }
    }
}
