package dev.fetchback.server.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server in a process of its own, so that it can be killed. */
final class ServerProcess implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("\\blistening\\b.*\\bport=([0-9]{1,5})\\b");
    /** The start-up cache, the collector that it was made with, and that nothing is said about either. */
    private static final Pattern STARTING_FAST = Pattern.compile("-XX:AOTCache=.*|-XX:\\+Use\\w+GC|-Xlog:(aot|cds)=off");
    private static final long START_SECONDS = 30;
    private static final int LOG_LINES_KEPT = 30; // for the case that it fails; what came before is rarely the reason

    private final Process process;
    private final Thread follower;
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private final Deque<String> log = new ArrayDeque<>();

    private ServerProcess(Process process) {
        this.process = process;
        follower = Thread.ofVirtual().name("server log").start(this::follow);
    }

    /** The command that starts {@code main} with this process's own Java, classes and start-up cache. */
    static List<String> likeThisOne(String main) {
        return likeThisOne(main, ManagementFactory.getRuntimeMXBean().getInputArguments());
    }

    /** @param options that this process's Java was started with */
    static List<String> likeThisOne(String main, List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        options.stream().filter(option -> STARTING_FAST.matcher(option).matches()).forEach(command::add);
        command.addAll(List.of("-Xmx256m", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), main,
                "serve"));
        return command;
    }

    /**
     * Starts it and waits until it listens.
     *
     * @param command java and what it needs, without flags of {@code serve}
     * @param flags of {@code serve}
     * @param secret that deliveries are signed with
     * @param folder where it runs
     */
    static ServerProcess start(List<String> command, List<String> flags, String secret, Path folder)
            throws CommandFailed, IOException, InterruptedException {
        List<String> all = new ArrayList<>(command);
        all.add(1, "-Dorg.sqlite.tmpdir=" + folder); // a library that is unpacked there, which one that is killed leaves
        all.addAll(flags);
        ProcessBuilder builder = new ProcessBuilder(all).directory(folder.toFile()).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("FETCHBACK_")); // the user's settings are for the user's server
        environment.put("FETCHBACK_DELIVER_SECRET", secret);
        ServerProcess server = new ServerProcess(builder.start());
        try {
            server.port.get(START_SECONDS, TimeUnit.SECONDS);
            return server;
        } catch (TimeoutException | ExecutionException e) {
            server.kill();
            throw new CommandFailed(CommandFailed.FAILED, "the server did not start within " + START_SECONDS + " s; it said:\n"
                    + server.log());
        }
    }

    private void follow() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (log) {
                    log.add(line);
                    if (log.size() > LOG_LINES_KEPT) {
                        log.remove();
                    }
                }
                Matcher listening = LISTENING.matcher(line);
                if (listening.find()) {
                    port.complete(Integer.parseInt(listening.group(1)));
                }
            }
        } catch (IOException e) {
            synchronized (log) {
                log.add("(its output broke off: " + e.getMessage() + ")");
            }
        }
        port.completeExceptionally(new IOException("it ended"));
    }

    int port() {
        return port.getNow(0);
    }

    /** The newest lines it logged. */
    String log() {
        synchronized (log) {
            return String.join("\n", log);
        }
    }

    /** Waits until a process that ended has been read to its last line. */
    void awaitEndOfLog() throws InterruptedException {
        follower.join();
    }

    /** Kills it as hard as the system can (SIGKILL), and waits until it is gone. */
    void kill() throws InterruptedException {
        process.toHandle().destroyForcibly(); // Process's own method would cut its output off as well
        process.waitFor();
    }

    /** Asks it to stop (SIGTERM); the exit code, or -1 when it is not gone after {@code seconds}. */
    int stop(long seconds) throws InterruptedException {
        process.toHandle().destroy();
        return process.waitFor(seconds, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
