package dev.fetchback.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.Task;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that are not ours, or not well. */
class DataFolderTest {
    @TempDir
    private Path dir;

    private StoreException refused(Path folder, Kind kind) {
        var thrown = assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> SqliteStore.open(Harness.settings(folder)).close())
                .withMessageContaining(folder.toString());
        thrown.extracting(StoreException::kind).isEqualTo(kind);
        return thrown.actual();
    }

    private void sql(String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("fetchback.db"));
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    @Test
    void makesItsFilesForTheirOwnerOnly() throws Exception {
        Path folder = dir.resolve("a/b");
        try (SqliteStore store = SqliteStore.open(Harness.settings(folder))) {
            Harness.commit(store, Harness.waiting(1, store.epoch()));
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files.filter(f -> f.getFileName().toString().startsWith("fetchback.db")))
                        .hasSize(3)
                        .allSatisfy(f -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(f)))
                                .as("%s", f)
                                .isEqualTo("rw-------"));
            }
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder))).isEqualTo("rwx------");
        }
    }

    @Test
    void isOpenedOnlyOnce() {
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            assertThat(refused(dir, Kind.IN_USE))
                    .hasMessageContaining("in use by another process (pid " + ProcessHandle.current().pid() + ")");
            Harness.commit(store, Harness.waiting(1, store.epoch()));
        }
        SqliteStore.open(Harness.settings(dir)).close();
    }

    @Test
    void refusesAFileInPlaceOfAFolder() throws Exception {
        Path file = Files.writeString(dir.resolve("file"), "x");
        refused(file, Kind.UNUSABLE);
        refused(file.resolve("below"), Kind.UNUSABLE);
    }

    @Test
    void refusesAFolderThatCannotBeWritten() throws Exception {
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("r-x------"));
        try {
            assumeFalse(Files.isWritable(dir), "root may write everywhere");
            refused(dir, Kind.UNUSABLE);
        } finally {
            Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void refusesAFileThatIsNoDatabase() throws Exception {
        Files.writeString(dir.resolve("fetchback.db"), "something else, and long enough to be looked at".repeat(20));
        assertThat(refused(dir, Kind.CORRUPT)).hasMessageContaining("damaged");
        assertThat(Files.readString(dir.resolve("fetchback.db"))).as("left as it was").startsWith("something else");
    }

    @Test
    void refusesTheDatabaseOfAnotherProgram() throws Exception {
        sql("CREATE TABLE recipe(name TEXT)");
        assertThat(refused(dir, Kind.UNUSABLE)).hasMessageContaining("another program");
        sql("PRAGMA application_id=42");
        assertThat(refused(dir, Kind.UNUSABLE)).hasMessageContaining("42");
    }

    @Test
    void refusesANewerVersion() throws Exception {
        SqliteStore.open(Harness.settings(dir)).close();
        sql("PRAGMA user_version=70");
        assertThat(refused(dir, Kind.CORRUPT)).hasMessageContaining("version 70").hasMessageContaining("newer");
        sql("PRAGMA user_version=" + (1 + Schema.MIGRATIONS.size()));
        SqliteStore.open(Harness.settings(dir)).close();
    }

    @Test
    void bringsAFolderOfVersion2ToTheNewestVersion() throws Exception {
        sql(Schema.MIGRATIONS.getFirst().toArray(String[]::new));
        String facts = "{\"host\":\"a.example:443\",\"spec\":{\"url\":\"https://a.example/\"}}";
        sql("INSERT INTO task_0(id, data) VALUES(x'" + Harness.hex(1) + "', '" + facts + "')",
                "INSERT INTO running(id, phase, attempt, epoch) VALUES(x'" + Harness.hex(1) + "', 2, 1, 4)",
                "INSERT INTO meta VALUES('epoch', 4)",
                "PRAGMA application_id=" + Schema.APPLICATION_ID,
                "PRAGMA user_version=2");
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            assertThat(store.epoch()).isEqualTo(5);
            assertThat(store.find(Harness.id(1))).map(task -> task.spec().url()).contains("https://a.example/");
            assertThat(store.seen("key")).isEmpty();
            Task task = Harness.start(Harness.waiting(2, store.epoch()).task(), store.epoch());
            Task.Plan plan = new Task.Plan("a.example:443", "rcv_1", 5, 3, 10, 0, 0, false, "key");
            Task wanted = new Task(task.id(), plan, task.phase(), 0, task.fence(), task.progress());
            Harness.commit(store, Harness.submit(wanted), Harness.delivered(wanted));
            assertThat(store.seen("key")).isPresent();
        }
        SqliteStore.open(Harness.settings(dir)).close();
    }

    @Test
    void refusesAVersionFromBeforeTheFirstRelease() throws Exception {
        SqliteStore.open(Harness.settings(dir)).close();
        sql("PRAGMA user_version=1");
        assertThat(refused(dir, Kind.UNUSABLE)).hasMessageContaining("version 1").hasMessageContaining("new folder");
    }

    @Test
    void startsFromAnEmptyFile() throws Exception {
        Files.createFile(dir.resolve("fetchback.db")); // a crash between making the file and the first transaction
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            assertThat(store.epoch()).isEqualTo(1);
        }
    }

    @Test
    void afterAReadThatMetDamageNothingIsWritten() throws Exception {
        SqliteStore.open(Harness.settings(dir)).close();
        long page;
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("fetchback.db"));
                Statement statement = connection.createStatement();
                ResultSet root = statement.executeQuery("SELECT rootpage FROM sqlite_master WHERE name='receiver'")) {
            page = root.getLong(1);
        }
        try (FileChannel file = FileChannel.open(dir.resolve("fetchback.db"), StandardOpenOption.WRITE)) {
            file.write(noise(), (page - 1) * Connections.PAGE_BYTES);
        }
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            Harness.commit(store, Harness.waiting(1, store.epoch()));
            assertThatExceptionOfType(StoreException.class).isThrownBy(store::receivers).withMessageContaining("damaged");
            assertThatExceptionOfType(StoreException.class)
                    .isThrownBy(() -> Harness.commit(store, Harness.waiting(2, store.epoch())))
                    .withMessageContaining("damaged")
                    .extracting(StoreException::kind)
                    .isEqualTo(Kind.CORRUPT);
        }
    }

    @Test
    void oneThatIsGoneIsNotTakenForAFullDisk() throws Exception {
        Path folder = dir.resolve("data");
        AtomicLong clock = new AtomicLong(Harness.TIME);
        SqliteSettings usual = Harness.settings(folder);
        SqliteSettings settings = new SqliteSettings(
                folder, usual.retention(), usual.limits(), usual.segments(), clock::get);
        try (SqliteStore store = SqliteStore.open(settings)) {
            Harness.commit(store, Harness.waiting(1, store.epoch()));
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
            clock.addAndGet(1000);
            assertThatExceptionOfType(StoreException.class)
                    .isThrownBy(() -> Harness.commit(store, Harness.waiting(2, store.epoch())))
                    .withMessageContaining("is gone")
                    .extracting(StoreException::kind)
                    .isEqualTo(Kind.UNUSABLE);
        }
    }

    @Test
    void saysThatTheDatabaseIsDamagedWhenItMeetsIt() throws Exception {
        try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
            for (int i = 0; i < 200; i++) {
                Harness.commit(store, Harness.waiting(i, store.epoch()));
            }
        }
        try (FileChannel file = FileChannel.open(dir.resolve("fetchback.db"), StandardOpenOption.WRITE)) {
            for (long at = file.size() - Connections.PAGE_BYTES; at > file.size() / 2; at -= Connections.PAGE_BYTES) {
                file.write(noise(), at);
            }
        }
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> {
                    try (SqliteStore store = SqliteStore.open(Harness.settings(dir))) {
                        for (int i = 0; i < 200; i++) {
                            store.find(Harness.id(i));
                        }
                    }
                })
                .withMessageContaining(dir.toString())
                .extracting(StoreException::kind)
                .isEqualTo(Kind.CORRUPT);
    }

    private static ByteBuffer noise() {
        byte[] noise = new byte[Connections.PAGE_BYTES];
        java.util.Arrays.fill(noise, (byte) 0x5a);
        return ByteBuffer.wrap(noise);
    }

    @Test
    void refusesWorkAfterItIsClosed() {
        SqliteStore store = SqliteStore.open(Harness.settings(dir));
        store.close();
        store.close();
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> store.find(Harness.id(1)))
                .extracting(StoreException::kind)
                .isEqualTo(Kind.CLOSED);
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> Harness.commit(store, Harness.waiting(1, 1)))
                .extracting(StoreException::kind)
                .isEqualTo(Kind.CLOSED);
    }
}
