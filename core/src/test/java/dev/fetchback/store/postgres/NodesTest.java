package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fetchback.store.Change;
import dev.fetchback.store.Change.Move;
import dev.fetchback.store.Change.PutBody;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.store.StoreFixture;
import dev.fetchback.store.postgres.Servers.Release;
import dev.fetchback.task.Event;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes beside each other on one database, which lose it, and find it again. */
@Timeout(60)
class NodesTest extends StoreFixture {
    private static final Duration LEASE = Duration.ofMillis(1500);
    private static final String DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname=current_database()";
    private static final String HOST = "a.example:443";

    private final EmbeddedPostgres server = Servers.shared(Release.NEWEST);
    private final String url = Servers.url(server);
    private final String schema = Servers.schema(url);
    private final Wire wire;
    private final List<PostgresStore> others = new ArrayList<>();

    NodesTest() throws IOException {
        wire = new Wire(server.getPort());
    }

    /** The fixture's own node, which has the wire that is cut. */
    @Override
    protected Store open(Retention forgets) {
        return node("first", wire.through(url));
    }

    private PostgresStore node(String name, String way) {
        return PostgresStore.open(PostgresSettings.of(way, null, name, Retention.DEFAULT, () -> now).withLease(LEASE));
    }

    private PostgresStore another() {
        PostgresStore other = node("other" + others.size(), url);
        others.add(other);
        return other;
    }

    @AfterEach
    void end() throws IOException {
        closeStore();
        others.forEach(PostgresStore::close);
        wire.close();
    }

    private void closeStore() {
        wire.mend();
        store().close();
    }

    private static void until(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("it takes too long").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private String ask(String sql) {
        return Servers.ask(server, sql.replace("$", schema + "."));
    }

    /** Makes each commit of the schema take a second, so that something can happen to it. */
    private void slowCommits() {
        Servers.execute(server, """
                CREATE FUNCTION $.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON $.tally DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION $.slow()""".replace("$", schema));
    }

    private void untilCommitting() {
        until(() -> !ask("SELECT pid FROM pg_stat_activity WHERE wait_event='PgSleep' AND application_name LIKE 'fetchback %'").isEmpty());
    }

    private CompletableFuture<Kind> undecided(List<Change> changes) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                store().commit(changes);
                throw new AssertionError("it was committed");
            } catch (StoreException e) {
                return e.kind();
            }
        });
    }

    private List<Result> decided(List<Change> changes) {
        while (true) {
            try {
                return store().commit(changes);
            } catch (StoreException e) {
                assertThat(e.kind()).isEqualTo(Kind.UNDECIDED);
            }
        }
    }

    @Test
    void findsOutThatACommitWasDoneAlthoughTheConnectionWasLost() throws Exception {
        List<Change> changes = List.of(submit(task(HOST)), submit(task(HOST)));
        slowCommits();
        CompletableFuture<Kind> kind = undecided(changes);
        untilCommitting();
        wire.cut();
        assertThat(kind.get(20, TimeUnit.SECONDS)).isEqualTo(Kind.UNDECIDED);
        wire.mend();
        assertThat(decided(changes)).containsExactly(Result.Applied.APPLIED, Result.Applied.APPLIED);
        assertThat(store().totals().waitingFetch()).as("each once").isEqualTo(2);
        assertThat(ask("SELECT count(*) FROM $waiting")).isEqualTo("2");
    }

    @Test
    void findsOutThatACommitWasNotDone() throws Exception {
        Task task = task(HOST);
        List<Change> changes = List.of(submit(task));
        slowCommits();
        CompletableFuture<Kind> kind = undecided(changes);
        untilCommitting();
        ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event='PgSleep' AND application_name='fetchback first'");
        assertThat(kind.get(20, TimeUnit.SECONDS)).isEqualTo(Kind.UNDECIDED);
        assertThat(ask("SELECT count(*) FROM $waiting")).isEqualTo("0");
        Servers.execute(server, "DROP TRIGGER slow ON " + schema + ".tally");
        assertThat(decided(changes)).containsExactly(Result.Applied.APPLIED);
        assertThat(stored(task.id())).isEqualTo(task);
        assertThat(store().totals().waitingFetch()).isEqualTo(1);
    }

    @Test
    void goesOnAfterItsConnectionsWereEnded() {
        applied(submit(task(HOST)));
        Servers.execute(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='fetchback first'");
        applied(submit(task(HOST)));
        Servers.execute(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='fetchback first'");
        assertThat(store().totals().waitingFetch()).isEqualTo(2);
    }

    @Test
    void saysThatItIsOutOfReachAndComesBackByItself() {
        Task task = task(HOST);
        applied(submit(task));
        wire.cut();
        assertThatExceptionOfType(StoreException.class).isThrownBy(() -> store().commit(List.of(submit(task(HOST)))))
                .extracting(StoreException::kind).isEqualTo(Kind.UNAVAILABLE);
        assertThatExceptionOfType(StoreException.class).isThrownBy(() -> store().find(task.id()))
                .extracting(StoreException::kind).isEqualTo(Kind.UNAVAILABLE);
        assertThat(store().noRoom()).hasValueSatisfying(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
        wire.mend();
        until(() -> store().noRoom().isEmpty());
        assertThat(stored(task.id())).isEqualTo(task);
        until(() -> apply(new Move(task, started(task), null)) instanceof Result.Applied); // once its lease is renewed
    }

    @Test
    void aNodeThatIsTakenForDeadChangesNothingMore() {
        Task begun = running(HOST);
        Task waiting = task(HOST);
        applied(submit(waiting));
        applied(new PutBody(begun.id(), 0, bytes(Store.PIECE_BYTES)));
        int dead = store().epoch();
        PostgresStore other = another();
        assertThat(other.orphans(10)).as("its owner lives").isEmpty();
        wire.cut();
        until(() -> !other.orphans(10).isEmpty());
        assertThat(other.orphans(10)).containsExactly(begun);
        assertThat(other.dueTasks(new QueueKey(Stage.FETCH, HOST), now, 10)).extracting(t -> t.task().id()).containsExactly(waiting.id());

        Task back = next(begun, new Event.Reclaimed(other.epoch()));
        assertThat(other.commit(List.of(new Move(begun, back, null)))).containsExactly(Result.Applied.APPLIED);
        Task again = next(back, new Event.Start(other.epoch()));
        assertThat(other.commit(List.of(new Move(back, again, null), new PutBody(begun.id(), 0, bytes(20)))))
                .containsOnly(Result.Applied.APPLIED);

        wire.mend();
        until(() -> store().noRoom().isEmpty());
        Task late = next(begun, new Event.PageStored(page(Store.PIECE_BYTES + 1)));
        Task zombie = next(waiting, new Event.Start(dead));
        assertThat(store().commit(List.of(new PutBody(begun.id(), 1, bytes(1)), new Move(begun, late, null), new Move(waiting, zombie, null))))
                .as("a piece, a settle, a start").containsOnly(Result.Stale.STALE);
        assertThat(stored(begun.id())).isEqualTo(again);
        assertThat(other.commit(List.of(new Move(again, next(again, new Event.PageStored(page(20))), null)))).containsOnly(Result.Applied.APPLIED);
        assertThat(body(begun.id(), 0)).as("the new owner's page, not mixed with the old one's").hasValue(bytes(20));
        until(() -> store().epoch() > dead);
    }

    @Test
    void sharesSecrets() {
        assertThat(store().secret("link", bytes(32))).hasValue(bytes(32));
        assertThat(another().secret("link", bytes(31))).hasValue(bytes(32));
    }

    private long owned(Store node) {
        return Long.parseLong(ask("SELECT count(*) FROM $shard WHERE epoch=" + node.epoch()));
    }

    @Test
    void sharesTheWorkWithNodesThatJoinAndTakesItBackWhenTheyLeave() {
        assertThat(owned(store())).isEqualTo(64);
        AtomicInteger gains = new AtomicInteger();
        store().onGain(gains::incrementAndGet);
        assertThat(store().lookEveryMillis()).isEqualTo(Long.MAX_VALUE);
        PostgresStore other = another();
        until(() -> owned(store()) == 32 && owned(other) == 32);
        assertThat(store().lookEveryMillis()).as("the other may put tasks into its queues").isLessThan(1_000);
        PostgresStore third = another();
        until(() -> owned(third) > 18 && owned(store()) <= 22 && owned(other) <= 22);
        int before = gains.get();
        other.close();
        third.close();
        until(() -> owned(store()) == 64);
        until(() -> gains.get() > before);
    }

    @Test
    void handsAShardOnOnlyWhenItsFetchesAreDone() {
        List<Task> begun = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            begun.add(running("h" + i + ".example:443"));
        }
        long busy = begun.stream().mapToLong(task -> 1L << Shards.of(task)).reduce(0, (a, b) -> a | b);
        PostgresStore other = another();
        until(() -> owned(store()) + owned(other) == 64 && owned(other) == 32 - Integer.bitCount((int) busy)); // the lower half is to go
        assertThat(ask("SELECT count(*) FROM $running r JOIN $shard s ON s.n=r.shard WHERE s.epoch<>r.epoch")).isEqualTo("0");
        List<Task> refused = begun.stream().filter(task -> !store().owns(task(task.plan().host()))).toList();
        assertThat(refused).as("nothing more is begun of what is to be handed on").isNotEmpty();
        for (Task task : begun) {
            moved(task, new Event.PageDelivered(page(1)));
        }
        until(() -> owned(other) == 32);
        Task there = task(refused.getFirst().plan().host());
        assertThat(other.owns(there)).isTrue();
        Task stolen = started(there);
        assertThat(store().commit(List.of(submit(stolen)))).as("begun by the one that handed it on").containsOnly(Result.Stale.STALE);
        assertThat(store().find(there.id())).isEmpty();
    }

    @Test
    void knowsForHowLongAHostHasBeenItsOwn() {
        String host = hostOf(0); // of the lower half, which goes to the next node
        assertThat(store().heldMillis(host)).as("nobody had it before").isEqualTo(Long.MAX_VALUE);
        PostgresStore other = another();
        long from = System.nanoTime();
        until(() -> owned(other) == 32);
        assertThat(other.heldMillis(host)).isLessThanOrEqualTo(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from));
        assertThat(other.heldMillis(hostOf(63))).as("not its own").isEqualTo(Long.MAX_VALUE);
        assertThat(store().heldMillis(hostOf(63))).isEqualTo(Long.MAX_VALUE);
        long before = System.nanoTime();
        other.close();
        until(() -> owned(store()) == 64);
        assertThat(store().heldMillis(host)).as("it was away").isLessThanOrEqualTo(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before));
        assertThat(store().heldMillis(hostOf(63))).isEqualTo(Long.MAX_VALUE);
    }

    private static String hostOf(int shard) {
        return IntStream.iterate(0, i -> i + 1).mapToObj(i -> "h" + i + ".example:443").filter(host -> Shards.ofHost(host) == shard)
                .findFirst().orElseThrow();
    }

    @Test
    void takesATaskOnceWhateverNodeTheKeyIsGivenTo() throws Exception {
        PostgresStore other = another();
        for (int i = 0; i < 20; i++) {
            Change.IdempotencyKey key = new Change.IdempotencyKey("a", "k" + i, bytes(32), now);
            List<Change> here = List.of(submit(task(HOST), null, key));
            List<Change> there = List.of(submit(task(HOST), null, key));
            CompletableFuture<List<Result>> result = CompletableFuture.supplyAsync(() -> other.commit(there));
            List<Result> both = new ArrayList<>(store().commit(here));
            both.addAll(result.get());
            assertThat(both.stream().filter(Result.Applied.class::isInstance)).hasSize(1);
            assertThat(both.stream().filter(Result.Duplicate.class::isInstance)).hasSize(1);
        }
        assertThat(store().totals().waitingFetch()).isEqualTo(20);
    }

    @Test
    void saysWhatItHasOfTheWork() {
        assertThat(store().share()).extracting(Store.Share::shards, Store.Share::gained, Store.Share::lost)
                .containsExactly(64, 64L, 0L);
        Store other = another();
        until(() -> other.share().shards() == 32);
        until(() -> store().share().shards() == 32);
        assertThat(store().share()).extracting(Store.Share::gained, Store.Share::lost).containsExactly(64L, 32L);
    }

    private static final String UNSEEN = "SELECT count(*) FROM $waiting w WHERE NOT EXISTS(SELECT 1 FROM $queue q WHERE q.phase=w.phase"
            + " AND q.name=w.queue AND q.shard=w.shard AND q.due_at<=w.ready_at AND q.priorities & (1 << w.priority) <> 0)";

    private static final String ROW = "SELECT xmin || ' ' || xmax FROM $queue"; // a lock shows as well

    @Test
    void leavesTheRowOfAQueueAloneWhoseBoundItKnows() {
        applied(submit(task(HOST)));
        String fresh = ask(ROW);
        assertThat(fresh).endsWith(" 0");
        applied(submit(task(HOST)));
        assertThat(ask(ROW)).isEqualTo(fresh);
        applied(submit(Task.submitted(ids.task(), plan(HOST), now - 1, store().epoch())));
        assertThat(ask(ROW)).as("it is due earlier").isNotEqualTo(fresh);
        applied(new Change.SettleQueue(new QueueKey(Stage.FETCH, HOST)));
        String settled = ask(ROW);
        applied(submit(task(HOST)));
        assertThat(ask(ROW)).as("whoever settles a queue knows it no more").isNotEqualTo(settled);
        assertThat(ask(UNSEEN)).isEqualTo("0");
    }

    @Test
    void doesNotSettleAQueueWhileItsFormerOwnerCommits() throws Exception {
        Task first = task(HOST);
        applied(submit(first));
        PostgresStore other = another();
        until(() -> owned(store()) == 32 && owned(other) == 32);
        Store former = store().owns(first) ? store() : other;
        Store next = former == other ? store() : other;
        List<Task> given = untilItKnows(former);
        given.add(first);
        for (Task task : given) { // the queue is empty then, its bound is that of before
            former.commit(List.of(new Move(task, next(task, new Event.Start(former.epoch())), null)));
        }
        assertThat(ask("SELECT count(*) FROM $waiting")).isEqualTo("0");
        slowCommits();
        List<Change> late = List.of(submit(task(HOST)));
        CompletableFuture<List<Result>> commit = CompletableFuture.supplyAsync(() -> former.commit(late));
        untilCommitting();
        exchange(Shards.of(first), former, next);
        until(() -> next.owns(first));
        List<Change> settle = List.of(new Change.SettleQueue(new QueueKey(Stage.FETCH, HOST)));
        until(() -> next.commit(settle).equals(List.of(Result.Applied.APPLIED))); // not before it sees what the former owner put there
        assertThat(commit.get(20, TimeUnit.SECONDS)).containsExactly(Result.Applied.APPLIED);
        assertThat(ask(UNSEEN)).isEqualTo("0");
    }

    @Test
    void looksAtTheRowOfAQueueThatIsAnothersAlreadyAlthoughNobodyHasToldIt() {
        Task mine = task(HOST);
        applied(submit(mine));
        PostgresStore other = another();
        until(() -> owned(store()) == 32 && owned(other) == 32);
        Store owner = store().owns(mine) ? store() : other;
        Store next = owner == other ? store() : other;
        untilItKnows(owner);
        String known = ask(ROW);
        exchange(Shards.of(mine), owner, next);
        assertThat(owner.commit(List.of(submit(task(HOST))))).containsExactly(Result.Applied.APPLIED);
        assertThat(ask(ROW)).isNotEqualTo(known);
    }

    /** Returns the tasks that it was given for that. */
    private List<Task> untilItKnows(Store node) {
        List<Task> given = new ArrayList<>();
        until(() -> {
            String row = ask(ROW);
            given.add(task(HOST));
            assertThat(node.commit(List.of(submit(given.getLast())))).containsExactly(Result.Applied.APPLIED);
            return ask(ROW).equals(row);
        });
        return given;
    }

    /** One that goes for one that comes, so that no node has more than its share. */
    private void exchange(int shard, Store from, Store to) {
        Servers.execute(server, ("UPDATE $.shard s SET epoch=CASE WHEN s.n=" + shard + " THEN " + to.epoch() + " ELSE " + from.epoch() + " END"
                + " WHERE s.n=" + shard + " OR s.n=(SELECT min(n) FROM $.shard WHERE epoch=" + to.epoch() + ")").replace("$", schema));
    }

    /** Nodes put tasks into the same queues that another settles, and meet crosswise: no task may be left that no scan finds. */
    @Test
    void neverLosesATaskThatIsPutIntoAQueueWhileItIsSettled() throws Exception {
        List<Store> nodes = List.of(store(), another(), another());
        long seed = System.nanoTime();
        String deadlocks = ask(DEADLOCKS);
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (Store node : nodes) {
            Random random = new Random(seed + all.size());
            all.add(CompletableFuture.runAsync(() -> hammer(node, random)));
        }
        while (!all.stream().allMatch(CompletableFuture::isDone)) { // and one comes and goes, so that shards change hands
            PostgresStore visitor = another();
            until(() -> owned(visitor) > 0);
            visitor.close();
        }
        for (CompletableFuture<Void> one : all) {
            one.get(50, TimeUnit.SECONDS);
        }
        assertThat(ask("SELECT count(*) FROM $waiting")).as("seed %d", seed).isNotEqualTo("0");
        assertThat(ask(UNSEEN)).as("seed %d", seed).isEqualTo("0");
        assertThat(ask("SELECT sum(waiting_fetch) FROM $tally")).isEqualTo(ask("SELECT count(*) FROM $waiting"));
        assertThat(ask("SELECT sum(running) FROM $tally")).isEqualTo(ask("SELECT count(*) FROM $running"));
        nodes.forEach(Store::close); // sessions tell the server what they met as they end, at the latest
        assertThat(ask(DEADLOCKS)).as("each holds up nodes for a second, seed %d", seed).isEqualTo(deadlocks);
    }

    private void hammer(Store node, Random random) {
        for (int round = 0; round < 40; round++) {
            List<Change> changes = new ArrayList<>();
            for (int i = random.nextInt(1, 8); i > 0; i--) {
                String host = "h" + random.nextInt(6) + ":80";
                Task task = Task.submitted(ids.task(), plan(host), now - random.nextInt(1_000), node.epoch());
                changes.add(submit(task));
            }
            for (int i = 0; i < 6; i++) {
                QueueKey queue = new QueueKey(Stage.FETCH, "h" + i + ":80");
                node.dueTasks(queue, now, 5).forEach(due -> changes.add(
                        new Move(due.task(), next(due.task(), new Event.Start(node.epoch())), null)));
                changes.add(new Change.SettleQueue(queue));
            }
            node.commit(changes);
        }
    }
}
