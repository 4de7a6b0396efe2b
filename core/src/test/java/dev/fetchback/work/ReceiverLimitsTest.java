package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.deliver.Endpoints;
import dev.fetchback.deliver.FakeReceiver;
import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.MemoryStore;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.DeliverOptions.Mode;
import dev.fetchback.task.DeliverOptions.Spool;
import dev.fetchback.task.Event;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The deliver lane and deliveries from memory under the limits and the health of one receiver, on fake time. */
final class ReceiverLimitsTest {
    private static final int PLACES = 4;

    private final MemoryStore store = new MemoryStore();
    private final Random random = new Random(7);
    private final ArrayDeque<Runnable> threads = new ArrayDeque<>();
    private final List<Change.Move> moves = new ArrayList<>();
    private long now = 1_800_000_000_000L;
    private final Ids ids = new Ids(0, 0, () -> now, random);
    private final FakeReceiver receiver = new FakeReceiver(
            new Limits(PLACES, 128, Duration.ofMillis(1), 64, 64 << 20, 1000), () -> now, new Events());
    private final Worker worker = new Worker(
            new WorkSettings(1000, 1000, Duration.ZERO, 1000, Duration.ZERO),
            new Worker.Parts(
                    store,
                    new AtOnce(),
                    new TaskMachine(RetryPolicy.DEFAULT),
                    new Worker.Steps((task, spec, none) -> page(), receiver.step),
                    new Worker.HostRules(host -> new HostPolicy(1000, Duration.ZERO, 0, null), Permits.NONE),
                    receiver.step,
                    new Worker.Surroundings(() -> now, random, threads::add)));

    @Test
    void noMoreAreStartedThanTheReceiverTakes() {
        submit(20, Spool.ALWAYS);
        settle(20);
        worker.lane(Stage.DELIVER).turn();
        assertThat(threads).hasSize(PLACES);
        settleAll();
        assertThat(phases()).containsOnly(Phase.SUCCEEDED);
        assertThat(handedBack()).isZero();
    }

    @Test
    void afterAnOutageTheRampIsKeptToWithoutGivingTasksBack() {
        receiver.answers(500, null);
        submit(20, Spool.ALWAYS);
        settle(20);
        worker.lane(Stage.DELIVER).turn();
        settle(PLACES);
        settle(PLACES); // the breaker opens within these
        assertThat(receiver.requests()).isEqualTo(2 * PLACES);
        assertThat(threads).as("nothing starts while it is open").isEmpty();
        receiver.answers(200, null);
        now += 10_000;
        List<Integer> widths = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            worker.lane(Stage.DELIVER).turn();
            widths.add(running());
            settle(threads.size());
        }
        assertThat(widths).as("a probe, then twice as many").startsWith(1, 2).allMatch(width -> width <= PLACES);
        settleAll();
        assertThat(phases()).containsOnly(Phase.SUCCEEDED);
        assertThat(handedBack()).isZero();
    }

    @Test
    void aShortRetryAfterIsWaitedOutAndCostsOthersNoAttempt() {
        receiver.answers(429, "30");
        submit(3, Spool.ALWAYS);
        settle(3);
        worker.lane(Stage.DELIVER).turn();
        settle(1);
        threads.removeLast().run(); // was started before the receiver said so
        threads.removeLast().run();
        int before = moves.size();
        submit(10, Spool.ALWAYS);
        settle(10);
        assertThat(worker.lane(Stage.DELIVER).turn()).isEqualTo(now + 30_000);
        assertThat(threads).isEmpty();
        assertThat(worker.waitingOn(store.all().getLast().task())).isEqualTo(new WaitingOn(WaitingOn.Kind.RECEIVER, now + 30_000));
        assertThat(moves.stream().skip(before).filter(move -> move.before().phase().stage() == Stage.DELIVER)).isEmpty();
        receiver.answers(200, null);
        now += 30_000;
        worker.lane(Stage.DELIVER).turn();
        assertThat(threads).as("slowly").hasSize(1);
        settleAll();
        assertThat(phases()).containsOnly(Phase.SUCCEEDED);
        assertThat(handedBack()).isZero();
    }

    @Test
    void aStoppedReceiversTasksGoOnByTheirScheduleWithoutBeingStarted() {
        receiver.answers(410, null);
        submit(1, Spool.ALWAYS);
        settle(1);
        worker.lane(Stage.DELIVER).turn();
        settle(1);
        submit(5, Spool.ALWAYS);
        settle(5);
        for (int i = 0; i < 40; i++) {
            long next = worker.lane(Stage.DELIVER).turn();
            now = next == Long.MAX_VALUE ? now : Math.max(now, next);
        }
        assertThat(phases()).containsOnly(Phase.DEAD);
        assertThat(threads).isEmpty();
        assertThat(receiver.requests()).isEqualTo(1);
        assertThat(handedBack()).isZero();
    }

    @Test
    void whenTheBreakerClosesWhatWasPutOffIsHurried() {
        receiver.answers(500, null);
        submit(8, Spool.ALWAYS);
        settle(8);
        long limit = now + Duration.ofHours(2).toMillis();
        while (now < limit) {
            long next = worker.lane(Stage.DELIVER).turn();
            settle(threads.size());
            now = Math.max(now, Math.min(next, now + 60_000));
        }
        assertThat(phases()).containsOnly(Phase.DELIVER_WAITING);
        receiver.answers(200, null);
        assertThat(store.all()).as("all are put off").allMatch(stored -> stored.task().readyAt() > now + 600_000);
        submit(1, Spool.ALWAYS);
        settle(1);
        settleAll();
        assertThat(phases()).as("with no time gone by").containsOnly(Phase.SUCCEEDED);
        assertThat(handedBack()).isZero();
    }

    @Test
    void deliveriesFromMemoryAreInTheSameCount() {
        submit(PLACES, Spool.ALWAYS);
        settle(PLACES);
        List<Integer> startedMeanwhile = new ArrayList<>();
        receiver.during(() -> {
            worker.lane(Stage.DELIVER).turn();
            startedMeanwhile.add(threads.size());
        });
        submit(1, Spool.WHEN_NEEDED);
        settle(1);
        assertThat(startedMeanwhile).as("one place was taken from memory").containsExactly(PLACES - 1);
        receiver.answers(200, null);
        worker.lane(Stage.DELIVER).turn();
        assertThat(threads).as("its place became free").hasSize(PLACES);
        settleAll();
        assertThat(phases()).containsOnly(Phase.SUCCEEDED);
    }

    @Test
    void startsWaitInLineAtAReceiverThatIsFasterThanTheDisk() {
        receiver.takes(Duration.ofMillis(10));
        submit(1, Spool.ALWAYS);
        settle(1);
        settleAll();
        submit(50, Spool.ALWAYS);
        settle(50);
        worker.lane(Stage.DELIVER).turn();
        assertThat(threads).as("two for each place: one starts while the other is under way").hasSize(2 * PLACES);
        settleAll();
        assertThat(phases()).containsOnly(Phase.SUCCEEDED);
        assertThat(handedBack()).isZero();
    }

    @Test
    void nothingStartsInLineOnceAnAttemptFailed() {
        receiver.takes(Duration.ofMillis(10));
        submit(1, Spool.ALWAYS);
        settle(1);
        settleAll();
        receiver.answers(500, null);
        submit(1, Spool.ALWAYS);
        settle(1);
        settleAll();
        submit(50, Spool.ALWAYS);
        settle(50);
        worker.lane(Stage.DELIVER).turn();
        assertThat(threads).hasSize(PLACES);
    }

    @Test
    void aPageKeepsItsPlaceAmongTheFetchesUntilItsDeliveryBegins() {
        List<Integer> fetching = new ArrayList<>();
        receiver.during(() -> fetching.add(worker.lane(Stage.FETCH).running()));
        submit(2, Spool.WHEN_NEEDED);
        assertThat(worker.lane(Stage.FETCH).running()).isEqualTo(2);
        settle(1);
        assertThat(fetching).as("the one that is being delivered has left").containsExactly(1);
    }

    @Test
    void aTaskCancelledBetweenItsStartAndItsThreadTellsNobody() {
        submit(3, Spool.WHEN_NEEDED);
        Task first = store.all().getFirst().task();
        assertThat(worker.move(first.id(), new Event.Cancel())).contains(true);
        settleAll();
        assertThat(phases()).containsExactly(Phase.CANCELLED, Phase.SUCCEEDED, Phase.SUCCEEDED);
        assertThat(receiver.requests()).isEqualTo(2);
        assertThat(worker.lane(Stage.FETCH).running()).isZero();
    }

    @Test
    void anErrorInADeliveryLosesNoPlaceAndNoTask() {
        submit(PLACES, Spool.ALWAYS);
        settle(PLACES);
        worker.lane(Stage.DELIVER).turn();
        receiver.during(() -> {
            throw new OutOfMemoryError("a test");
        });
        settle(PLACES);
        assertThat(worker.lane(Stage.DELIVER).running()).isZero();
        assertThat(phases()).containsOnly(Phase.DELIVER_WAITING);
        receiver.during(() -> {});
        now += Duration.ofHours(1).toMillis();
        settleAll();
        assertThat(phases()).containsOnly(Phase.SUCCEEDED);
    }

    @Test
    void aStoppedReceiverDelaysNoOther() {
        receiver.answers(410, null);
        submit(1, Spool.ALWAYS);
        settle(1);
        worker.lane(Stage.DELIVER).turn();
        settle(1);
        receiver.answers(200, null);
        submit(50, Spool.ALWAYS);
        submit(5, "https://api.example/other", Spool.ALWAYS);
        settle(55);
        worker.lane(Stage.DELIVER).turn();
        assertThat(threads).hasSize(PLACES);
        settleAll();
        assertThat(phases().stream().filter(Phase.SUCCEEDED::equals)).hasSize(5);
    }

    /** Ends so many of the attempts under way, oldest first. */
    private void settle(int attempts) {
        for (int i = 0; i < attempts; i++) {
            threads.remove().run();
        }
    }

    /** Lets everything run that can at this moment. */
    private void settleAll() {
        worker.lane(Stage.DELIVER).turn();
        while (!threads.isEmpty()) {
            settle(threads.size());
            worker.lane(Stage.DELIVER).turn();
        }
    }

    private void submit(int count, Spool spool) {
        submit(count, FakeReceiver.URL, spool);
    }

    private void submit(int count, String url, Spool spool) {
        for (int i = 0; i < count; i++) {
            DeliverOptions deliver = new DeliverOptions(url, Mode.ENVELOPE, List.of(), null, Duration.ofSeconds(7), 10, spool);
            TaskSpec spec = TaskSpec.get("http://host" + i + "/", deliver);
            String id = url.equals(FakeReceiver.URL) ? FakeReceiver.ID : "rcv_other";
            Task.Plan plan = new Task.Plan("host" + i + ":80", id, 5, 3, 10, 0, 0);
            worker.submit(List.of(new Worker.NewTask(Task.submitted(ids.task(), plan, now, store.epoch()), spec, null)));
        }
    }

    private int running() {
        return Math.toIntExact(phases().stream().filter(Phase.DELIVER_RUNNING::equals).count());
    }

    private List<Phase> phases() {
        return store.all().stream().map(stored -> stored.task().phase()).toList();
    }

    /** Deliveries that were started and not counted. */
    private long handedBack() {
        return moves.stream()
                .filter(move -> move.before().phase() == Phase.DELIVER_RUNNING && move.after().phase() == Phase.DELIVER_WAITING)
                .filter(move -> move.after().progress().deliverAttempts() < move.before().progress().deliverAttempts())
                .count();
    }

    private FetchResult page() {
        Page page = new Page(200, "http://host/", List.of(), "text/html", 3, "ab", now, 1);
        return new FetchResult.Fetched(page, new ThreeBytes(), null);
    }

    private final class Events implements Endpoints.Listener {
        @Override
        public void changed(ReceiverRecord record) {}

        @Override
        public void opened(String id) {
            worker.opened(id);
        }

        @Override
        public void recovered(String id) {
            worker.recovered(id);
        }
    }

    private final class AtOnce implements Committer {
        @Override
        public List<Result> commit(List<Change> changes) {
            changes.stream().filter(Change.Move.class::isInstance).map(Change.Move.class::cast).forEach(moves::add);
            return store.commit(changes);
        }

        @Override
        public void submit(List<Change> changes, Completion completion) {
            completion.done(commit(changes));
        }
    }
}
