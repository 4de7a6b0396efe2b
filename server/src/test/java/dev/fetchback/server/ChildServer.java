package dev.fetchback.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The real server in a process of its own, with everything that it printed. */
final class ChildServer implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("\\blistening\\b.*\\bport=([0-9]{1,5})\\b");
    /** A warning that is right, as tests give up durability for time. */
    private static final String FSYNC = "the database server runs with fsync off";
    private static final long START_SECONDS = 60;
    private static final long END_SECONDS = 60;

    private final HttpClient client = HttpClient.newHttpClient();
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private final List<String> lines = new ArrayList<>();
    private final Process process;
    private final Thread follower;

    private ChildServer(Process process) {
        this.process = process;
        this.follower = Thread.ofVirtual().start(this::follow);
    }

    /** Launches it, in {@code folder}, by way of the command {@code prefix}; does not wait for it. */
    static ChildServer launch(List<String> prefix, Map<String, String> environment, Path folder, String... flags) throws IOException {
        return launch(prefix, "-Xmx256m", environment, folder, flags);
    }

    /** Launches it with so much heap. */
    static ChildServer launchWith(String heap, Path folder, String... flags) throws IOException {
        return launch(List.of(), heap, Map.of(), folder, flags);
    }

    private static ChildServer launch(
            List<String> prefix, String heap, Map<String, String> environment, Path folder, String... flags) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), heap,
                "-Dorg.sqlite.tmpdir=" + folder, // a library that is unpacked there, which one that is killed leaves
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), Main.class.getName(), "serve"));
        command.addAll(List.of(flags));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new ChildServer(builder.start());
    }

    /** Waits until it listens. */
    ChildServer listening() throws Exception {
        port.get(START_SECONDS, TimeUnit.SECONDS);
        return this;
    }

    private void follow() {
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.contains(FSYNC)) {
                    continue;
                }
                synchronized (lines) {
                    lines.add(line);
                    lines.notifyAll();
                }
                Matcher listening = LISTENING.matcher(line);
                if (listening.find()) {
                    port.complete(Integer.parseInt(listening.group(1)));
                }
            }
        } catch (IOException e) {
            // It was killed.
        }
        port.completeExceptionally(new IOException("it ended before it listened:\n" + log()));
    }

    /** Everything that it printed so far. */
    String log() {
        synchronized (lines) {
            return String.join("\n", lines);
        }
    }

    /** The lines so far that hold {@code text}. */
    List<String> lines(String text) {
        synchronized (lines) {
            return lines.stream().filter(line -> line.contains(text)).toList();
        }
    }

    /** Waits for a line that holds {@code text}. */
    void awaitLine(String text) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
        synchronized (lines) {
            while (lines.stream().noneMatch(line -> line.contains(text))) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionError("no line has \"" + text + "\":\n" + log());
                }
                lines.wait(left);
            }
        }
    }

    /** Where {@code path} is. */
    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port.getNow(0) + path);
    }

    long pid() {
        return process.pid();
    }

    boolean alive() {
        return process.isAlive();
    }

    HttpResponse<String> call(String method, String path, String body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.setHeader("content-type", "application/json");
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) {
        try {
            return call("GET", path, "");
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits for its end; the exit code. */
    int exit() throws InterruptedException {
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("it did not end within " + END_SECONDS + " s:\n" + log());
        }
        follower.join();
        return process.exitValue();
    }

    /** SIGTERM; the exit code. */
    int stop() throws InterruptedException {
        process.toHandle().destroy();
        return exit();
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.toHandle().destroyForcibly();
        exit();
    }

    @Override
    public void close() {
        process.toHandle().destroyForcibly();
        process.onExit().join();
        client.close();
        removeSockets();
    }

    /** One that is killed leaves the folder where its workers called. */
    private void removeSockets() {
        Path all = Path.of(System.getProperty("java.io.tmpdir"));
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(all, "fetchback-" + process.pid() + "-*")) {
            for (Path left : folders) {
                try (Stream<Path> files = Files.walk(left)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
