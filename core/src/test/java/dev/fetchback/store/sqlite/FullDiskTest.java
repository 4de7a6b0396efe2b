package dev.fetchback.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fetchback.store.Change.PutBody;
import dev.fetchback.store.Change.Submit;
import dev.fetchback.store.CommitSettings;
import dev.fetchback.store.GroupCommit;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.Phase;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A full disk refuses what is new, settles what is there, and takes up again when there is space. */
@Timeout(60)
class FullDiskTest {
    /**
     * The log keeps its length and can hold all that is written, if its copying never gets the processor. What is written until
     * the disk is full fits twice, so the ballast's space is enough again whatever was copied by then.
     */
    private static final int BALLAST = 9 << 20;

    @TempDir
    private Path dir;

    private final AtomicLong clock = new AtomicLong(Harness.TIME);

    private SqliteSettings settings(Path folder, long maxBytes) {
        return settings(folder, maxBytes, 1 << 20);
    }

    private SqliteSettings settings(Path folder, long maxBytes, long walBytes) {
        SqliteSettings.Limits limits = new SqliteSettings.Limits(maxBytes, 6 << 20, walBytes, 8 << 20, 2, 1 << 20);
        SqliteSettings usual = Harness.settings(folder).withLimits(limits);
        return new SqliteSettings(folder, usual.retention(), usual.limits(), usual.segments(), clock::get);
    }

    /** Submits, each with a body of 100 KB ahead of it, until the store is full. */
    private List<Submit> fill(SqliteStore store, int max) {
        List<Submit> there = new ArrayList<>();
        for (int n = 0; n < max; n++) {
            Submit submit = Harness.begun(n, store.epoch());
            try {
                Harness.commit(store, submit, new PutBody(submit.task().id(), 0, new byte[100_000]));
            } catch (StoreException e) {
                assertThat(e.kind()).isEqualTo(Kind.FULL);
                assertThat(store.find(submit.task().id())).as("nothing by half").isEmpty();
                return there;
            }
            there.add(submit);
        }
        throw new AssertionError("never full");
    }

    private void settlesThoughFull(SqliteStore store, List<Submit> there) {
        for (Submit submit : there) {
            assertThat(store.commit(List.of(Harness.delivered(submit.task())))).containsExactly(Result.Applied.APPLIED);
        }
        assertThat(store.totals().running()).isZero();
        assertThat(store.totals().bodyBytes()).isZero();
    }

    @Test
    void refusesWhatIsNewOverTheCap() {
        try (SqliteStore store = SqliteStore.open(settings(dir, 2 << 20))) {
            List<Submit> there = fill(store, 100);
            assertThat(there.size()).isBetween(5, 50);
            assertThatExceptionOfType(StoreException.class)
                    .isThrownBy(() -> Harness.commit(store, Harness.waiting(999, store.epoch())))
                    .withMessageContaining("at most " + (2 << 20));
            assertThatExceptionOfType(StoreException.class)
                    .isThrownBy(() -> Harness.commit(store, Harness.stored(there.getFirst().task(), new byte[1])));
            settlesThoughFull(store, there);
            Harness.commit(store, Harness.waiting(1000, store.epoch()));
        }
    }

    @Test
    void failsOnlyTheSubmitsOfACommit() {
        try (SqliteStore store = SqliteStore.open(settings(dir, 2 << 20));
                GroupCommit committer =
                        new GroupCommit(store, CommitSettings.DEFAULT, clock::get, new PrometheusRegistry())) {
            List<Submit> there = new ArrayList<>();
            StoreException full = null;
            for (int n = 0; n < 100 && full == null; n++) {
                Submit submit = Harness.begun(n, store.epoch());
                try {
                    committer.commit(List.of(submit, new PutBody(submit.task().id(), 0, new byte[100_000])));
                    there.add(submit);
                } catch (StoreException e) {
                    full = e;
                }
            }
            assertThat(full).isNotNull().extracting(StoreException::kind).isEqualTo(Kind.FULL);
            assertThat(committer.failure()).isEmpty();
            assertThat(committer.commit(List.of(Harness.delivered(there.getFirst().task()))))
                    .containsExactly(Result.Applied.APPLIED);
        }
    }

    /** A copy of the log that failed just before there was space is seen at the first look, and costs one look more. */
    private void takesUpAgain(SqliteStore store, Submit submit) {
        clock.addAndGet(1000);
        try {
            Harness.commit(store, submit);
        } catch (StoreException e) {
            assertThat(e.kind()).isEqualTo(Kind.FULL);
            clock.addAndGet(1000);
            Harness.commit(store, submit);
        }
    }

    /** Needs the right to mount; without it the cap above stands in. */
    @Test
    void survivesADiskThatIsReallyFull() throws Exception {
        Path disk = Files.createDirectories(dir.resolve("disk"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk.toString()), "mounting is not allowed");
        try {
            List<Submit> there;
            Path ballast = disk.resolve("ballast");
            try (SqliteStore store = SqliteStore.open(settings(disk.resolve("data"), Long.MAX_VALUE))) {
                Files.write(ballast, new byte[BALLAST]);
                there = fill(store, 1000);
                assertThat(there.size()).isBetween(5, 200);
                assertThat(disk.resolve("data/fetchback.reserve")).doesNotExist();
                int half = there.size() / 2;
                for (Submit submit : there.subList(0, half)) {
                    assertThat(store.commit(List.of(Harness.delivered(submit.task())))).containsExactly(Result.Applied.APPLIED);
                }
                assertThatExceptionOfType(StoreException.class)
                        .isThrownBy(() -> Harness.commit(store, Harness.waiting(2000, store.epoch())))
                        .withMessageContaining("full")
                        .extracting(StoreException::kind)
                        .isEqualTo(Kind.FULL);
                Files.delete(ballast);
                takesUpAgain(store, Harness.waiting(2001, store.epoch()));
                assertThat(disk.resolve("data/fetchback.reserve")).exists();
            }
            try (SqliteStore store = SqliteStore.open(settings(disk.resolve("data"), Long.MAX_VALUE))) {
                assertThat(store.find(there.getFirst().task().id()).orElseThrow().task().phase()).isEqualTo(Phase.SUCCEEDED);
                assertThat(store.find(there.getLast().task().id()).orElseThrow().task().phase()).isEqualTo(Phase.FETCH_RUNNING);
                assertThat(store.find(Harness.id(2001))).isPresent();
                assertThat(store.orphans(1000)).hasSize(there.size() - there.size() / 2);
            }
        } finally {
            assertThat(run("umount", disk.toString())).isTrue();
        }
    }

    /** A log that cannot be copied makes SQLite end the writer's next transaction before it has begun its work. */
    @Test
    void settlesThoughTheLogCannotBeCopied() throws Exception {
        Path disk = Files.createDirectories(dir.resolve("disk"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk.toString()), "mounting is not allowed");
        try (SqliteStore store = SqliteStore.open(settings(disk.resolve("data"), Long.MAX_VALUE, 64 << 10))) {
            List<Submit> there = fill(store, 1000);
            for (Submit submit : there) {
                assertThat(store.commit(List.of(Harness.delivered(submit.task())))).containsExactly(Result.Applied.APPLIED);
            }
            assertThat(store.totals().running()).isZero();
        } finally {
            assertThat(run("umount", disk.toString())).isTrue();
        }
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
