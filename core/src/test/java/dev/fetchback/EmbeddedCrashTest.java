package dev.fetchback;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.TaskId;
import dev.fetchback.work.WorkSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kills a program with Fetchback inside, again and again: what it was told is on disk reaches its receiver in the end. */
@Timeout(120)
final class EmbeddedCrashTest {
    private static final int ROUNDS = 3;
    private static final int ACKNOWLEDGED_MAX = 200; // a round
    private static final String END = " ."; // the last line may be cut short
    private static final Duration SOON = Duration.ofMillis(100);

    @TempDir
    Path folder;

    private final AtomicInteger fetches = new AtomicInteger();

    /** The program: prints each id once it is on disk, and writes a line for each delivery. Told to finish, it ends when all is done. */
    static final class Program {
        public static void main(String[] args) throws Exception {
            Path file = Path.of(args[1], "delivered");
            Random random = new Random(7);
            try (Fetchback fetchback = Fetchback.builder()
                    .dataDir(Path.of(args[1], "data"))
                    .fetchNetworks("127.0.0.0/8", "")
                    .work(WorkSettings.DEFAULT.withPerHost(64, Duration.ZERO).withDrain(SOON))
                    .retries(new RetryPolicy(SOON, SOON, SOON, List.of(Duration.ZERO, SOON)))
                    .deliverTo("lines", 4, delivery -> {
                        if (random.nextInt(10) == 0) {
                            throw new IOException("not this time");
                        }
                        String line = delivery.taskId() + " " + new String(delivery.body(), StandardCharsets.UTF_8) + "\n";
                        Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                    })
                    .start()) {
                System.out.println("started");
                if (args[2].equals("finish")) {
                    System.in.read();
                    return;
                }
                FetchOptions options = FetchOptions.DEFAULT.withMaxAttempts(20).withRobots(FetchOptions.Robots.IGNORE);
                for (int i = 0; ; i++) {
                    TaskId id = fetchback.submit(Fetch.of(args[0] + "/" + args[2] + "-" + i).options(options).deliverTo("lines"));
                    System.out.println(id + " /" + args[2] + "-" + i + END);
                }
            }
        }
    }

    @Test
    void noAcknowledgedTaskIsLost() throws Exception {
        HttpServer web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            web.setExecutor(threads);
            web.createContext("/", call -> {
                fetches.incrementAndGet();
                byte[] page = call.getRequestURI().getPath().getBytes(StandardCharsets.UTF_8);
                call.sendResponseHeaders(200, page.length);
                call.getResponseBody().write(page);
                call.close();
            });
            web.start();
            String url = "http://127.0.0.1:" + web.getAddress().getPort();
            Random random = new Random(20261126);
            Set<String> acknowledged = new HashSet<>();
            for (int round = 0; round < ROUNDS; round++) {
                acknowledged.addAll(killed(start(url, Integer.toString(round)), 1 + random.nextInt(ACKNOWLEDGED_MAX)));
            }
            Process last = start(url, "finish");
            awaitDelivered(acknowledged);
            last.getOutputStream().close(); // it ends
            assertThat(last.waitFor()).isZero();
            assertThat(acknowledged).hasSizeGreaterThan(ROUNDS);
        } finally {
            web.stop(0);
        }
    }

    private void awaitDelivered(Set<String> acknowledged) throws IOException, InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        Set<String> missing = new HashSet<>(acknowledged);
        while (!missing.isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20); // another process, which gives no sign
            missing.removeAll(Files.exists(folder.resolve("delivered")) ? Files.readAllLines(folder.resolve("delivered")) : List.of());
        }
        assertThat(missing).as("of %d acknowledged, after %d fetches", acknowledged.size(), fetches.get()).isEmpty();
    }

    /** Kills it once it has acknowledged so many; all that it acknowledged. */
    private static List<String> killed(Process program, int after) throws IOException, InterruptedException {
        List<String> acknowledged = new ArrayList<>();
        try (BufferedReader out = program.inputReader()) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith("tsk_")) {
                    acknowledged.add(line);
                }
                if (acknowledged.size() == after) {
                    program.toHandle().destroyForcibly(); // which leaves what it said to be read
                }
            }
        }
        program.waitFor();
        assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(after);
        return acknowledged.stream().filter(line -> line.endsWith(END)).map(line -> line.substring(0, line.length() - END.length())).toList();
    }

    private Process start(String url, String round) throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                "-Dorg.sqlite.tmpdir=" + folder, // a library that is unpacked there, which one that is killed leaves
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Program.class.getName(), url, folder.toString(), round)
                .redirectError(folder.resolve("log").toFile()).start();
    }
}
