package dev.fetchback.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Change.Submit;
import dev.fetchback.store.StoreException;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What was acknowledged is there after a crash, and nothing is there by half. */
@Timeout(60)
class CrashTest {
    private static final int BEGUN_IN_CHILD = 3; // tasks of one commit

    @TempDir
    private Path dir;

    /** Run in a child process: submits for ever, and says after each commit how far it is. */
    static final class Child {
        public static void main(String[] args) {
            SqliteStore store = SqliteStore.open(Harness.settings(Path.of(args[0])));
            System.out.println("ready");
            Submit before = null;
            for (int n = Integer.parseInt(args[1]); ; n += BEGUN_IN_CHILD) {
                Submit first = Harness.begun(n, store.epoch());
                List<dev.fetchback.store.Change> changes = new ArrayList<>(List.of(
                        first, Harness.begun(n + 1, store.epoch()), Harness.waiting(n + 2, store.epoch())));
                if (before != null) {
                    changes.add(Harness.stored(before.task(), new byte[3000]));
                }
                store.commit(changes);
                before = first;
                System.out.println(n);
            }
        }
    }

    private Process child(int from) throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dorg.sqlite.tmpdir=" + dir, // a library that is unpacked there, which one that is killed leaves
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        dir.toString(),
                        Integer.toString(from))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    void keepsWhatWasAcknowledgedBeforeAKill() throws Exception {
        Random random = new Random(5);
        List<Integer> acknowledged = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            Process child = child(round * 1_000_000);
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                assertThat(out.readLine()).isEqualTo("ready");
                for (int lines = 20 + random.nextInt(200); lines > 0; lines--) {
                    acknowledged.add(Integer.valueOf(out.readLine()));
                }
                if (round == 0) {
                    refusedWhileTheChildRuns(child);
                }
                child.toHandle().destroyForcibly(); // the process object would close the pipe
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    acknowledged.add(Integer.valueOf(line)); // in the pipe when it was killed
                }
            } finally {
                child.destroyForcibly();
                assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
            }
            audit(acknowledged, round);
        }
    }

    private void refusedWhileTheChildRuns(Process child) {
        org.assertj.core.api.Assertions.assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> SqliteStore.open(Harness.settings(dir)).close())
                .withMessageContaining("pid " + child.pid());
    }

    private void audit(List<Integer> acknowledged, int round) {
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            int present = 0;
            for (int n : acknowledged) {
                Task first = store.find(Harness.id(n)).orElseThrow(() -> new AssertionError(n + " is lost")).task();
                assertThat(first.phase()).isIn(Phase.FETCH_RUNNING, Phase.DELIVER_WAITING);
                assertThat(store.body(first.id(), 0, Long.MAX_VALUE).isPresent()).isEqualTo(first.phase() == Phase.DELIVER_WAITING);
                assertThat(store.find(Harness.id(n + 1)).orElseThrow().task().phase()).isEqualTo(Phase.FETCH_RUNNING);
                assertThat(store.find(Harness.id(n + 2)).orElseThrow().task().phase()).isEqualTo(Phase.FETCH_WAITING);
                present++;
            }
            // At most one commit in flight a round came through without being acknowledged.
            assertThat(store.totals().waitingFetch()).isBetween((long) present, (long) present + round + 1);
            assertThat(store.totals().running()).isEqualTo(store.orphans(1_000_000).size());
        }
    }

    @Test
    void opensWithAPrefixAfterATornLog() throws Exception {
        Path live = dir.resolve("live");
        List<Long> lengths = new ArrayList<>(); // of the log after commit i
        try (SqliteStore store = SqliteStore.open(Harness.settings(live))) {
            Random random = new Random(11);
            for (int n = 0; n < 60; n++) {
                Submit submit = Harness.begun(n, store.epoch());
                Harness.commit(store, submit, Harness.stored(submit.task(), new byte[random.nextInt(20_000)]));
                lengths.add(Files.size(live.resolve("fetchback.db-wal")));
            }
            long seed = 42;
            Random cuts = new Random(seed);
            long end = lengths.getLast();
            for (int i = 0; i < 40; i++) {
                long cut = i == 0 ? end : i == 1 ? 0 : i % 2 == 0 ? cuts.nextLong(end) : lengths.get(cuts.nextInt(60)) - i % 3;
                Path copy = Files.createDirectories(dir.resolve("copy" + i));
                Files.copy(live.resolve("fetchback.db"), copy.resolve("fetchback.db"));
                Files.copy(live.resolve("fetchback.db-wal"), copy.resolve("fetchback.db-wal"));
                try (FileChannel wal = FileChannel.open(copy.resolve("fetchback.db-wal"), StandardOpenOption.WRITE)) {
                    wal.truncate(cut);
                }
                assertPrefix(copy, cut, lengths);
            }
        }
    }

    private static void assertPrefix(Path copy, long cut, List<Long> lengths) {
        try (SqliteStore store = SqliteStore.open(Harness.settings(copy))) {
            int there = 0;
            while (there < lengths.size() && store.find(Harness.id(there)).isPresent()) {
                assertThat(store.body(Harness.id(there), 0, Long.MAX_VALUE)).as("the whole commit").isPresent();
                there++;
            }
            int acknowledged = 0;
            while (acknowledged < lengths.size() && lengths.get(acknowledged) <= cut) {
                acknowledged++;
            }
            assertThat(there).as("commits there after a cut at %d", cut).isGreaterThanOrEqualTo(acknowledged);
            for (int n = there; n < lengths.size(); n++) {
                assertThat(store.find(Harness.id(n))).as("after the prefix").isEmpty();
            }
            assertThat(store.totals().waitingDeliver()).isEqualTo(there);
        }
    }
}
