package dev.fetchback.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.Archive;
import dev.fetchback.store.Change;
import dev.fetchback.store.Change.IdempotencyKey;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreFixture;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.store.postgres.Servers.Release;
import dev.fetchback.store.sqlite.SqliteSettings;
import dev.fetchback.store.sqlite.SqliteStore;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Event;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All that one store holds is in the other, once, however often it was begun. */
@Timeout(60)
class ArchiveTest extends StoreFixture {
    private static final LongConsumer NOBODY = tasks -> {};
    private static final int BODY_BYTES = 700_000; // several pieces of each engine
    private static final byte[] LINK_KEY = "the key of links".getBytes(java.nio.charset.StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private final List<Store> opened = new ArrayList<>();
    private int folders;

    /** The one that is filled. */
    @Override
    protected Store open(Retention forgets) {
        return sqlite();
    }

    private Store sqlite() {
        return SqliteStore.open(new SqliteSettings(folder.resolve("sqlite" + folders++), Retention.DEFAULT, SqliteSettings.Limits.DEFAULT,
                SqliteSettings.Segmenting.DEFAULT, () -> now));
    }

    private Store postgres() {
        return PostgresStore.open(PostgresSettings.of(Servers.url(Servers.shared(Release.NEWEST)), null, "import", Retention.DEFAULT, () -> now));
    }

    private Store also(Store store) {
        opened.add(store);
        return store;
    }

    @org.junit.jupiter.api.AfterEach
    void close() {
        opened.forEach(Store::close);
    }

    private Page page(long storedUntil, int bytes) {
        return new Page(200, "https://a.example/p", List.of(), "text/html", bytes, "ab".repeat(32), now, storedUntil);
    }

    /** A store with a task in each of the places where one can be. Returns the batch. */
    private BatchId fill() {
        BatchId batch = ids.batch();
        applied(new Change.NewBatch(batch, "team"));
        IdempotencyKey key = new IdempotencyKey("team", "once", new byte[] {1, 2}, now);
        applied(submit(task("waits.example:443"), batch, key));
        now += 1;
        applied(submit(task(plan("later.example:443"), now + 3_600_000), batch, null));
        Task running = started(task("runs.example:443"));
        applied(submit(running));
        Task failed = submitted("fails.example:443", batch);
        moved(failed, new Event.FetchFailed(new Problem("http_500", "It said 500.", 1), false, 0));
        Task again = submitted("again.example:443", null);
        moved(again, new Event.FetchFailed(new Problem("http_500", "It said 500.", 1), true, 0));
        byte[] body = new byte[BODY_BYTES];
        java.util.Arrays.fill(body, (byte) 'x');
        Task stored = submitted("stored.example:443", null);
        moved(stored, new Event.PageRefused(page(0, BODY_BYTES), null, new Problem("receiver_500", "No.", 1), now + 60_000), body);
        now += 1;
        Task cancelled = task("cancelled.example:443");
        applied(submit(cancelled, batch, null));
        moved(cancelled, new Event.Cancel());
        applied(new Change.SaveReceiver(new ReceiverRecord("rcv_1", "https://r.example/", ReceiverRecord.Status.PAUSED, "by hand", 3, 4, now), true));
        Task gone = task("gone.example:443");
        applied(submit(gone, batch, null));
        moved(gone, new Event.Cancel());
        applied(new Change.Delete(gone.id())); // its batch counts it still
        return batch;
    }

    private Task submitted(String host, BatchId batch) {
        Task begun = started(task(host));
        applied(submit(begun, batch, null));
        return begun;
    }

    private static Map<TaskId, StoredTask> tasks(Store store) {
        Map<TaskId, StoredTask> tasks = new TreeMap<>();
        TaskId before = null;
        do {
            TaskPage page = store.list(new TaskQuery(null, Set.of(), null, null, null, 0, before, TaskQuery.LIMIT_MAX));
            page.tasks().forEach(task -> tasks.put(task.task().id(), withoutEpoch(task)));
            before = page.next();
        } while (before != null);
        return tasks;
    }

    private static StoredTask withoutEpoch(StoredTask stored) {
        Task task = stored.task();
        return new StoredTask(new Task(task.id(), task.plan(), task.phase(), task.readyAt(), new Task.Fence(task.fence().attempt(), 0),
                task.progress()), stored.spec());
    }

    private static void same(Store from, Store to, BatchId batch) throws Exception {
        assertThat(tasks(to).keySet()).isEqualTo(tasks(from).keySet());
        for (StoredTask task : tasks(from).values()) {
            StoredTask moved = tasks(to).get(task.task().id());
            if (!task.task().phase().running()) {
                assertThat(moved).isEqualTo(task);
            } else {
                assertThat(moved.task().phase().waiting()).as("as after a crash").isTrue();
                assertThat(moved.task().fence().attempt()).isEqualTo(task.task().fence().attempt());
            }
            assertThat(body(to, task.task().id())).as("body of %s", task.task().plan().host()).isEqualTo(body(from, task.task().id()));
        }
        assertThat(to.batch(batch)).isEqualTo(from.batch(batch));
        assertThat(to.receivers()).usingRecursiveFieldByFieldElementComparatorIgnoringFields("orders").isEqualTo(from.receivers());
        Store.Totals was = from.totals();
        Store.Totals is = to.totals();
        assertThat(is.dead()).isEqualTo(was.dead());
        assertThat(is.bodyBytes()).isEqualTo(was.bodyBytes());
        assertThat(is.running()).isZero();
    }

    private static byte[] body(Store store, TaskId id) throws Exception {
        try (InputStream in = store.body(id, 0, Long.MAX_VALUE).orElseGet(InputStream::nullInputStream)) {
            return in.readAllBytes();
        }
    }

    @Test
    void allThatAStoreHoldsGoesThereAndBack() throws Exception {
        BatchId batch = fill();
        Path first = folder.resolve("first");
        Archive.Moved moved = Archive.export(store(), LINK_KEY, first, now, NOBODY);
        assertThat(moved).isEqualTo(new Archive.Moved(tasks(store()).size(), 1, 1, 1, 1, 0));
        assertThat(Files.getPosixFilePermissions(first)).as("it holds secrets").hasSize(2);
        List<byte[]> links = new ArrayList<>();
        Store middle = also(postgres());
        assertThat(Archive.restore(middle, Archive.check(first), links::add, NOBODY)).isEqualTo(moved);
        same(store(), middle, batch);
        assertThat(links).containsExactly(LINK_KEY);
        IdempotencyKey again = new IdempotencyKey("team", "once", new byte[] {1, 2}, now);
        assertThat(middle.commit(List.of(submit(task("waits.example:443"), batch, again))).getFirst()).isInstanceOf(Result.Duplicate.class);
        Archive.refuseUnfinished(middle);

        Path second = folder.resolve("second");
        Archive.export(middle, null, second, now, NOBODY);
        Store last = also(sqlite());
        Archive.restore(last, Archive.check(second), links::add, NOBODY);
        same(middle, last, batch);
        assertThat(links).hasSize(1);
    }

    /** Nothing is between such a task and its batch in the file that would part their commits. */
    @Test
    void aBatchWhoseTasksOnlyWaitIsCountedOnce() {
        BatchId batch = ids.batch();
        applied(new Change.NewBatch(batch, null));
        applied(submit(task("waits.example:443"), batch, null));
        applied(submit(task("waits.example:443"), batch, null));
        Path file = folder.resolve("file");
        Archive.export(store(), null, file, now, NOBODY);
        for (Store target : List.of(also(sqlite()), also(postgres()))) {
            Archive.restore(target, Archive.check(file), key -> {}, NOBODY);
            assertThat(target.batch(batch)).isEqualTo(store().batch(batch));
        }
    }

    /** A store that dies after so many commits. */
    @Test
    void anImportThatWasCutIsGoneOnWithAndNothingIsTwice() throws Exception {
        BatchId batch = fill();
        Path file = folder.resolve("file");
        Archive.export(store(), LINK_KEY, file, now, NOBODY);
        for (int commits = 1; ; commits++) {
            Store target = also(postgres());
            Store dying = DyingStore.after(target, commits);
            try {
                Archive.restore(dying, Archive.check(file), key -> {}, NOBODY);
                assertThat(commits).as("it was cut at all").isGreaterThan(3);
                return;
            } catch (StoreException cut) {
                assertThatThrownBy(() -> Archive.refuseUnfinished(target)).isInstanceOf(StoreException.class)
                        .hasMessageContaining("fetchback import");
            }
            Archive.restore(target, Archive.check(file), key -> {}, NOBODY);
            Archive.refuseUnfinished(target);
            same(store(), target, batch);
            target.close();
        }
    }

    @Test
    void whoeverUsesTheStoreIsNamed() {
        fill();
        Path file = folder.resolve("file");
        Archive.export(store(), null, file, now, NOBODY);
        String url = Servers.url(Servers.shared(Release.NEWEST));
        List<Store> nodes = new ArrayList<>();
        for (String name : List.of("serving", "moving")) {
            nodes.add(also(PostgresStore.open(PostgresSettings.of(url, null, name, Retention.DEFAULT, () -> now).withLease(Duration.ofSeconds(2)))));
        }
        assertThatThrownBy(() -> Archive.restore(nodes.getLast(), Archive.check(file), key -> {}, NOBODY)).isInstanceOf(StoreException.class)
                .hasMessageContaining("Nodes use the store: serving.");
        assertThatThrownBy(() -> Archive.export(nodes.getLast(), null, folder.resolve("other"), now, NOBODY))
                .hasMessageContaining("Nodes use the store: serving.");
        nodes.getFirst().close();
        Archive.restore(nodes.getLast(), Archive.check(file), key -> {}, NOBODY);
    }

    /** A killed export leaves the beginning of a file, under another name. */
    @Test
    void anExportMakesAFileOnlyWhenItIsWhole() throws Exception {
        fill();
        Path file = folder.resolve("file");
        Files.writeString(folder.resolve("file.part"), "of one that was killed");
        Archive.export(store(), null, file, now, tasks -> assertThat(file).doesNotExist());
        Archive.check(file);
        Path other = folder.resolve("other");
        assertThatThrownBy(() -> Archive.export(store(), null, other, now, tasks -> {
            throw new IllegalStateException("an end in the middle");
        })).isInstanceOf(IllegalStateException.class);
        try (var files = Files.list(folder)) {
            assertThat(files.filter(Files::isRegularFile)).containsExactly(file);
        }
        assertThatThrownBy(() -> Archive.export(store(), null, folder.resolve("none/file"), now, NOBODY))
                .hasMessageContainingAll("The file", "none/file", "cannot be written");
        assertThatThrownBy(() -> Archive.check(other)).isInstanceOf(StoreException.class).hasMessageContaining("There is no file " + other);
    }

    @Test
    void whatCannotBeImportedChangesNothing() throws Exception {
        fill();
        Path file = folder.resolve("file");
        Archive.export(store(), null, file, now, NOBODY);
        byte[] whole = Files.readAllBytes(file);
        Store target = also(sqlite());
        Path bad = folder.resolve("bad");
        for (int cut : new int[] {0, 5, whole.length / 2, whole.length - 1}) {
            Files.write(bad, java.util.Arrays.copyOf(whole, cut));
            assertThatThrownBy(() -> Archive.restore(target, Archive.check(bad), key -> {}, NOBODY)).isInstanceOf(StoreException.class)
                    .hasMessageContainingAll(bad.toString(), "cannot be imported");
        }
        byte[] changed = whole.clone();
        changed[whole.length / 2] ^= 1;
        Files.write(bad, changed);
        assertThatThrownBy(() -> Archive.restore(target, Archive.check(bad), key -> {}, NOBODY)).isInstanceOf(StoreException.class);
        assertThat(target.newestId()).isZero();
        Archive.refuseUnfinished(target);
        assertThatThrownBy(() -> Archive.restore(store(), Archive.check(file), key -> {}, NOBODY)).isInstanceOf(StoreException.class)
                .hasMessageContaining("holds tasks already");
        assertThatThrownBy(() -> Archive.export(store(), null, file, now, NOBODY)).hasMessageContaining(file.toString());
    }
}
