package dev.fetchback.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.Move;
import dev.fetchback.task.Event;
import dev.fetchback.task.Header;
import dev.fetchback.task.Page;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Task;
import dev.fetchback.task.Task.Plan;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every engine must remember of pages that count only when they changed. */
public abstract class StoreSeenContract extends StoreFixture {
    private static final String KEY = "k1";

    /** A begun task whose page counts only when it changed. */
    private Task choosy(@Nullable String key, @Nullable String receiver) {
        Task task = started(task(new Plan("a.example:443", receiver, 5, 3, 1, 0, 0, false, key), now));
        applied(submit(task));
        return task;
    }

    private Task choosy(@Nullable String key) {
        return choosy(key, RECEIVER);
    }

    private Page page(String sha256, String etag) {
        return new Page(200, "https://a.example/p", List.of(new Header("ETag", etag)), "text/html", 7, sha256, now, 1);
    }

    private Task take(String key, String sha256) {
        return moved(choosy(key), new Event.PageDelivered(page(sha256, "\"" + sha256 + "\"")));
    }

    private void pruneAll() {
        for (int i = 0; store().prune(now); i++) {
            assertThat(i).as("steps of pruning").isLessThan(1_000);
        }
    }

    @Test
    void remembersThePageThatWasTakenOverARestart() {
        assertThat(store().seen(KEY)).isEmpty();
        take(KEY, "ab");
        Seen seen = new Seen(200, "https://a.example/p", "\"ab\"", null, 7, "ab", now);
        assertThat(store().seen(KEY)).contains(seen);
        assertThat(store().seen("k2")).isEmpty();
        reopen();
        assertThat(store().seen(KEY)).contains(seen);
        now += 5;
        take(KEY, "cd");
        assertThat(store().seen(KEY)).contains(new Seen(200, "https://a.example/p", "\"cd\"", null, 7, "cd", now));
    }

    @Test
    void keepsEveryFieldOfWhatIsRemembered() {
        List<Header> headers = List.of(new Header("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT"),
                new Header("Date", "Sat, 21 Nov 2026 11:00:00 GMT"), new Header("ETag", "W/\"x\""));
        Page page = new Page(203, "https://b.example/?ä", headers, null, 1L << 40, "ef", now, 1);
        moved(choosy(KEY, null), new Event.PageStored(page), bytes(3));
        assertThat(store().seen(KEY))
                .contains(new Seen(203, "https://b.example/?ä", "W/\"x\"", "Sat, 21 Nov 2026 10:00:00 GMT", 1L << 40, "ef", now));
    }

    @Test
    void remembersNothingOfAPageThatNobodyTookUntilItIsRedriven() {
        Task dead = moved(choosy(KEY), new Event.PageRefused(page("ab", "\"1\""), problem(), 0), bytes(7));
        assertThat(dead.phase()).isEqualTo(Phase.DEAD);
        assertThat(store().seen(KEY)).isEmpty();
        Task waiting = moved(choosy(KEY), new Event.PageStored(page("cd", "\"2\"")), bytes(7));
        moved(waiting, new Event.Cancel());
        assertThat(store().seen(KEY)).isEmpty();
        reopen();
        moved(started2(moved(dead, new Event.Redrive())), new Event.Delivered(false));
        assertThat(store().seen(KEY)).map(Seen::sha256).contains("ab");
    }

    @Test
    void isNotSetBackByAnOlderPageThatIsTakenLater() {
        Task first = moved(choosy(KEY), new Event.PageStored(page("old", "\"1\"")), bytes(7));
        now += 10;
        take(KEY, "new");
        now += 10;
        assertThat(moved(started2(first), new Event.Delivered(false)).phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(store().seen(KEY)).map(Seen::sha256).contains("new");
    }

    @Test
    void remembersNothingOfAMoveThatIsStale() {
        Task begun = choosy(KEY);
        Move taken = new Move(begun, next(begun, new Event.PageDelivered(page("ab", "\"1\""))), null);
        moved(begun, new Event.Cancel());
        assertThat(apply(taken)).isEqualTo(Result.Stale.STALE);
        assertThat(store().seen(KEY)).isEmpty();
    }

    @Test
    void remembersNothingOfAPageThatCountsAlways() {
        moved(running("a.example:443"), new Event.PageDelivered(page("ab", "\"1\"")));
        Task plain = choosy(null);
        moved(plain, new Event.PageDelivered(page("ab", "\"1\"")));
        assertThat(store().seen(KEY)).isEmpty();
    }

    @Test
    void endsATaskWhosePageIsUnchangedAndRemembersItLonger() {
        take(KEY, "ab");
        now += Duration.ofDays(20).toMillis();
        Page same = new Page(304, "https://a.example/p", List.of(), null, 7, "ab", now, 1);
        Task done = moved(choosy(KEY), new Event.PageUnchanged(same));
        assertThat(stored(done.id())).isEqualTo(done);
        assertThat(done.phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(store().seen(KEY)).map(Seen::at).contains(now);
        now += Duration.ofDays(20).toMillis();
        pruneAll();
        assertThat(store().seen(KEY)).as("40 days after it was taken").isPresent();
    }

    @Test
    void forgetsWhatWasNotSeenForLong() {
        take(KEY, "ab");
        now += retention.seen().toMillis() - 1;
        take("k2", "cd");
        pruneAll();
        assertThat(store().seen(KEY)).isPresent();
        now += 1;
        pruneAll();
        assertThat(store().seen(KEY)).isEmpty();
        assertThat(store().seen("k2")).isPresent();
    }

    @Test
    void forgetsTheOldestBeyondItsNumber() {
        Retention usual = Retention.DEFAULT;
        retention = new Retention(usual.finished(), usual.dead(), usual.deadBodyBytes(), usual.seen(), 3);
        for (int i = 1; i <= 5; i++) {
            now += 1;
            take("k" + i, "ab");
        }
        now += 1;
        take("k1", "cd"); // again: it is the newest now, and still one
        reopen();
        pruneAll();
        assertThat(store().seen("k2")).isEmpty();
        assertThat(store().seen("k3")).isEmpty();
        for (String key : List.of("k4", "k5", "k1")) {
            assertThat(store().seen(key)).as(key).isPresent();
        }
        take("k6", "ab");
        pruneAll();
        assertThat(store().seen("k4")).isEmpty();
        assertThat(store().seen("k5")).isPresent();
    }

    @Test
    void keepsThePageKeyOfATask() {
        Task waiting = task(new Plan("a.example:443", RECEIVER, 5, 3, 10, 0, 0, false, KEY), now);
        applied(submit(waiting));
        reopen();
        assertThat(stored(waiting.id()).plan().pageKey()).isEqualTo(KEY);
    }
}
