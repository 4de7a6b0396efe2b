package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole server with real worker processes at their worst, and a steady stream of other tasks beside them. */
@Timeout(240)
@OnOneEngine(value = Engine.SQLITE, because = "it is about processors; ProcessRestartTest has what a store keeps of them")
@Tag("alone")
final class HostileProcessingTest extends EndToEndFixture {
    /** What a processor gets that must be killed for its time; a task that waited for one would be as late. */
    private static final long HOSTILE_MILLIS = 1_000;
    private static final long NOISE_MILLIS = 100; // of a machine that does other things, too
    private static final long WORKER_MILLIS = 10_000; // after which a page does not wait in memory any more
    private static final System.Logger LOG = System.getLogger(HostileProcessingTest.class.getName());
    private static final byte[] BOMB = zeros(32 << 20, GZIPOutputStream::new); // 10 MiB are allowed
    private static final byte[] DEFLATED = zeros(256 << 20, DeflaterOutputStream::new); // more than a worker's heap
    private static final int IDLE_TASKS = 40;
    private static final long EVERY_MILLIS = 25; // a plain task
    private static final int PLAIN_FOR_PROCESSED = 4; // which a worker that has just started can keep up with
    private static final byte[] USUAL = ("<html><title>T</title><body>" + "<p>Some words <a href='/x'>and a link</a></p>".repeat(200) + "</body></html>")
            .getBytes(StandardCharsets.UTF_8);

    private final Map<String, Long> submitted = new ConcurrentHashMap<>();
    private final Map<String, Long> took = new ConcurrentHashMap<>();
    private Web site;
    private Web receiver;

    /** What a deed must come to: the state, its error and how many attempts of the stage. */
    private record End(String error, int attempts) {}

    private static Map<String, End> deeds() {
        Map<String, End> deeds = new LinkedHashMap<>();
        deeds.put("loop", new End("process_timeout", 1));
        deeds.put("allocate", new End("process_crashed", 2));
        deeds.put("exit", new End("process_crashed", 2));
        deeds.put("halt", new End("process_crashed", 2));
        deeds.put("print a gigabyte", new End("", 1));
        deeds.put("make noise", new End("", 1));
        deeds.put("nest", new End("process_too_large", 1));
        deeds.put("return a gigabyte", new End("process_crashed", 2));
        deeds.put("recurse", new End("process_failed", 1));
        deeds.put("leave children", new End("process_timeout", 1));
        return deeds;
    }

    private Web.Answer page(Web.Seen seen) {
        return switch (seen.path()) {
            case "/deep" -> html("<div>".repeat(100_000) + "deep" + "</div>".repeat(100_000));
            case "/attributes" -> html("<a " + "x=1 ".repeat(500_000) + "href=/y>many</a>");
            case "/xxe" -> xml("<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>a&x;b</r>");
            case "/laughs" -> xml("<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'lol'>" + laughs() + "]><r>&l9;</r>");
            case "/cycle.pdf" -> pdf("[2 0 R 3 0 R]", "<</Length 0>>", new byte[0]);
            case "/bomb.pdf" -> pdf("[3 0 R]", "<</Filter/FlateDecode/Length " + DEFLATED.length + ">>", DEFLATED);
            case "/bomb" -> new Web.Answer(200, Map.of("content-type", "text/html", "content-encoding", "gzip"), BOMB);
            default -> new Web.Answer(200, Map.of("content-type", "text/html"), USUAL);
        };
    }

    private static String laughs() {
        StringBuilder entities = new StringBuilder("<!ENTITY l0 'lol'>");
        for (int i = 1; i < 10; i++) {
            entities.append("<!ENTITY l").append(i).append(" '").append(("&l" + (i - 1) + ";").repeat(10)).append("'>");
        }
        return entities.toString();
    }

    private static Web.Answer html(String text) {
        return Web.Answer.of(200, text);
    }

    private static Web.Answer xml(String text) {
        return new Web.Answer(200, Map.of("content-type", "application/xml"), text.getBytes(StandardCharsets.UTF_8));
    }

    /** A PDF of one page with these kids of its tree, of which number 2 is the root itself, and this content. */
    private static Web.Answer pdf(String kids, String head, byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String before = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 2/Kids" + kids
                + ">>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n4 0 obj" + head + "stream\n";
        bytes.writeBytes(before.getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(content);
        bytes.writeBytes("\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF\n".getBytes(StandardCharsets.US_ASCII));
        return new Web.Answer(200, Map.of("content-type", "application/pdf"), bytes.toByteArray());
    }

    private static byte[] zeros(int count, Packing packing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = packing.over(bytes)) {
            byte[] chunk = new byte[1 << 20];
            for (int i = 0; i < count; i += chunk.length) {
                out.write(chunk);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** How a bomb is packed. */
    @FunctionalInterface
    private interface Packing {
        OutputStream over(OutputStream out) throws IOException;
    }

    @Test
    void eachCostsItsOwnTaskAnAttemptAndNothingElseIsDelayedOrLost() throws Exception {
        Path plugins = Files.createDirectory(folder.resolve("plugins"));
        PluginJar.build(plugins.resolve("hostile.jar"), "com.example.Hostile", Files.readString(Path.of("src/test/plugins/Hostile.java")));
        start("--plugins-dir", plugins.toString(), "--process-workers", "3", "--process-worker-memory", "64MiB",
                "--fetch-per-host-concurrency", "64", "--fetch-per-address-concurrency", "64");
        site = web(this::page);
        receiver = web(seen -> {
            Long from = submitted.get(seen.path());
            if (from != null) {
                took.putIfAbsent(seen.path(), System.nanoTime() - from);
            }
            return Web.Answer.of(200);
        });
        for (int i = 0; i < IDLE_TASKS; i++) {
            good("idle", i, "");
        }
        await(() -> took.size() == IDLE_TASKS);
        AtomicBoolean enough = new AtomicBoolean();
        AtomicInteger rounds = new AtomicInteger();
        List<Throwable> faults = new ArrayList<>();
        Thread load = Thread.ofVirtual().start(() -> load(enough, rounds, faults));
        try {
            hostilePlugin();
            killedWorker();
            hostilePages();
        } finally {
            enough.set(true);
            load.join();
        }
        assertThat(faults).isEmpty();
        await(() -> took.size() == submitted.size());
        List<Long> idle = millis("idle");
        List<Long> plain = millis("plain");
        List<Long> processed = millis("processed");
        assertThat(plain).hasSize(rounds.get()).hasSizeGreaterThan(100);
        assertThat(percentile(plain, 50)).as("ms of plain tasks, middle; idle %s", idle).isLessThan(2 * percentile(idle, 50) + NOISE_MILLIS);
        assertThat(percentile(plain, 90)).as("ms of plain tasks, 90 of 100").isLessThan(HOSTILE_MILLIS);
        // These share processors and worker processes with the hostile ones, each of which costs a worker, and a new one must warm up.
        assertThat(percentile(processed, 90)).as("ms of processed tasks, 90 of 100").isLessThan(WORKER_MILLIS);
        LOG.log(System.Logger.Level.INFO, "beside hostile tasks, middle and 90 of 100: idle {0} {1} plain {2} {3} processed {4} {5} tasks {6}",
                percentile(idle, 50), percentile(idle, 90), percentile(plain, 50), percentile(plain, 90), percentile(processed, 50),
                percentile(processed, 90), submitted.size());
        server.close();
        assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive)).isEmpty();
        assertThat(running("sleep\0" + "4713\0")).isEmpty();
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            assertThat(files.filter(f -> f.getFileName().toString().startsWith("fetchback-" + ProcessHandle.current().pid() + "-"))).isEmpty();
        }
    }

    private void load(AtomicBoolean enough, AtomicInteger rounds, List<Throwable> faults) {
        try {
            while (!enough.get()) {
                int round = rounds.getAndIncrement();
                good("plain", round, "");
                if (round % PLAIN_FOR_PROCESSED == 0) {
                    good("processed", round, "\"process\":[{\"use\":\"text\"},{\"use\":\"links\"}],");
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(EVERY_MILLIS));
            }
        } catch (Exception | AssertionError e) {
            faults.add(e);
        }
    }

    private void good(String kind, int number, String process) throws Exception {
        String path = "/hook/" + kind + "/" + number;
        submitted.put(path, System.nanoTime());
        submit("{\"url\":\"" + site.url("/" + kind) + "\"," + process + "\"deliver\":{\"to\":\"" + receiver.url(path) + "\",\"mode\":\"notify\"}}");
    }

    private String hostile(String path, String use) throws Exception {
        return submit("{\"url\":\"" + site.url(path) + "\",\"process\":[" + use + "],\"deliver\":null}");
    }

    private void hostilePlugin() throws Exception {
        for (Map.Entry<String, End> deed : deeds().entrySet()) {
            boolean late = deed.getValue().error().equals("process_timeout");
            String id = hostile("/hostile", "{\"use\":\"hostile\",\"do\":\"" + deed.getKey() + "\",\"timeout\":\""
                    + (late ? HOSTILE_MILLIS + "ms" : "60s") + "\"}");
            ended(deed.getKey(), id, deed.getValue());
        }
    }

    private void ended(String what, String id, End end) throws Exception {
        String status = finished(id);
        boolean fine = end.error().isEmpty();
        assertThat(status).as(what).contains("\"state\":\"" + (fine ? "succeeded" : "failed") + "\"", "\"process\":" + end.attempts(),
                fine ? "\"last_error\":null" : "\"code\":\"" + end.error() + "\"");
    }

    /** A worker that is killed from outside costs its task an attempt, and the next one comes through. */
    private void killedWorker() throws Exception {
        String id = hostile("/hostile", "{\"use\":\"hostile\",\"do\":\"be killed\"}");
        List<ProcessHandle> child = new ArrayList<>();
        await(() -> {
            ProcessHandle.current().descendants().filter(one -> one.info().arguments().map(words -> List.of(words).contains("2.714"))
                    .orElse(false)).forEach(child::add);
            return !child.isEmpty();
        });
        ProcessHandle worker = child.getFirst().parent().orElseThrow();
        worker.destroyForcibly();
        String status = finished(id);
        assertThat(status).contains("\"state\":\"succeeded\"", "\"process\":2");
    }

    private void hostilePages() throws Exception {
        String reading = "{\"use\":\"text\"},{\"use\":\"links\"},{\"use\":\"metadata\",\"on_error\":\"deliver\"},{\"use\":\"select\",\"css\":\"a, div > div\"}";
        for (String path : List.of("/deep", "/attributes", "/xxe", "/laughs")) {
            String id = hostile(path, reading);
            assertThat(finished(id)).as(path).contains("\"state\":\"succeeded\"", "\"process\":1");
            assertThat(call("GET", "/v1/tasks/" + id + "/processed", "").body()).as(path).doesNotContain("root:");
        }
        ended("a cycle of pages", hostile("/cycle.pdf", "{\"use\":\"pdf-text\"}"), new End("", 1));
        ended("a stream that unpacks to too much", hostile("/bomb.pdf", "{\"use\":\"pdf-text\"}"), new End("process_failed", 1));
        String bomb = hostile("/bomb", "{\"use\":\"text\"}");
        assertThat(finished(bomb)).contains("\"state\":\"failed\"", "\"process\":0");
    }

    private List<Long> millis(String kind) {
        return took.entrySet().stream().filter(e -> e.getKey().startsWith("/hook/" + kind + "/"))
                .map(e -> TimeUnit.NANOSECONDS.toMillis(e.getValue())).sorted().toList();
    }

    private static long percentile(List<Long> sorted, int percent) {
        return sorted.get((sorted.size() - 1) * percent / 100);
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("time is up").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** Processes of the whole system with this command line, however they hide. */
    private static List<Path> running(String command) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path one : all.filter(path -> path.getFileName().toString().matches("\\d+")).toList()) {
                try {
                    if (Files.readString(one.resolve("cmdline"), StandardCharsets.ISO_8859_1).equals(command)) {
                        found.add(one);
                    }
                } catch (IOException e) {
                    continue; // it ended
                }
            }
        } catch (java.nio.file.NoSuchFileException e) {
            return found; // not such a system
        }
        return found;
    }
}
