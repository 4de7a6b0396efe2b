package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real server on disks that are really full or read-only: clear refusals, and nothing acknowledged is lost. */
@Timeout(120)
@OnOneEngine(value = Engine.SQLITE, because = "the full or failing disk is that of its file")
final class DiskTest {
    private static final int MEBIBYTES = 160; // the reserve, the headroom for the log, and some
    private static final int BEFORE = 40;
    private static final Pattern ID = Pattern.compile("\"id\":\"(tsk_[0-9a-zA-Z]{26})\"");
    private static final long PATIENCE_SECONDS = 30;

    @TempDir
    Path folder;

    /** Pages are held back until this is open. */
    private final CountDownLatch gate = new CountDownLatch(1);
    private final Set<String> acknowledged = new HashSet<>();
    private final Set<String> delivered = ConcurrentHashMap.newKeySet();
    private Web pages;
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        pages = new Web(seen -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return Web.Answer.of(200, "page");
        });
        receiver = new Web(seen -> {
            delivered.add(seen.headers().get("fetchback-task-id"));
            return Web.Answer.of(204);
        });
    }

    @AfterEach
    void close() {
        gate.countDown();
        pages.close();
        receiver.close();
    }

    private ChildServer launch(SmallDisk disk) throws Exception {
        return ChildServer.launch(disk.prefix(), Map.of(), folder, "--port", "0",
                "--data-dir", folder.resolve("disk/data").toString(), "--deliver-to", receiver.url("/hook"),
                "--fetch-allow-networks", "127.0.0.0/8", "--fetch-per-host-gap", "0s", "--fetch-per-host-concurrency", "1000",
                "--fetch-per-address-concurrency", "1000", "--fetch-backoff", "100ms", "--deliver-schedule", "0s,100ms,300ms,1s");
    }

    private HttpResponse<String> submit(ChildServer server) throws Exception {
        HttpResponse<String> answer = server.call("POST", "/v1/tasks",
                "{\"url\":\"" + pages.url("/p") + "\",\"fetch\":{\"max_attempts\":10}}");
        if (answer.statusCode() == 202) {
            Matcher id = ID.matcher(answer.body());
            assertThat(id.find()).as(answer.body()).isTrue();
            acknowledged.add(id.group(1));
        }
        return answer;
    }

    private void submitSome(ChildServer server) throws Exception {
        for (int i = 0; i < BEFORE; i++) {
            assertThat(submit(server).statusCode()).isEqualTo(202);
        }
    }

    /** Asks again and again until it is so. */
    private static void until(String what, ChildServer server, Callable<Boolean> so) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!so.call()) {
            assertThat(System.nanoTime()).as("%s within %s s; the server said:%n%s", what, PATIENCE_SECONDS, server.log()).isLessThan(end);
            Thread.sleep(20);
        }
    }

    /** Every acknowledged task is finished, and its receiver has heard of it. */
    private void allDelivered(ChildServer server) throws Exception {
        for (String id : acknowledged) {
            String status = server.call("GET", "/v1/tasks/" + id + "?wait=20s", "").body();
            assertThat(status).as(server.log()).contains("\"state\":\"succeeded\"");
        }
        assertThat(delivered).containsAll(acknowledged);
    }

    private static HttpResponse<String> ready(ChildServer server) throws Exception {
        return server.call("GET", "/health/ready", "");
    }

    @Test
    void aFullDiskRefusesWhatIsNewAndSettlesWhatIsThere() throws Exception {
        SmallDisk disk = SmallDisk.inMemory(folder.resolve("disk"), MEBIBYTES);
        try (ChildServer server = launch(disk).listening()) {
            submitSome(server);
            disk.fill(disk.seen(server, "ballast"));
            until("a refusal", server, () -> submit(server).statusCode() != 202);
            HttpResponse<String> refused = submit(server);
            assertThat(refused.statusCode()).isEqualTo(507);
            assertThat(refused.body()).contains("\"storage_full\"", "nothing was stored");
            assertThat(refused.headers().firstValue("retry-after")).isPresent();
            assertThat(ready(server).statusCode()).isEqualTo(503);
            assertThat(ready(server).body()).contains("not_ready", "full");
            assertThat(server.call("GET", "/health/live", "").statusCode()).isEqualTo(200);

            gate.countDown();
            allDelivered(server);
            assertThat(submit(server).statusCode()).as("still full").isEqualTo(507);

            Files.delete(disk.seen(server, "ballast"));
            until("ready by itself", server, () -> ready(server).statusCode() == 200);
            submitSome(server);
            allDelivered(server);
            assertThat(server.lines("WARN")).as("one line says so").hasSize(1).first().asString().contains("full");
            assertThat(server.log()).doesNotContain("stack=");
            assertThat(server.stop()).isZero();
        }
    }

    /** Another program takes the reserve as well: then nothing fits until there is space, but nothing is forgotten. */
    @Test
    void settlesThatDoNotFitWaitForSpace() throws Exception {
        SmallDisk disk = SmallDisk.inMemory(folder.resolve("disk"), MEBIBYTES);
        try (ChildServer server = launch(disk).listening()) {
            submitSome(server);
            Path ballast = disk.seen(server, "ballast");
            disk.fill(ballast);
            until("the reserve given up", server, () -> {
                submit(server);
                return !Files.exists(disk.seen(server, "data/fetchback.reserve"));
            });
            disk.fill(ballast);
            gate.countDown();
            until("a settle that did not fit", server, () -> !server.lines("settle").isEmpty());
            Files.delete(ballast);
            allDelivered(server);
            assertThat(server.lines("settle")).as("not a line for each of them").hasSizeLessThan(5);
        }
    }

    @Test
    void aDiskThatBecomesReadOnlyStopsAllWritingAndARestartGoesOn() throws Exception {
        SmallDisk disk = SmallDisk.inFile(folder.resolve("image"), folder.resolve("disk"), MEBIBYTES);
        try (ChildServer server = launch(disk).listening()) {
            submitSome(server);
            disk.fail(server);
            HttpResponse<String> refused = submit(server);
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).contains("\"store_unavailable\"");
            assertThat(ready(server).statusCode()).isEqualTo(503);
            gate.countDown();
            receiver.next(); // so fetches and deliveries go on, and what comes of them cannot be stored
            assertThat(submit(server).statusCode()).isEqualTo(503);
            assertThat(server.alive()).isTrue();
            assertThat(server.lines("ERROR")).as("what is wrong is told once:%n%s", server.log()).hasSize(1)
                    .first().asString().contains("disk/data", "start again");
        }
        try (ChildServer server = launch(disk).listening()) {
            allDelivered(server);
            submitSome(server);
            allDelivered(server);
        }
    }

    @Test
    void aReadOnlyFolderIsRefusedInOneLine() throws Exception {
        SmallDisk disk = SmallDisk.readOnly(folder.resolve("disk"), MEBIBYTES);
        try (ChildServer server = launch(disk)) {
            assertThat(server.exit()).isEqualTo(1);
            assertThat(server.log()).hasLineCount(1).contains("start failed", "disk/data", "Read-only file system", "may write")
                    .doesNotContain("stack=", "\tat ");
        }
    }
}
