package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.fetchback.store.Change.PutBody;
import dev.fetchback.task.Event;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskId;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What every engine must do with the bodies of pages, and with what is old. */
public abstract class StoreBodyContract extends StoreFixture {
    private static final int PIECE = Store.PIECE_BYTES;

    /** A task without a receiver, whose page is kept for an hour. */
    private Task kept(byte[] body) {
        Task begun = started(task(new Plan("a.example:443", null, 5, 3, 10, 0, 3_600_000), now));
        applied(submit(begun));
        return moved(begun, new Event.PageStored(page(body.length)), body);
    }

    private void pruneAll() {
        for (int i = 0; store().prune(now); i++) {
            assertThat(i).as("steps of pruning").isLessThan(10_000);
        }
    }

    @Test
    void storesABodyOfAnyLength() {
        for (int length : new int[] {0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17}) {
            byte[] body = bytes(length);
            Task task = kept(body);
            assertThat(body(task.id(), 0)).as("%d bytes", length).hasValue(body);
        }
        assertThat(store().totals().bodyBytes()).isEqualTo(1 + PIECE - 1 + PIECE + PIECE + 1 + 3 * PIECE + 17);
    }

    @Test
    void readsFromAnyOffset() throws Exception {
        byte[] body = bytes(2 * PIECE + 100);
        Task task = kept(body);
        for (int offset : new int[] {1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 99, body.length, body.length + 5}) {
            byte[] rest = Arrays.copyOfRange(body, Math.min(offset, body.length), body.length);
            assertThat(body(task.id(), offset)).as("from %d", offset).hasValue(rest);
        }
        try (InputStream in = store().body(task.id(), 10, Long.MAX_VALUE).orElseThrow()) {
            assertThat(in.read()).isEqualTo(body[10] & 0xff);
            assertThat(in.skip(PIECE)).isEqualTo(PIECE);
            assertThat(in.read()).isEqualTo(body[11 + PIECE] & 0xff);
            in.skipNBytes(PIECE - 2);
            assertThat(in.read()).isEqualTo(body[10 + 2 * PIECE] & 0xff);
        }
    }

    @Test
    void storesPiecesAheadOfTheMove() {
        byte[] body = bytes(2 * PIECE + 5);
        Task begun = running("a.example:443");
        for (int i = 0; i < 3; i++) {
            applied(new PutBody(begun.id(), i, Arrays.copyOfRange(body, i * PIECE, Math.min(body.length, (i + 1) * PIECE))));
        }
        assertThat(store().body(begun.id(), 0, Long.MAX_VALUE)).as("before the move").isEmpty();
        Task stored = moved(begun, new Event.PageStored(page(body.length)));
        assertThat(stored.phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(body(begun.id(), 0)).hasValue(body);
        moved(started2(stored), new Event.Delivered(false));
        assertThat(store().body(begun.id(), 0, Long.MAX_VALUE)).isEmpty();
        assertThat(store().totals().bodyBytes()).isZero();
    }

    @Test
    void replacesABodyFromPieceZero() {
        Task begun = running("a.example:443");
        applied(new PutBody(begun.id(), 0, bytes(PIECE)));
        applied(new PutBody(begun.id(), 1, bytes(9)));
        applied(new PutBody(begun.id(), 0, bytes(20)));
        moved(begun, new Event.PageStored(page(20)));
        assertThat(body(begun.id(), 0)).hasValue(bytes(20));
        assertThat(store().totals().bodyBytes()).isEqualTo(20);
    }

    @Test
    void dropsPiecesThatNoMoveRefersTo() {
        Task settled = running("a.example:443");
        applied(new PutBody(settled.id(), 0, bytes(50)));
        moved(settled, new Event.FetchFailed(problem(), true, 0));
        assertThat(store().totals().bodyBytes()).isZero();

        Task crashed = running("a.example:443");
        applied(new PutBody(crashed.id(), 0, bytes(50)));
        reopen();
        pruneAll();
        assertThat(store().totals().bodyBytes()).isZero();
        assertThat(stored(crashed.id())).isEqualTo(crashed);
    }

    @Test
    void keepsTheBodyOfADeliveryThatWaits() {
        byte[] body = bytes(300);
        Task waiting = moved(running("a.example:443"), new Event.PageRefused(page(300), problem(), 0), body);
        Task again = moved(started2(waiting), new Event.Refused(problem(), 0));
        assertThat(body(again.id(), 0)).hasValue(body);
        Task linked = moved(started2(again), new Event.Delivered(true));
        assertThat(body(linked.id(), 0)).hasValue(body);
        moved(linked, new Event.Retry());
        assertThat(store().body(linked.id(), 0, Long.MAX_VALUE)).isEmpty();
    }

    /** Results that do not fit the last piece of the page, pages that end with a piece, and an empty page. */
    @Test
    void addsWhatCameOfProcessingToAStoredPage() throws Exception {
        long all = 0;
        for (int page : new int[] {0, 1, PIECE - 1, PIECE, PIECE + 7}) {
            for (int results : new int[] {2, PIECE, 2 * PIECE + 5}) {
                byte[] body = bytes(page);
                byte[] more = bytes(results + 1);
                Task begun = started(task(processing("a.example:443"), now));
                applied(submit(begun));
                Task stored = moved(begun, new Event.PageStored(page(page)), body);
                assertThat(stored.phase()).isEqualTo(Phase.PROCESS_WAITING);
                Task waiting = moved(started2(stored), new Event.PageStored(page(page), new Processed(more.length, Map.of())), more);
                assertThat(waiting.phase()).isEqualTo(Phase.DELIVER_WAITING);
                assertThat(stored(begun.id())).isEqualTo(waiting);
                assertThat(slice(begun.id(), 0, page)).as("%d bytes and %d", page, results).isEqualTo(body);
                assertThat(slice(begun.id(), page, more.length)).as("%d bytes and %d", page, results).isEqualTo(more);
                all += page + more.length;
            }
        }
        assertThat(store().totals().bodyBytes()).isEqualTo(all);
        assertThat(store().totals().waitingDeliver()).isEqualTo(15);
    }

    private byte[] slice(TaskId id, long offset, long length) throws Exception {
        try (InputStream in = store().body(id, offset, length).orElseThrow()) {
            return in.readAllBytes();
        }
    }

    @Test
    void keepsAPageWhileItWaitsToBeProcessed() {
        byte[] body = bytes(300);
        Task begun = started(task(processing("a.example:443"), now));
        applied(submit(begun));
        Task again = moved(moved(begun, new Event.ProcessStarted()), new Event.ProcessFailed(problem(), true, page(300)), body);
        assertThat(again.phase()).isEqualTo(Phase.PROCESS_WAITING);
        Task off = moved(started2(again), new Event.ProcessPutOff(problem(), 0, null));
        reopen();
        assertThat(stored(begun.id())).isEqualTo(off);
        assertThat(body(begun.id(), 0)).hasValue(body);
        moved(started2(off), new Event.ProcessFailed(problem(), true, null));
        assertThat(stored(begun.id()).phase()).isEqualTo(Phase.DELIVER_WAITING);
        assertThat(store().body(begun.id(), 0, Long.MAX_VALUE)).as("a failure has no page").isEmpty();
        assertThat(store().totals().bodyBytes()).isZero();
    }

    @Test
    void failsAReadOfABodyThatGoesAway() throws Exception {
        Task task = kept(bytes(2 * PIECE));
        try (InputStream in = store().body(task.id(), 0, Long.MAX_VALUE).orElseThrow()) {
            assertThat(in.readNBytes(PIECE)).hasSize(PIECE);
            applied(new Change.Delete(task.id()));
            assertThatIOException().isThrownBy(in::read).withMessageContaining(task.id().toString());
        }
    }

    @Test
    void dropsKeptPagesWhenTheirTimeIsOver() {
        Task task = kept(bytes(1000));
        now += 3_600_000 - 1;
        pruneAll();
        assertThat(store().body(task.id(), 0, Long.MAX_VALUE)).isPresent();
        now += 1;
        pruneAll();
        assertThat(store().body(task.id(), 0, Long.MAX_VALUE)).isEmpty();
        assertThat(stored(task.id()).progress().outcome())
                .isInstanceOfSatisfying(Outcome.Fetched.class, fetched -> assertThat(fetched.stored()).isFalse());
        assertThat(store().totals().bodyBytes()).isZero();
    }

    @Test
    void forgetsWhatIsOldAndNothingElse() {
        Task done = moved(running("a.example:443"), new Event.PageDelivered(page(1)));
        Task dead = dead("a.example:443", bytes(10));
        Task live = running("a.example:443");
        Task sleeping = task(plan("a.example:443"), now + Duration.ofDays(40).toMillis());
        applied(submit(sleeping));
        Task slow = running("b.example:443");
        Task untilTomorrow = kept(bytes(5));
        now += Duration.ofHours(23).toMillis();
        Task late = moved(slow, new Event.PageDelivered(page(1)));
        pruneAll();
        assertThat(store().find(done.id())).as("within a day").isPresent();

        now += Duration.ofHours(4).toMillis();
        running("c.example:443"); // life goes on
        pruneAll();
        assertThat(store().find(done.id())).as("after 27 hours").isEmpty();
        assertThat(store().find(untilTomorrow.id())).isEmpty();
        assertThat(stored(late.id())).as("finished 4 hours ago").isEqualTo(late);
        assertThat(stored(dead.id())).isEqualTo(dead);
        assertThat(body(dead.id(), 0)).hasValue(bytes(10));
        assertThat(stored(live.id())).isEqualTo(live);
        assertThat(stored(sleeping.id())).isEqualTo(sleeping);
        assertThat(store().list(all(100)).tasks()).extracting(t -> t.task().id())
                .contains(late.id(), dead.id(), live.id(), sleeping.id())
                .doesNotContain(done.id())
                .doesNotHaveDuplicates();
        Task lived = moved(live, new Event.PageDelivered(page(2)));
        assertThat(stored(live.id())).as("moves where it is now").isEqualTo(lived);

        reopen();
        now += Duration.ofDays(2).toMillis();
        pruneAll();
        assertThat(store().find(late.id())).as("two days later").isEmpty();
        assertThat(store().find(lived.id())).isEmpty();
        assertThat(stored(dead.id())).isEqualTo(dead);
        assertThat(stored(sleeping.id())).isEqualTo(sleeping);

        now += Duration.ofDays(30).toMillis();
        pruneAll();
        assertThat(store().find(dead.id())).as("after a month").isEmpty();
        assertThat(stored(sleeping.id())).isEqualTo(sleeping);
        assertThat(store().totals()).extracting(Store.Totals::dead, Store.Totals::bodyBytes, Store.Totals::waitingFetch)
                .containsExactly(0L, 0L, 1L);
    }

    @Test
    void dropsTheOldestDeadPagesOverTheCap() {
        retention = new Retention(Duration.ofHours(24), Duration.ofDays(30), 250, Duration.ofDays(30), 1);
        Task first = dead("a.example:443", bytes(100));
        now += 1;
        Task second = dead("a.example:443", bytes(100));
        now += 1;
        Task third = dead("a.example:443", bytes(100));
        pruneAll();
        assertThat(store().body(first.id(), 0, Long.MAX_VALUE)).isEmpty();
        assertThat(store().body(second.id(), 0, Long.MAX_VALUE)).isPresent();
        assertThat(store().body(third.id(), 0, Long.MAX_VALUE)).isPresent();
        assertThat(store().totals()).extracting(Store.Totals::dead, Store.Totals::bodyBytes).containsExactly(3L, 200L);
        assertThat(moved(stored(first.id()), new Event.Redrive()).phase()).as("its page is gone").isEqualTo(Phase.FETCH_WAITING);
        assertThat(moved(stored(third.id()), new Event.Redrive()).phase()).isEqualTo(Phase.DELIVER_WAITING);
    }

    @Test
    void forgetsBatchesAndKeys() {
        var batch = ids.batch();
        applied(new Change.NewBatch(batch, null));
        var live = ids.batch();
        applied(new Change.NewBatch(live, null));
        applied(submit(task("a.example:443"), live, null));
        now += Duration.ofDays(31).toMillis();
        pruneAll();
        assertThat(store().batch(batch)).isEmpty();
        assertThat(store().batch(live)).isPresent();
    }
}
