package dev.fetchback.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TaskMachineTest {
    private static final long NOW = 1_700_000_000_000L;
    private static final double MIDDLE = 0.5; // no jitter
    private static final Page PAGE = new Page(200, "http://a/", List.of(), null, 1, "00", NOW, 1);
    private static final Processed PROCESSED = new Processed(2, Map.of());
    private static final Problem PROBLEM = new Problem("connect_failed", null, 0);

    private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);

    @Test
    void aPageTakenAtOnceIsOneStartAndOneSettle() {
        Task running = started(waiting("rcv", 0));
        assertThat(running.phase()).isEqualTo(Phase.FETCH_RUNNING);
        assertThat(running.fence()).isEqualTo(new Task.Fence(1, 7));
        Task done = next(running, new Event.PageDelivered(PAGE)).orElseThrow();
        assertThat(done.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(Delivery.of(done)).isEqualTo(Delivery.DELIVERED);
        assertThat(done.progress().finishedAt()).isEqualTo(NOW);
        assertThat(((Outcome.Fetched) done.progress().outcome()).stored()).isFalse();
    }

    @Test
    void fetchesAreTriedAgainWithDoublingWaitsAndThenTold() {
        Task task = waiting("rcv", 0);
        for (long wait : new long[] {2_000, 4_000}) {
            task = next(started(task), new Event.FetchFailed(PROBLEM, true, 0)).orElseThrow();
            assertThat(task.phase()).isEqualTo(Phase.FETCH_WAITING);
            assertThat(task.readyAt()).isEqualTo(NOW + wait);
        }
        task = next(started(task), new Event.FetchFailed(PROBLEM, true, 0)).orElseThrow();
        assertThat(task.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(task.progress().outcome()).isEqualTo(new Outcome.Failed(PROBLEM, NOW));
        task = next(started(task), new Event.Delivered(false)).orElseThrow();
        assertThat(task.phase()).isEqualTo(Phase.FAILED);
        assertThat(Delivery.of(task)).isEqualTo(Delivery.DELIVERED);
    }

    @Test
    void aHintIsHonouredUpToItsCap() {
        Task running = started(waiting("rcv", 0));
        assertThat(next(running, new Event.FetchFailed(PROBLEM, true, NOW + 60_000)).orElseThrow().readyAt()).isEqualTo(NOW + 60_000);
        assertThat(next(running, new Event.FetchFailed(PROBLEM, true, Long.MAX_VALUE)).orElseThrow().readyAt())
                .isEqualTo(NOW + Duration.ofHours(1).toMillis());
    }

    @Test
    void deliveriesFollowTheScheduleAndEndDead() {
        Task task = next(started(waiting("rcv", 0)), new Event.PageRefused(PAGE, PROBLEM, 0)).orElseThrow();
        assertThat(task.readyAt()).isEqualTo(NOW + 5_000);
        long[] waits = {300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400};
        for (long wait : waits) {
            task = next(started(task), new Event.Refused(PROBLEM, 0)).orElseThrow();
            assertThat(task.phase()).isEqualTo(Phase.DELIVER_WAITING);
            assertThat(task.readyAt()).isEqualTo(NOW + wait * 1_000);
        }
        task = next(started(task), new Event.Refused(PROBLEM, 0)).orElseThrow();
        assertThat(task.phase()).isEqualTo(Phase.DEAD);
        assertThat(task.progress().deliverAttempts()).isEqualTo(10);
        assertThat(((Outcome.Fetched) task.progress().outcome()).stored()).isTrue();
        Task again = next(task, new Event.Redrive()).orElseThrow();
        assertThat(again.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(again.progress().deliverAttempts()).isZero();
    }

    @Test
    void jitterStaysWithinItsShare() {
        RetryPolicy policy = RetryPolicy.DEFAULT;
        assertThat(policy.nextFetch(1, 0, 0, 0)).isEqualTo(1_000);
        assertThat(policy.nextFetch(1, 0, 0, 0.999_999)).isEqualTo(3_000);
        assertThat(policy.nextFetch(99, 0, 0, MIDDLE)).isEqualTo(300_000);
        assertThat(policy.nextDelivery(1, 0, 0, 0)).isEqualTo(4_500);
        assertThat(policy.nextDelivery(99, 0, 0, Math.nextDown(1.0))).isEqualTo(95_040_000);
    }

    @Test
    void aTaskThatExpiresWakesForItIsToldForADayAndEnds() {
        Task task = waiting("rcv", NOW + 1_000);
        Task retry = next(started(task), new Event.FetchFailed(PROBLEM, true, 0)).orElseThrow();
        assertThat(retry.readyAt()).isEqualTo(NOW + 1_000);
        Task told = machine.next(retry, new Event.Start(7), NOW + 1_000, MIDDLE).orElseThrow();
        assertThat(told.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(told.progress().outcome()).isInstanceOfSatisfying(Outcome.Failed.class,
                failed -> assertThat(failed.problem().code()).isEqualTo(Problem.EXPIRED));
        Task running = machine.next(told, new Event.Start(7), NOW + 1_000, MIDDLE).orElseThrow();
        assertThat(next(running, new Event.Delivered(false)).orElseThrow().phase()).isEqualTo(Phase.EXPIRED);
        Task refused = machine.next(running, new Event.Refused(PROBLEM, 0), NOW + 1_000, MIDDLE).orElseThrow();
        assertThat(refused.phase()).isEqualTo(Phase.DELIVER_WAITING);
        Task over = machine.next(refused, new Event.Start(7), NOW + 1_000 + Duration.ofHours(24).toMillis(), MIDDLE).orElseThrow();
        assertThat(over.phase()).isEqualTo(Phase.EXPIRED);
        assertThat(Delivery.of(over)).isEqualTo(Delivery.DEAD);
    }

    @Test
    void aPageThatStopsEveryOwnerEnds() {
        Task task = waiting("rcv", 0);
        int starts = 0;
        for (int epoch = 1; task.phase() == Phase.FETCH_WAITING; epoch++) {
            task = machine.next(task, new Event.Start(epoch), NOW, MIDDLE).orElseThrow();
            starts++;
            task = next(task, new Event.Reclaimed(epoch + 1)).orElseThrow();
        }
        assertThat(starts).isEqualTo(3 + TaskMachine.CRASH_GRACE);
        assertThat(task.progress().outcome()).isInstanceOfSatisfying(Outcome.Failed.class,
                failed -> assertThat(failed.problem().code()).isEqualTo(Problem.CRASH_LOOP));
    }

    @Test
    void anOutcomeThatStopsEveryOwnerEnds() {
        Task task = at(Phase.DELIVER_WAITING);
        int max = task.plan().maxDeliverAttempts() + TaskMachine.CRASH_GRACE;
        for (int epoch = 10; task.phase() == Phase.DELIVER_WAITING; epoch++) {
            assertThat(task.progress().deliverAttempts()).isLessThan(max);
            task = machine.next(task, new Event.Start(epoch), NOW, MIDDLE).orElseThrow();
            task = next(task, new Event.Reclaimed(epoch + 1)).orElseThrow();
        }
        assertThat(task.phase()).isEqualTo(Phase.DEAD);
        assertThat(task.progress().deliverAttempts()).isEqualTo(max);
        assertThat(task.progress().lastError()).extracting(Problem::code).isEqualTo(Problem.CRASH_LOOP);
    }

    @Test
    void aHandedBackAttemptDoesNotCount() {
        Task back = next(started(waiting("rcv", 0)), new Event.HandedBack()).orElseThrow();
        assertThat(back.progress().fetchAttempts()).isZero();
        assertThat(back.fence().attempt()).as("but its fence is used up").isEqualTo(1);
    }

    @Test
    void whatIsPutOffWaitsAndDoesNotCount() {
        Task off = next(started(waiting("rcv", 0)), new Event.PutOff(PROBLEM, NOW + 5)).orElseThrow();
        assertThat(off.progress().fetchAttempts()).isZero();
        assertThat(off.progress().lastError()).isEqualTo(PROBLEM);
        assertThat(off.readyAt()).isEqualTo(NOW + 5);
        assertThat(off.phase()).isEqualTo(Phase.FETCH_WAITING);
    }

    @Test
    void aRedriveFetchesAPageAgainThatIsNotStoredAnyMore() {
        Task dead = at(Phase.DEAD);
        Task.Progress dropped = new Task.Progress(0, 1, 0, 10, new Outcome.Fetched(PAGE, 0), PROBLEM, false, NOW);
        Task pruned = new Task(dead.id(), dead.plan(), dead.phase(), 0, dead.fence(), dropped);
        Task again = next(pruned, new Event.Redrive()).orElseThrow();
        assertThat(again.phase()).isEqualTo(Phase.FETCH_WAITING);
        assertThat(again.progress().round()).as("receivers tell it from the page that is gone").isEqualTo(1);
        assertThat(again.progress().outcome()).isNull();
        assertThat(again.progress().fetchAttempts()).isZero();
    }

    @Test
    void aSkippedAttemptCountsAndIsAtAnEnd() {
        Task waiting = next(started(waiting("rcv", 0)), new Event.PageStored(PAGE)).orElseThrow();
        Task later = next(waiting, new Event.Skipped(PROBLEM, NOW + 60_000)).orElseThrow();
        assertThat(later.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(later.readyAt()).isEqualTo(NOW + 60_000);
        assertThat(later.progress().deliverAttempts()).isEqualTo(1);
        assertThat(later.progress().lastError()).isEqualTo(PROBLEM);
        assertThat(later.fence().attempt()).as("whoever read it before must not start it").isEqualTo(waiting.fence().attempt() + 1);
        for (int attempts = 2; attempts < 10; attempts++) {
            later = next(later, new Event.Skipped(PROBLEM, 0)).orElseThrow();
        }
        assertThat(next(later, new Event.Skipped(PROBLEM, 0)).orElseThrow().phase()).isEqualTo(Phase.DEAD);
    }

    @Test
    void aSkippedTaskExpires() {
        Task waiting = next(started(waiting("rcv", NOW + 5)), new Event.PageStored(PAGE)).orElseThrow();
        Task told = machine.next(waiting, new Event.Skipped(PROBLEM, 0), NOW + 5, MIDDLE).orElseThrow();
        assertThat(told.progress().outcome()).isInstanceOfSatisfying(Outcome.Failed.class,
                failed -> assertThat(failed.problem().code()).isEqualTo(Problem.EXPIRED));
        Task again = machine.next(told, new Event.Skipped(PROBLEM, 0), NOW + 5, MIDDLE).orElseThrow();
        assertThat(again.phase()).isEqualTo(Phase.DELIVER_WAITING);
        long tooLate = NOW + 5 + TaskMachine.TELL_EXPIRED.toMillis();
        assertThat(machine.next(again, new Event.Skipped(PROBLEM, 0), tooLate, MIDDLE).orElseThrow().phase()).isEqualTo(Phase.EXPIRED);
    }

    @Test
    void aKeptPageIsStoredUntilItsTime() {
        Task task = new Task(new TaskId(1, 2), new Task.Plan("h:80", null, 5, 3, 1, 0, 60_000), Phase.FETCH_RUNNING, 0,
                new Task.Fence(1, 7), Task.Progress.NONE);
        Task done = next(task, new Event.PageStored(PAGE)).orElseThrow();
        assertThat(done.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(Delivery.of(done)).isEqualTo(Delivery.KEPT);
        assertThat(((Outcome.Fetched) done.progress().outcome()).storedUntil()).isEqualTo(NOW + 60_000);
    }

    @Test
    void aRetryIsANewRound() {
        Task done = next(started(waiting("rcv", 0)), new Event.PageDelivered(PAGE)).orElseThrow();
        Task again = next(done, new Event.Retry()).orElseThrow();
        assertThat(again.phase()).isEqualTo(Phase.FETCH_WAITING);
        assertThat(again.progress().round()).isEqualTo(1);
        assertThat(again.progress().outcome()).isNull();
    }

    @Test
    void aPageIsProcessedFromMemoryAndGoesStraightOn() {
        Task fetched = started(toProcess(0));
        assertThat(next(fetched, new Event.PageDelivered(PAGE))).as("not before it was processed").isEmpty();
        Task running = next(fetched, new Event.ProcessStarted()).orElseThrow();
        assertThat(running.phase()).isEqualTo(Phase.PROCESS_RUNNING);
        assertThat(running.fence()).isEqualTo(new Task.Fence(2, 7));
        assertThat(running.progress().processAttempts()).isEqualTo(1);
        assertThat(running.progress().fetchAttempts()).isEqualTo(1);
        assertThat(State.of(running, NOW)).isEqualTo(State.PROCESSING);
        assertThat(Delivery.of(running)).isEqualTo(Delivery.WAITING);
        assertThat(running.queue()).isEqualTo("h:80");
        assertThat(next(running, new Event.PageDelivered(PAGE))).as("what came of it is missing").isEmpty();
        Task done = next(running, new Event.PageDelivered(PAGE, PROCESSED)).orElseThrow();
        assertThat(done.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(done.progress().outcome()).isEqualTo(new Outcome.Fetched(PAGE, 0, PROCESSED));
        assertThat(next(started(waiting("rcv", 0)), new Event.ProcessStarted())).as("without processors").isEmpty();
    }

    @Test
    void aProcessedPageIsNeverProcessedAgain() {
        Task refused = next(processing(), new Event.PageRefused(PAGE, PROCESSED, PROBLEM, 0)).orElseThrow();
        assertThat(refused.phase()).isEqualTo(Phase.DELIVER_WAITING);
        while (refused.phase() == Phase.DELIVER_WAITING) {
            refused = next(started(refused), new Event.Refused(PROBLEM, 0)).orElseThrow();
        }
        assertThat(refused.phase()).isEqualTo(Phase.DEAD);
        Task again = next(refused, new Event.Redrive()).orElseThrow();
        assertThat(again.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(((Outcome.Fetched) again.progress().outcome()).processed()).isEqualTo(PROCESSED);
        assertThat(next(refused, new Event.Retry()).orElseThrow().progress().processAttempts()).as("but in a new round").isZero();
    }

    @Test
    void aPageThatTakesItsProcessDownIsTriedTwiceAndThenTold() {
        Task waiting = next(processing(), new Event.ProcessFailed(PROBLEM, true, PAGE)).orElseThrow();
        assertThat(waiting.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(waiting.readyAt()).isEqualTo(NOW + 2_000);
        assertThat(waiting.progress().lastError()).isEqualTo(PROBLEM);
        assertThat(waiting.progress().outcome()).isEqualTo(new Outcome.Fetched(PAGE, Outcome.Fetched.WHILE_NEEDED));
        Task second = started(waiting);
        assertThat(second.phase()).isEqualTo(Phase.PROCESS_RUNNING);
        assertThat(second.progress().processAttempts()).isEqualTo(TaskMachine.PROCESS_ATTEMPTS_MAX);
        Task failed = next(second, new Event.ProcessFailed(PROBLEM, true, null)).orElseThrow();
        assertThat(failed.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(failed.progress().outcome()).isEqualTo(new Outcome.Failed(PROBLEM, NOW));
        assertThat(next(started(failed), new Event.Delivered(false)).orElseThrow().phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void aPageThatCannotBeStoredGetsNoThirdTryByBeingFetchedAgain() {
        Task lost = next(processing(), new Event.FetchFailed(PROBLEM, true, 0)).orElseThrow();
        assertThat(lost.phase()).isEqualTo(Phase.FETCH_WAITING);
        assertThat(lost.progress().outcome()).isNull();
        Task again = next(started(lost), new Event.ProcessStarted()).orElseThrow();
        assertThat(next(again, new Event.ProcessFailed(PROBLEM, true, PAGE)).orElseThrow().phase()).isEqualTo(Phase.DELIVER_WAITING);
    }

    @Test
    void aFailureForGoodIsToldAtOnce() {
        Task failed = next(processing(), new Event.ProcessFailed(PROBLEM, false, null)).orElseThrow();
        assertThat(failed.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(failed.progress().outcome()).isEqualTo(new Outcome.Failed(PROBLEM, NOW));
    }

    @Test
    void whatNoProcessorHasAPlaceForWaitsAndDoesNotCount() {
        Task stored = next(processing(), new Event.ProcessPutOff(PROBLEM, 0, PAGE)).orElseThrow();
        assertThat(stored.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(stored.readyAt()).as("it was in memory, and has its first turn").isEqualTo(NOW);
        assertThat(stored.progress().processAttempts()).isZero();
        Task off = next(started(stored), new Event.ProcessPutOff(PROBLEM, 0, null)).orElseThrow();
        assertThat(off.readyAt()).as("two writes each time").isEqualTo(NOW + TaskMachine.PROCESS_BUSY_WAIT.toMillis());
        assertThat(off.progress().processAttempts()).isZero();
        assertThat(next(started(stored), new Event.ProcessPutOff(PROBLEM, NOW + 9_999, null)).orElseThrow().readyAt()).isEqualTo(NOW + 9_999);
        Task drained = next(started(stored), new Event.ProcessPutOff(null, 0, null)).orElseThrow();
        assertThat(drained.readyAt()).isEqualTo(NOW);
        assertThat(drained.progress().lastError()).isEqualTo(PROBLEM);
        Task back = next(started(stored), new Event.HandedBack()).orElseThrow();
        assertThat(back.phase()).isEqualTo(Phase.PROCESS_WAITING);
        assertThat(back.progress().processAttempts()).isZero();
        Task lost = next(processing(), new Event.HandedBack()).orElseThrow();
        assertThat(lost.phase()).as("its page was in memory only").isEqualTo(Phase.FETCH_WAITING);
        assertThat(lost.progress()).isEqualTo(Task.Progress.NONE);
    }

    @Test
    void anOwnerThatStopsWhileItProcessesCounts() {
        Task task = toProcess(0);
        int starts = 0;
        for (int epoch = 1; task.phase() == Phase.FETCH_WAITING; epoch++) {
            task = machine.next(task, new Event.Start(epoch), NOW, MIDDLE).orElseThrow();
            task = next(next(task, new Event.ProcessStarted()).orElseThrow(), new Event.Reclaimed(epoch + 1)).orElseThrow();
            starts++;
        }
        assertThat(starts).as("a page in memory is fetched again").isEqualTo(3 + TaskMachine.CRASH_GRACE);
        assertThat(task.progress().lastError()).extracting(Problem::code).isEqualTo(Problem.CRASH_LOOP);

        task = next(started(toProcess(0)), new Event.PageStored(PAGE)).orElseThrow();
        starts = 0;
        for (int epoch = 10; task.phase() == Phase.PROCESS_WAITING; epoch++) {
            task = machine.next(task, new Event.Start(epoch), NOW, MIDDLE).orElseThrow();
            task = next(task, new Event.Reclaimed(epoch + 1)).orElseThrow();
            starts++;
        }
        assertThat(starts).as("a stored one is not").isEqualTo(TaskMachine.PROCESS_ATTEMPTS_MAX + TaskMachine.CRASH_GRACE);
        assertThat(task.progress().fetchAttempts()).isEqualTo(1);
        assertThat(task.progress().outcome()).isInstanceOf(Outcome.Failed.class);
    }

    @Test
    void aPageThatWaitsToBeProcessedExpiresAndCanBeTakenBack() {
        Task waiting = next(started(toProcess(NOW + 5)), new Event.PageStored(PAGE)).orElseThrow();
        assertThat(State.of(waiting, NOW)).isEqualTo(State.PROCESSING);
        Task off = next(started(waiting), new Event.ProcessPutOff(PROBLEM, 0, null)).orElseThrow();
        assertThat(off.readyAt()).isEqualTo(NOW + 5);
        Task expired = machine.next(off, new Event.Start(7), NOW + 5, MIDDLE).orElseThrow();
        assertThat(expired.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(expired.progress().outcome()).isInstanceOfSatisfying(Outcome.Failed.class,
                failed -> assertThat(failed.problem().code()).isEqualTo(Problem.EXPIRED));
        for (Task live : List.of(waiting, started(waiting), processing())) {
            Task cancelled = next(live, new Event.Cancel()).orElseThrow();
            assertThat(cancelled.phase()).isEqualTo(Phase.CANCELLED);
            assertThat(cancelled.progress().outcome() instanceof Outcome.Fetched fetched && fetched.stored()).isFalse();
        }
    }

    @Test
    void anUnchangedPageIsTheEndAndNobodyIsTold() {
        for (String receiver : new String[] {"rcv", null}) {
            Task done = next(started(waiting(receiver, 0)), new Event.PageUnchanged(PAGE)).orElseThrow();
            assertThat(done.phase()).isEqualTo(Phase.SUCCEEDED);
            assertThat(done.progress().outcome()).isEqualTo(new Outcome.Unchanged(PAGE));
            assertThat(done.progress().finishedAt()).isEqualTo(NOW);
            assertThat(done.progress().told()).isFalse();
            assertThat(Delivery.of(done)).isEqualTo(Delivery.NONE);
            assertThat(next(done, new Event.Retry()).orElseThrow().phase()).isEqualTo(Phase.FETCH_WAITING);
            assertThat(next(done, new Event.Redrive())).isEmpty();
        }
    }

    /** docs/task-states.md is the state machine: a dash stands exactly where an event changes nothing. */
    @Test
    void theTableInTheDocsIsTheMachine() throws IOException {
        Map<String, String> documented = table();
        Map<String, String> actual = new TreeMap<>();
        for (Event event : events()) {
            for (String column : List.of("fetch_waiting", "fetch_running", "process_waiting", "process_running", "deliver_waiting",
                    "deliver_running", "terminal")) {
                List<Phase> phases = column.equals("terminal")
                        ? List.of(Phase.SUCCEEDED, Phase.FAILED, Phase.DEAD, Phase.CANCELLED, Phase.EXPIRED)
                        : List.of(Phase.valueOf(column.toUpperCase(Locale.ROOT)));
                boolean moves = false;
                for (Phase phase : phases) {
                    String cell = documented.getOrDefault(event.getClass().getSimpleName() + "/" + column, "?");
                    for (Task before : List.of(at(phase), at(phase, true, null), at(phase, true, new Outcome.Fetched(PAGE, 1)))) {
                        Optional<Task> after = next(before, event);
                        moves |= after.isPresent();
                        after.ifPresent(task -> assertThat(cell)
                                .as("%s in %s leads to %s", event, phase, task.phase())
                                .contains(task.phase().name().toLowerCase(Locale.ROOT)));
                    }
                }
                actual.merge(event.getClass().getSimpleName() + "/" + column, moves ? "moves" : "–", (a, b) -> a.equals("moves") ? a : b);
            }
        }
        documented.replaceAll((key, cell) -> cell.equals("–") ? "–" : "moves");
        assertThat(documented).isEqualTo(actual);
        assertThat(events().stream().map(Event::getClass).distinct()).hasSize(Event.class.getPermittedSubclasses().length);
    }

    private static Map<String, String> table() throws IOException {
        Path docs = Path.of("..", "docs", "task-states.md");
        Map<String, String> cells = new TreeMap<>();
        List<String> columns = List.of();
        for (String line : Files.readAllLines(docs)) {
            if (line.startsWith("| event |")) {
                columns = cells(line);
            } else if (line.startsWith("| ") && !columns.isEmpty()) {
                List<String> row = cells(line);
                for (int i = 1; i < row.size(); i++) {
                    cells.put(row.getFirst() + "/" + columns.get(i), row.get(i));
                }
            }
        }
        return cells;
    }

    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        for (String cell : line.substring(1, line.lastIndexOf('|')).split("\\|")) {
            cells.add(cell.trim());
        }
        return cells;
    }

    private static List<Event> events() {
        return List.of(new Event.Start(7), new Event.ProcessStarted(), new Event.PageDelivered(PAGE), new Event.PageStored(PAGE),
                new Event.PageRefused(PAGE, PROBLEM, 0), new Event.PageDelivered(PAGE, PROCESSED), new Event.PageStored(PAGE, PROCESSED),
                new Event.PageRefused(PAGE, PROCESSED, PROBLEM, 0), new Event.ProcessFailed(PROBLEM, true, PAGE),
                new Event.ProcessFailed(PROBLEM, false, null), new Event.ProcessPutOff(PROBLEM, 0, PAGE), new Event.ProcessPutOff(null, 0, null), new Event.PageUnchanged(PAGE), new Event.FetchFailed(PROBLEM, true, 0),
                new Event.PutOff(PROBLEM, 0),
                new Event.Delivered(false),
                new Event.Refused(PROBLEM, 0), new Event.Skipped(PROBLEM, 0), new Event.HandedBack(), new Event.Reclaimed(9), new Event.Cancel(),
                new Event.Retry(), new Event.Redrive());
    }

    private static Task at(Phase phase) {
        return at(phase, false, null);
    }

    private static Task at(Phase phase, boolean processing, @Nullable Outcome outcome) {
        return new Task(new TaskId(1, 2), new Task.Plan("h:80", "rcv", 5, 3, 10, 0, 0, processing, null), phase, 0, new Task.Fence(1, 7),
                new Task.Progress(0, 1, 0, 1, outcome, null, false, 0));
    }

    private static Task toProcess(long expiresAt) {
        return Task.submitted(new TaskId(1, 2), new Task.Plan("h:80", "rcv", 5, 3, 10, expiresAt, 0, true, null), NOW, 7);
    }

    /** In memory, at the first attempt. */
    private Task processing() {
        return next(started(toProcess(0)), new Event.ProcessStarted()).orElseThrow();
    }

    private static Task waiting(@Nullable String receiver, long expiresAt) {
        return Task.submitted(new TaskId(1, 2), new Task.Plan("h:80", receiver, 5, 3, 10, expiresAt, 0), NOW, 7);
    }

    private Task started(Task task) {
        return next(task, new Event.Start(7)).orElseThrow();
    }

    private Optional<Task> next(Task task, Event event) {
        return machine.next(task, event, NOW, MIDDLE);
    }
}
