package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.MemoryStore;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Event;
import dev.fetchback.task.Ids;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.LaneQueue.Item;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One lane alone, on fake time, with a starter that only notes what it is given. */
@Timeout(60)
final class LaneTest {
    private static final int PLACES = 100;
    private static final int PER_QUEUE = 16;
    private static final long HOUR = 3_600_000;

    private final MemoryStore store = new MemoryStore() {
        @Override
        public long lingerMillis() {
            return linger;
        }

        @Override
        public long lookEveryMillis() {
            return lookEvery;
        }

        @Override
        public int queuesARead() {
            return together;
        }
    };
    private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);
    private final List<String> started = new ArrayList<>();
    private final List<String> settled = new ArrayList<>();
    private long gapMillis;
    private long linger;
    private long lookEvery = Long.MAX_VALUE;
    private int together = 1;
    private @Nullable Thread visitor;
    private long now = 1_800_000_000_000L;
    private final Ids ids = new Ids(0, 0, () -> now, new Random(3));

    @Test
    void manySlowQueuesLeavePlacesToOthers() {
        Lane lane = lane(LaneSettings.of(PLACES).sharing(PER_QUEUE));
        for (int queue = 0; queue < 12; queue++) {
            wait(lane, "slow" + queue, PER_QUEUE);
        }
        lane.turn();
        assertThat(started).as("without sharing all places would be taken").hasSizeBetween(PLACES / 2, PLACES - 1);
        started.clear();
        wait(lane, "fast", 1);
        lane.turn();
        assertThat(started).containsExactly("fast");
    }

    @Test
    void whatWaitsForItsShareGoesOnWhenAnyOtherQueueEnds() {
        Lane lane = lane(LaneSettings.of(PLACES).sharing(PER_QUEUE));
        for (int queue = 0; queue < 10; queue++) {
            wait(lane, "other" + queue, PER_QUEUE);
        }
        lane.turn();
        wait(lane, "large", PLACES);
        lane.turn();
        long large = started.stream().filter("large"::equals).count();
        assertThat(large).isLessThan(PER_QUEUE);
        List<String> others = started.stream().filter(name -> name.startsWith("other")).toList();
        others.forEach(name -> lane.leave(name, true));
        assertThat(started.stream().filter("large"::equals).count()).isGreaterThan(large);
    }

    @Test
    void hostsThatAskedForAnHourDoNotFillTheMemoryOfTheOthers() {
        Lane lane = lane(new LaneSettings(PLACES, 20, false));
        for (int host = 0; host < 5; host++) {
            busy(lane, "paused" + host, now + HOUR);
            wait(lane, "paused" + host, 10);
        }
        turns(lane);
        wait(lane, "other", 10);
        turns(lane);
        assertThat(started).hasSize(10).containsOnly("other");
        now += HOUR;
        turns(lane);
        assertThat(started).as("and then their turn comes").hasSize(60);
    }

    @Test
    void aClockThatWasSetBackKeepsNoHostWaiting() {
        gapMillis = 500;
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "host", 3);
        lane.turn();
        now += 100;
        lane.turn();
        now -= HOUR;
        lane.turn();
        assertThat(started).as("the gap holds").hasSize(1);
        now += 500;
        lane.turn();
        assertThat(started).hasSize(2);
        now += 500;
        lane.turn();
        assertThat(started).hasSize(3);
    }

    @Test
    void aHostThatAsksForMoreTimeGetsIt() {
        gapMillis = 500;
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "host", 3);
        lane.turn();
        lane.slowTo("host", 2000);
        lane.slowTo("unknown", 2000);
        now += 1999;
        lane.turn();
        assertThat(started).hasSize(1);
        now += 1;
        lane.turn();
        assertThat(started).hasSize(2);
        lane.slowTo("host", 100);
        now += 499;
        lane.turn();
        assertThat(started).as("never less than the operator's gap").hasSize(2);
        now += 1;
        lane.turn();
        assertThat(started).hasSize(3);
    }

    @Test
    void withoutAGapNoHostIsHeededThatAsksForMoreTime() {
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "host", 1);
        lane.turn();
        lane.slowTo("host", 30_000);
        wait(lane, "host", 1);
        lane.turn();
        assertThat(started).hasSize(2);
    }

    @Test
    void aQueueAloneHasAllOfFewPlaces() {
        Lane lane = lane(LaneSettings.of(PER_QUEUE).sharing(PER_QUEUE));
        wait(lane, "only", PLACES);
        lane.turn();
        assertThat(started).hasSize(PER_QUEUE);
    }

    private void busy(Lane lane, String host, long until) {
        HostNews news = new HostNews(host, now, 0, false, true, until);
        lane.pace(host, pace -> ((HostPace) pace).heard(news, now));
    }

    @Test
    void aVisitorKeepsTheHostsDistanceAndSoDoTheHostsOwnTasksAfterIt() throws Exception {
        gapMillis = 500;
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "home", 1);
        lane.turn();
        assertThat(lane.visits().begin("home", "host", Duration.ZERO)).isZero();
        assertThat(lane.visits().begin("home", "host", Duration.ZERO)).isGreaterThan(now + 500);
        wait(lane, "host", 1);
        now += 499;
        lane.turn();
        assertThat(started).containsExactly("home");
        now += 1;
        lane.turn();
        assertThat(started).containsExactly("home", "host");
        lane.visits().end("home", "host");
        assertThat(lane.running()).as("a visitor is counted at its home alone").isEqualTo(2);
    }

    @Test
    void nobodyWaitsForAHostThatAskedForAnHour() throws Exception {
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "home", 1);
        lane.turn();
        busy(lane, "host", now + HOUR);
        long from = System.nanoTime();
        assertThat(lane.visits().begin("home", "host", Duration.ofMinutes(1))).isGreaterThan(now + HOUR);
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(10));
        now += HOUR;
        assertThat(lane.visits().begin("home", "host", Duration.ZERO)).isZero();
    }

    @Test
    void visitorsGoBeforeTasksThatHoldNothingYet() throws Exception {
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "home", 1);
        wait(lane, "host", PER_QUEUE + 1);
        turns(lane);
        FutureTask<Long> visit = visitor(lane);
        lane.leave("host", true);
        assertThat(visit.get(10, TimeUnit.SECONDS)).isZero();
        turns(lane);
        assertThat(started).hasSize(1 + PER_QUEUE);
        lane.visits().end("home", "host");
        turns(lane);
        assertThat(started).hasSize(2 + PER_QUEUE);
    }

    @Test
    void anInterruptedVisitorLeavesItsTurnToTheHostsTasks() throws Exception {
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "home", 1);
        wait(lane, "host", PER_QUEUE + 1);
        turns(lane);
        FutureTask<Long> visit = visitor(lane);
        visitor.interrupt();
        assertThatThrownBy(() -> visit.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(InterruptedException.class);
        lane.leave("host", true);
        turns(lane);
        assertThat(started).hasSize(2 + PER_QUEUE);
        lane.leave("home", true);
    }

    @Test
    void fewWaitAtOneHost() throws Exception {
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "home", 1);
        wait(lane, "host", PER_QUEUE);
        turns(lane);
        List<Thread> waiting = new ArrayList<>();
        for (int i = 0; i < 4 * PER_QUEUE; i++) {
            visitor(lane);
            waiting.add(visitor);
        }
        assertThat(lane.visits().begin("home", "host", Duration.ofMinutes(1))).isGreaterThan(now);
        waiting.forEach(Thread::interrupt);
    }

    /** Begins a visit that has to wait, and returns when it does. */
    private FutureTask<Long> visitor(Lane lane) {
        FutureTask<Long> visit = new FutureTask<>(() -> lane.visits().begin("home", "host", Duration.ofMinutes(1)));
        visitor = Thread.ofPlatform().daemon().start(visit);
        while (visitor.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        return visit;
    }

    @Test
    void aQueueThatOnlyWantsForAPlaceOfTheLaneSaysSo() {
        Lane lane = lane(LaneSettings.of(1));
        wait(lane, "a", 1);
        lane.turn();
        assertThat(lane.waitingOn("b").kind()).isEqualTo(WaitingOn.Kind.GLOBAL_LIMIT);
        lane.leave("a", true);
        assertThat(lane.waitingOn("b").kind()).isEqualTo(WaitingOn.Kind.TURN);
    }

    @Test
    void anEmptiedQueueIsSettledOnceItWasQuietForAWhile() {
        linger = 5_000;
        Lane lane = lane(LaneSettings.of(PLACES));
        for (int i = 0; i < 3; i++) {
            wait(lane, "a", 2);
            turns(lane);
            now += 3_000;
            turns(lane);
        }
        assertThat(started).hasSize(6);
        assertThat(settled).isEmpty();
        long emptied = now - 3_000;
        while (settled.isEmpty()) {
            long next = lane.turn();
            assertThat(next - now).as("its next task may be due before it is settled").isBetween(1L, 200L);
            now = next;
            turns(lane);
        }
        assertThat(now).isEqualTo(emptied + linger);
        assertThat(settled).containsExactly("a");
        assertThat(lane.turn()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whatOthersPutIntoAQueueThatIsNotSettledYetIsFoundAtTheNextLook() {
        linger = 5_000;
        lookEvery = 200;
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "a", 1);
        turns(lane);
        store("a", now - HOUR); // as a bound that was not raised says
        now += 200;
        turns(lane);
        assertThat(started).hasSize(2);
    }

    @Test
    void aQueueThatIsNeverEmptyIsSettledAfterManyTasks() {
        linger = 5_000;
        Lane lane = lane(LaneSettings.of(PLACES));
        wait(lane, "a", 4_000);
        for (int ran = 0; started.size() < 3_000; ) {
            lane.turn();
            for (int all = started.size(); ran < all; ran++) {
                lane.leave("a", true);
            }
        }
        assertThat(settled).hasSizeBetween(1, 10).containsOnly("a");
    }

    @Test
    void aQueueThatIsUsedAllTheTimeIsSettledEveryTenSeconds() {
        linger = 5_000;
        Lane lane = lane(LaneSettings.of(PLACES));
        for (int second = 0; second < 25; second++) {
            wait(lane, "a", 1);
            turns(lane);
            lane.leave("a", true);
            now += 1_000;
        }
        assertThat(settled).containsExactly("a", "a");
    }

    @Test
    void queuesThatAreReadTogetherGetAllTheirTasks() {
        together = 64;
        Lane lane = lane(LaneSettings.of(10_000));
        for (int host = 0; host < 50; host++) {
            for (int i = 0; i < 40; i++) {
                store("host" + host, now);
            }
            lane.waits("host" + host, now);
        }
        for (int ran = 0; started.size() < 2_000; ) {
            lane.turn();
            assertThat(started).as("something was started").hasSizeGreaterThan(ran);
            for (int all = started.size(); ran < all; ran++) {
                lane.leave(started.get(ran), true);
            }
        }
        turns(lane);
        assertThat(started).hasSize(2_000);
    }

    @Test
    void moreQueuesThanAreLookedAtAgainAreSettledAtOnce() {
        linger = 5_000;
        Lane lane = lane(LaneSettings.of(1_000));
        for (int host = 0; host < 400; host++) {
            wait(lane, "host" + host, 1);
        }
        turns(lane);
        assertThat(started).hasSize(400);
        assertThat(settled).hasSize(400 - 256);
    }

    private static void turns(Lane lane) {
        for (int i = 0; i < 20; i++) {
            lane.turn();
        }
    }

    private Lane lane(LaneSettings settings) {
        Starting starting = new Starting();
        HostPolicy policy = new HostPolicy(PER_QUEUE, Duration.ofMillis(gapMillis), 0, null);
        Lane lane = new Lane(
                Stage.FETCH,
                settings,
                new Lane.Wiring(name -> new HostPace(() -> policy, Permits.NONE, new Random(1), () -> Long.MAX_VALUE), store, new AtOnce(), starting,
                        () -> now, () -> {}));
        starting.lane = lane;
        return lane;
    }

    /** Stores so many tasks that are due. */
    private void wait(Lane lane, String host, int count) {
        for (int i = 0; i < count; i++) {
            store(host, now);
        }
        lane.waits(host, now);
    }

    private void store(String host, long readyAt) {
        TaskSpec spec = TaskSpec.get("http://" + host + "/", null);
        Task.Plan plan = new Task.Plan(host, null, 5, 3, 10, 0, 0);
        store.commit(List.of(new Change.Submit(Task.submitted(ids.task(), plan, readyAt, store.epoch()), spec, null)));
    }

    private final class Starting implements Lane.Starter {
        private @Nullable Lane lane;

        @Override
        public void launch(Item item) {
            started.add(item.task.task().queue());
        }

        @Override
        public void giveBack(Item item) {
            throw new AssertionError("nothing is begun ahead here");
        }

        @Override
        public void start(List<Item> items) {
            for (Item item : items) {
                StoredTask stored = item.task;
                Task after = machine.next(stored.task(), new Event.Start(store.epoch()), now, 0).orElseThrow();
                store.commit(List.of(new Change.Move(stored.task(), after, null)));
                lane.decided(stored, stored.task().queue());
                started.add(stored.task().queue());
            }
        }
    }

    private final class AtOnce implements Committer {
        @Override
        public List<Result> commit(List<Change> changes) {
            return store.commit(changes);
        }

        @Override
        public void submit(List<Change> changes, Completion completion) {
            changes.forEach(change -> settled.add(((Change.SettleQueue) change).queue().name()));
            completion.done(commit(changes));
        }
    }
}
