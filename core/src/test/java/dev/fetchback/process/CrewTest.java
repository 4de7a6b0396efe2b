package dev.fetchback.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.process.Ran.Busy;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.task.Problem;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class CrewTest {
    private static final Busy NONE = new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "none"), 0);
    private static final Ended DONE = new Ended(List.of(), null);
    private static final Ended LATE = new Ended(List.of(), new Ran.Broken(Failures.of(Problem.PROCESS_TIMEOUT, "late"), false));
    private static final Duration LONG = Duration.ofSeconds(15);
    private static final Duration SHORT = Duration.ofMillis(50);

    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch open = new CountDownLatch(1);

    @AfterEach
    void close() {
        open.countDown();
        callers.close();
    }

    private static Chain chain(boolean stored) {
        FetchedPage.Facts facts = new FetchedPage.Facts("tsk_1", Fixture.URL, Fixture.URL, 200, null, List.of());
        return new Chain(facts, new byte[0], List.of(), 1_000, stored);
    }

    private static Crew crew(int most, int line, Duration patience) {
        return new Crew("test", most, line, patience, LONG);
    }

    private Future<Ran> later(Crew crew, boolean stored, Crew.Work work) {
        return callers.submit(() -> crew.run(chain(stored), work, NONE));
    }

    private Ran held(Crew.Turn turn) throws InterruptedException {
        open.await();
        return DONE;
    }

    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aFullLineOfOneKindLeavesThatOfTheOther() throws Exception {
        try (Crew crew = crew(1, 1, LONG)) {
            Future<Ran> first = later(crew, false, this::held);
            until(() -> crew.busy() == 1);
            Future<Ran> fresh = later(crew, false, _ -> DONE);
            until(() -> crew.waiting() == 1);
            assertThat(crew.run(chain(false), _ -> DONE, NONE)).as("one is in line").isSameAs(NONE);
            Future<Ran> stored = later(crew, true, _ -> DONE);
            until(() -> crew.waiting() == 2);
            assertThat(crew.run(chain(true), _ -> DONE, NONE)).isSameAs(NONE);
            open.countDown();
            for (Future<Ran> each : List.of(first, fresh, stored)) {
                assertThat(each.get()).isSameAs(DONE);
            }
            until(() -> crew.busy() + crew.waiting() == 0);
        }
    }

    @Test
    void theFirstInLineIsServedFirstAndAtMostSoManyRunAtOnce() throws Exception {
        List<Integer> order = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Crew crew = crew(1, 10, LONG)) {
            later(crew, false, this::held);
            until(() -> crew.busy() == 1);
            List<Future<Ran>> all = new java.util.ArrayList<>();
            for (int i = 0; i < 10; i++) {
                int number = i;
                all.add(later(crew, i % 2 == 0, _ -> {
                    order.add(number);
                    return DONE;
                }));
                until(() -> crew.waiting() == number + 1);
            }
            assertThat(crew.busy()).isOne();
            open.countDown();
            for (Future<Ran> each : all) {
                each.get();
            }
            assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        }
    }

    @Test
    void whoWaitsTooLongLeavesTheLineAndNeverRuns() throws Exception {
        Semaphore ran = new Semaphore(0);
        try (Crew crew = crew(1, 1, SHORT)) {
            Future<Ran> first = later(crew, false, this::held);
            until(() -> crew.busy() == 1);
            Crew.Work work = _ -> {
                ran.release();
                return DONE;
            };
            assertThat(crew.run(chain(false), work, NONE)).isSameAs(NONE);
            assertThat(crew.waiting()).isZero();
            open.countDown();
            assertThat(first.get()).isSameAs(DONE);
            assertThat(ran.availablePermits()).isZero();
            assertThat(crew.run(chain(false), work, NONE)).isSameAs(DONE);
        }
    }

    @Test
    void whoFindsALineThatMovesSlowlyIsToldWhenToComeAgain() throws Exception {
        Duration slow = Duration.ofMillis(400);
        try (Crew crew = crew(1, 32, LONG)) {
            assertThat(crew.run(chain(true), _ -> {
                Thread.sleep(slow); // it is the time that counts
                return DONE;
            }, NONE)).isSameAs(DONE);
            Future<Ran> first = later(crew, true, this::held);
            until(() -> crew.busy() == 1);
            List<Future<Ran>> line = new java.util.ArrayList<>();
            for (int i = 0; i < 32; i++) {
                line.add(later(crew, true, _ -> DONE));
            }
            until(() -> crew.waiting() == 32);
            long least = slow.toMillis() / 8 * 32; // one of eight, as those before took no time
            assertThat(crew.run(chain(true), _ -> DONE, NONE)).isInstanceOfSatisfying(Busy.class, busy -> {
                assertThat(busy.problem()).isEqualTo(NONE.problem());
                assertThat(busy.waitMillis()).isBetween(least, LONG.toMillis());
            });
            open.countDown();
            assertThat(first.get()).isSameAs(DONE);
            for (Future<Ran> each : line) {
                assertThat(each.get()).isSameAs(DONE);
            }
        }
    }

    @Test
    void aFreeThreadIsTakenWithoutALineAndWithoutPatience() throws Exception {
        try (Crew crew = crew(2, 0, Duration.ZERO)) {
            for (int i = 0; i < 100; i++) {
                assertThat(crew.run(chain(false), _ -> DONE, NONE)).isSameAs(DONE);
                until(() -> crew.busy() == 0);
            }
        }
    }

    @Test
    void whoTakesTooLongIsInterruptedAndItsCallerToldSo() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        try (Crew crew = crew(1, 1, LONG)) {
            Ran ran = crew.run(chain(false), turn -> {
                turn.expect(LONG.toNanos(), () -> DONE);
                turn.expect(SHORT.toNanos(), () -> LATE); // the sooner one counts, although the caller sleeps for the later
                try {
                    new CountDownLatch(1).await();
                } finally {
                    interrupted.countDown();
                }
                return DONE;
            }, NONE);
            assertThat(ran).isSameAs(LATE);
            interrupted.await();
            assertThat(crew.run(chain(false), _ -> Thread.currentThread().isInterrupted() ? LATE : DONE, NONE)).isSameAs(DONE);
            assertThat(crew.abandoned()).isZero();
        }
    }

    @Test
    void nothingIsExpectedOfOneThatIsCalm() throws Exception {
        try (Crew crew = crew(1, 1, LONG)) {
            assertThat(crew.run(chain(false), turn -> {
                turn.expect(SHORT.toNanos(), () -> LATE);
                turn.calm();
                Thread.sleep(2 * SHORT.toMillis());
                return DONE;
            }, NONE)).isSameAs(DONE);
        }
    }

    @Test
    void oneThatDoesNotEndIsLeftAloneAndAnotherTakesItsPlace() throws Exception {
        try (Crew crew = new Crew("test", 1, 1, LONG, SHORT)) {
            CountDownLatch ended = new CountDownLatch(1);
            assertThat(crew.run(chain(false), turn -> {
                turn.expect(SHORT.toNanos(), () -> LATE);
                while (open.getCount() > 0) {
                    Thread.onSpinWait();
                }
                ended.countDown();
                return DONE;
            }, NONE)).isSameAs(LATE);
            assertThat(crew.abandoned()).isOne();
            assertThat(crew.busy()).isZero();
            assertThat(crew.run(chain(false), _ -> DONE, NONE)).isSameAs(DONE);
            open.countDown();
            ended.await();
            until(() -> crew.abandoned() == 0);
            assertThat(crew.run(chain(false), _ -> DONE, NONE)).isSameAs(DONE);
            assertThat(crew.busy()).isZero();
        }
    }

    @Test
    void aCallerThatIsToStopLeavesTheLineOrEndsWhatRuns() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(2);
        try (Crew crew = crew(1, 1, LONG)) {
            Thread runs = caller(crew, stopped, _ -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    interrupted.countDown();
                    throw e;
                }
                return DONE;
            });
            until(() -> crew.busy() == 1);
            Thread waits = caller(crew, stopped, _ -> DONE);
            until(() -> crew.waiting() == 1);
            waits.interrupt();
            until(() -> crew.waiting() == 0);
            runs.interrupt();
            stopped.await();
            assertThat(interrupted.getCount()).as("it had ended before its caller went on").isZero();
            assertThat(crew.run(chain(false), _ -> DONE, NONE)).isSameAs(DONE);
        }
    }

    private static Thread caller(Crew crew, CountDownLatch stopped, Crew.Work work) {
        return Thread.startVirtualThread(() -> {
            try {
                crew.run(chain(false), work, NONE);
            } catch (InterruptedException e) {
                stopped.countDown();
            }
        });
    }

    @Test
    void whatRunsAndWhatWaitsEndsWithTheCrew() throws Exception {
        Crew crew = crew(1, 1, LONG);
        Future<Ran> runs = later(crew, false, this::held);
        until(() -> crew.busy() == 1);
        Future<Ran> waits = later(crew, false, _ -> DONE);
        until(() -> crew.waiting() == 1);
        crew.close();
        assertThat(runs.get(5, TimeUnit.SECONDS)).isSameAs(Crew.STOPS);
        assertThat(waits.get(5, TimeUnit.SECONDS)).isSameAs(Crew.STOPS);
        assertThat(crew.run(chain(false), _ -> DONE, NONE)).isSameAs(Crew.STOPS);
        assertThat(crew.busy() + crew.waiting()).isZero();
    }

    @Test
    void aFaultIsTheCallersAndTheThreadGoesOn() throws Exception {
        try (Crew crew = crew(1, 1, LONG)) {
            assertThatThrownBy(() -> crew.run(chain(false), _ -> {
                throw new OutOfMemoryError("of a test");
            }, NONE)).isInstanceOf(IllegalStateException.class).hasRootCauseMessage("of a test");
            assertThat(crew.run(chain(false), _ -> DONE, NONE)).isSameAs(DONE);
            assertThat(crew.busy()).isZero();
        }
    }
}
