package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fetchback.store.Change.Delete;
import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.NewBatch;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class GroupCommitTest {
    private static final CommitSettings SMALL = new CommitSettings(16, 8, Duration.ofHours(1));

    private final List<List<Change>> commits = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore entered = new Semaphore(0);
    private final Semaphore permits = new Semaphore(0);
    private final AtomicInteger prunes = new AtomicInteger();
    private volatile Committing behaviour = changes -> changes.stream().<Result>map(c -> Result.Applied.APPLIED).toList();
    private volatile Optional<StoreException> noRoom = Optional.empty();
    private volatile GroupCommit committer;

    private interface Committing {
        List<Result> commit(List<Change> changes);
    }

    /** Only what the committer calls; a commit waits for a permit. */
    private Store store() {
        return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, args) ->
                switch (method.getName()) {
                    case "commit" -> {
                        List<Change> changes = ((List<?>) args[0]).stream().map(Change.class::cast).toList();
                        entered.release();
                        permits.acquire();
                        commits.add(changes);
                        yield behaviour.commit(changes);
                    }
                    case "prune" -> {
                        prunes.incrementAndGet();
                        yield false;
                    }
                    case "noRoom" -> noRoom;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private GroupCommit start(CommitSettings settings) {
        committer = new GroupCommit(store(), settings, () -> 0, new PrometheusRegistry());
        return committer;
    }

    @AfterEach
    void close() {
        permits.release(1_000_000);
        committer.close();
    }

    private static Submit submit(int i) {
        Plan plan = new Plan("a:80", null, 5, 3, 10, 0, 0);
        TaskSpec spec = TaskSpec.get("http://a/", DeliverOptions.to("http://b/"));
        return new Submit(Task.submitted(new TaskId(i, 0), plan, 0, 1), spec, null);
    }

    private static Move settle(int i) {
        Task task = submit(i).task();
        return new Move(task, task, null);
    }

    private static Move settleWithBody(int i) {
        Task task = submit(i).task();
        return new Move(task, task, new byte[1]);
    }

    /** Completes on the writer's thread. */
    private static final class Heard extends CompletableFuture<List<Result>> implements Committer.Completion {
        @Override
        public void done(List<Result> results) {
            complete(List.copyOf(results));
        }

        @Override
        public void failed(StoreException reason) {
            completeExceptionally(reason);
        }

        Kind failure() throws Exception {
            try {
                get(10, TimeUnit.SECONDS);
                throw new AssertionError("it was stored");
            } catch (ExecutionException e) {
                return ((StoreException) e.getCause()).kind();
            }
        }
    }

    private Heard hand(Change... changes) {
        Heard heard = new Heard();
        committer.submit(List.of(changes), heard);
        return heard;
    }

    @Test
    void returnsEachItsOwnResults() throws Exception {
        start(SMALL);
        behaviour = changes -> changes.stream()
                .<Result>map(c -> c instanceof Delete d ? new Result.Duplicate(d.id(), true) : Result.Applied.APPLIED)
                .toList();
        Heard first = hand(submit(0));
        entered.acquire();
        Heard second = hand(submit(1), new Delete(new TaskId(9, 9)));
        Heard third = hand(new Delete(new TaskId(8, 8)));
        permits.release(2);
        assertThat(first.get()).containsExactly(Result.Applied.APPLIED);
        assertThat(second.get()).containsExactly(Result.Applied.APPLIED, new Result.Duplicate(new TaskId(9, 9), true));
        assertThat(third.get()).containsExactly(new Result.Duplicate(new TaskId(8, 8), true));
        assertThat(commits).hasSize(2);
    }

    @Test
    void takesWhatArrivesDuringACommitAsTheNext() throws Exception {
        start(SMALL);
        hand(submit(0));
        entered.acquire();
        List<Heard> others = new ArrayList<>();
        for (int i = 1; i <= 9; i++) {
            others.add(hand(submit(i)));
        }
        assertThat(committer.waiting()).isEqualTo(10);
        permits.release(3);
        for (Heard heard : others) {
            heard.get();
        }
        assertThat(commits).extracting(List::size).containsExactly(1, 8, 1);
        List<Change> order = commits.stream().flatMap(List::stream).toList();
        assertThat(order)
                .extracting(c -> ((Submit) c).task().id().high())
                .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        assertThat(committer.waiting()).isZero();
    }

    @Test
    void neverSplitsChangesThatBelongTogether() throws Exception {
        start(SMALL);
        hand(submit(0));
        entered.acquire();
        hand(submit(1), submit(2), submit(3), submit(4), submit(5));
        Heard last = hand(submit(6), submit(7), submit(8), submit(9));
        permits.release(3);
        last.get();
        assertThat(commits).extracting(List::size).containsExactly(1, 5, 4);
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> committer.submit(Collections.nCopies(9, submit(1)), new Heard()))
                .withMessageContaining("1 to 8");
    }

    @Test
    void refusesIntakeBeforeSettles() throws Exception {
        start(SMALL);
        hand(submit(0));
        entered.acquire();
        for (int i = 1; i < 12; i++) {
            hand(submit(i));
        }
        assertThatExceptionOfType(StoreBusy.class).isThrownBy(() -> hand(submit(99))).withMessageContaining("12");
        Heard last = hand(settle(12));
        for (int i = 13; i < 16; i++) {
            last = hand(settle(i));
        }
        assertThatExceptionOfType(StoreBusy.class).isThrownBy(() -> hand(settle(99)));
        permits.release(100);
        last.get();
        committer.commit(List.of(settle(100)));
        assertThat(commits.stream().mapToInt(List::size).sum()).isEqualTo(17);
    }

    @Test
    void onAFullDiskRefusesOnlyWhatAsksForSpace() throws Exception {
        start(SMALL);
        behaviour = changes -> {
            if (changes.stream().anyMatch(c -> c instanceof Submit || c instanceof Move m && m.body() != null)) {
                throw new StoreException(Kind.FULL, "no space", null);
            }
            return changes.stream().<Result>map(c -> Result.Applied.APPLIED).toList();
        };
        hand(new NewBatch(new BatchId(0, 0), null));
        entered.acquire();
        Heard submit = hand(submit(1));
        Heard settle = hand(settle(2));
        Heard body = hand(settleWithBody(3));
        Heard mixed = hand(settle(4), submit(5));
        permits.release(100);
        assertThat(submit.failure()).isEqualTo(Kind.FULL);
        assertThat(mixed.failure()).isEqualTo(Kind.FULL);
        assertThat(body.failure()).isEqualTo(Kind.FULL);
        assertThat(settle.get()).containsExactly(Result.Applied.APPLIED);
        assertThat(committer.failure()).isEmpty();
        assertThatExceptionOfType(StoreException.class).isThrownBy(() -> committer.commit(List.of(submit(6))));
        assertThat(committer.commit(List.of(settle(7)))).hasSize(1);
    }

    /** The store gives its reserve up when it meets a full disk, so what did not fit before may fit now. */
    @Test
    void triesSettlesOnceMoreOnAFullDisk() throws Exception {
        start(SMALL);
        AtomicInteger tries = new AtomicInteger();
        behaviour = changes -> {
            if (tries.incrementAndGet() == 1) {
                throw new StoreException(Kind.FULL, "no space", null);
            }
            return changes.stream().<Result>map(c -> Result.Applied.APPLIED).toList();
        };
        permits.release(100);
        assertThat(committer.commit(List.of(settle(1)))).containsExactly(Result.Applied.APPLIED);
        assertThat(tries).hasValue(2);
        behaviour = changes -> {
            throw new StoreException(Kind.FULL, "no space at all", null);
        };
        assertThat(hand(settle(2)).failure()).isEqualTo(Kind.FULL);
        assertThat(committer.failure()).isEmpty();
    }

    @Test
    void saysThatItIsFullUntilThereIsRoom() throws Exception {
        start(SMALL);
        permits.release(100);
        assertThat(committer.refusal()).isEmpty();
        StoreException full = new StoreException(Kind.FULL, "no space", null);
        noRoom = Optional.of(full);
        behaviour = changes -> {
            throw full;
        };
        assertThat(hand(submit(1)).failure()).isEqualTo(Kind.FULL);
        assertThat(committer.refusal()).hasValueSatisfying(e -> assertThat(e).hasMessageContaining("no space"));
        noRoom = Optional.empty();
        while (committer.refusal().isPresent()) { // it asks by itself; the test's own time limit ends this
            Thread.onSpinWait();
        }
        assertThat(committer.failure()).isEmpty();
    }

    @Test
    void refusesEverythingWhileTheStoreIsOutOfReachAndRecoversByItself() throws Exception {
        start(SMALL);
        permits.release(1_000);
        StoreException away = new StoreException(Kind.UNAVAILABLE, "connection refused", null);
        noRoom = Optional.of(away);
        behaviour = changes -> {
            throw away;
        };
        assertThat(hand(settle(1)).failure()).isEqualTo(Kind.UNAVAILABLE);
        int tried = commits.size();
        assertThat(hand(submit(2)).failure()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(commits).as("it is not tried while it is known to be away").hasSize(tried);
        assertThat(committer.refusal()).hasValueSatisfying(e -> assertThat(e).hasMessageContaining("connection refused"));
        assertThat(committer.failure()).isEmpty();
        behaviour = changes -> changes.stream().<Result>map(c -> Result.Applied.APPLIED).toList();
        noRoom = Optional.empty();
        while (committer.refusal().isPresent()) { // it asks by itself; the test's own time limit ends this
            Thread.onSpinWait();
        }
        assertThat(committer.commit(List.of(submit(3)))).containsExactly(Result.Applied.APPLIED);
    }

    @Test
    void repeatsACommitUntilItIsKnownWhatBecameOfItAndRefusesWhatIsNew() throws Exception {
        start(SMALL);
        permits.release(1_000);
        AtomicInteger asked = new AtomicInteger();
        List<List<Change>> other = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch undecided = new CountDownLatch(1);
        CountDownLatch back = new CountDownLatch(1);
        List<Result> stored = List.of(new Result.Duplicate(new TaskId(7, 7), true));
        behaviour = changes -> {
            if (asked.get() == 0 || changes.equals(commits.getFirst())) {
                asked.incrementAndGet();
                if (back.getCount() > 0) {
                    undecided.countDown();
                    throw new StoreException(Kind.UNDECIDED, "lost while it committed", null);
                }
                return stored;
            }
            other.add(changes);
            return changes.stream().<Result>map(c -> Result.Applied.APPLIED).toList();
        };
        Heard first = hand(submit(1));
        undecided.await();
        Heard fresh = hand(submit(2));
        Heard settle = hand(settle(3));
        assertThat(fresh.failure()).as("what was not begun is certainly not stored").isEqualTo(Kind.UNAVAILABLE);
        assertThat(committer.refusal()).isPresent();
        assertThat(first).isNotDone();
        assertThat(settle).isNotDone();
        back.countDown();
        assertThat(first.get()).isEqualTo(stored);
        assertThat(settle.get()).containsExactly(Result.Applied.APPLIED);
        assertThat(other).containsExactly(List.of(settle(3)));
        assertThat(committer.refusal()).isEmpty();
    }

    @Test
    void stopsForGoodAfterAnyOtherFault() throws Exception {
        start(SMALL);
        hand(settle(0));
        entered.acquire();
        behaviour = changes -> {
            throw new StoreException(Kind.UNUSABLE, "the disk is gone", null);
        };
        Heard other = hand(settle(1));
        permits.release(100);
        assertThat(other.failure()).isEqualTo(Kind.UNUSABLE);
        assertThat(committer.failure()).hasValueSatisfying(e -> assertThat(e).hasMessageContaining("the disk is gone"));
        behaviour = changes -> List.of(Result.Applied.APPLIED);
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> committer.commit(List.of(settle(2))))
                .withMessageContaining("the disk is gone");
        assertThatExceptionOfType(StoreException.class).isThrownBy(() -> hand(settle(3)));
        assertThat(commits.stream().flatMap(List::stream)).as("nothing is tried after the fault").hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void isolatesAChangeThatCannotBeStored() throws Exception {
        start(SMALL);
        hand(settle(0));
        entered.acquire();
        behaviour = changes -> {
            if (changes.stream().anyMatch(c -> c instanceof Delete)) {
                throw new IllegalStateException("a fault");
            }
            return changes.stream().<Result>map(c -> Result.Applied.APPLIED).toList();
        };
        Heard before = hand(settle(1));
        Heard bad = hand(new Delete(new TaskId(1, 1)));
        Heard after = hand(settle(2));
        permits.release(100);
        assertThat(before.get()).hasSize(1);
        assertThat(after.get()).hasSize(1);
        assertThat(bad.failure()).isEqualTo(Kind.UNUSABLE);
        assertThat(committer.failure()).isEmpty();
    }

    @Test
    void goesOnAfterACompletionThatThrows() {
        start(SMALL);
        permits.release(100);
        committer.submit(List.of(settle(0)), new Committer.Completion() {
            @Override
            public void done(List<Result> results) {
                throw new IllegalStateException("in a completion");
            }

            @Override
            public void failed(StoreException reason) {}
        });
        assertThat(committer.commit(List.of(settle(1)))).hasSize(1);
    }

    @Test
    void waitsOnThoughInterrupted() throws Exception {
        start(SMALL);
        CompletableFuture<Boolean> interruptedAfter = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            committer.commit(List.of(settle(0)));
            interruptedAfter.complete(Thread.interrupted());
        });
        entered.acquire();
        thread.interrupt();
        permits.release(100);
        assertThat(interruptedAfter.get()).as("the interrupt is still set, and the commit was waited for").isTrue();
        assertThat(commits).hasSize(1);
    }

    @Test
    void writesWhatWaitsBeforeItCloses() throws Exception {
        start(SMALL);
        hand(settle(0));
        entered.acquire();
        Heard last = hand(settle(1));
        Thread closer = Thread.ofPlatform().start(committer::close);
        permits.release(100);
        closer.join();
        assertThat(last.get()).hasSize(1);
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> hand(settle(2)))
                .extracting(StoreException::kind)
                .isEqualTo(Kind.CLOSED);
        committer.close();
    }

    @Test
    void losesNothingOfManyThreads() throws Exception {
        permits.release(1_000_000);
        start(new CommitSettings(64, 32, Duration.ofHours(1)));
        int threads = 16;
        int each = 2_000;
        CountDownLatch heard = new CountDownLatch(threads * each);
        List<Thread> all = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int base = t * each;
            all.add(Thread.ofVirtual().start(() -> {
                for (int i = 0; i < each; i++) {
                    if (i % 3 == 0) {
                        commitPatiently(settle(base + i));
                        heard.countDown();
                    } else {
                        submitPatiently(settle(base + i), heard);
                    }
                }
            }));
        }
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(heard.await(20, TimeUnit.SECONDS)).isTrue();
        List<Long> stored = commits.stream().flatMap(List::stream).map(c -> ((Move) c).before().id().high()).toList();
        assertThat(stored).hasSize(threads * each).doesNotHaveDuplicates();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            assertThat(stored.stream().filter(id -> id / each == thread)).as("in each thread's order").isSorted();
        }
    }

    private void commitPatiently(Move move) {
        while (true) {
            try {
                committer.commit(List.of(move));
                return;
            } catch (StoreBusy e) {
                Thread.yield();
            }
        }
    }

    private void submitPatiently(Move move, CountDownLatch heard) {
        while (true) {
            try {
                committer.submit(List.of(move), new Committer.Completion() {
                    @Override
                    public void done(List<Result> results) {
                        heard.countDown();
                    }

                    @Override
                    public void failed(StoreException reason) {}
                });
                return;
            } catch (StoreBusy e) {
                Thread.yield();
            }
        }
    }

    @Test
    void prunesInBetween() {
        permits.release(1_000);
        start(new CommitSettings(16, 8, Duration.ofNanos(1)));
        for (int i = 0; i < 20; i++) {
            committer.commit(List.of(settle(i)));
        }
        assertThat(prunes.get()).isGreaterThanOrEqualTo(10);
    }
}
