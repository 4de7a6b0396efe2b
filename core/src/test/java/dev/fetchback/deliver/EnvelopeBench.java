package dev.fetchback.deliver;

import com.sun.management.ThreadMXBean;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.Parcel;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Measures what an envelope costs on one thread: written, hashed and signed, against a plain version through strings and
 * against the hashing alone. Run by hand, with the test classes on the class path.
 */
final class EnvelopeBench {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final int ROUNDS = 5;
    private static final long ROUND_NANOS = 1_000_000_000L;

    private static long sink;

    private EnvelopeBench() {}

    public static void main(String[] args) throws Exception {
        if (args.length > 0) {
            byte[] body = switch (args[0]) {
                case "html" -> Pages.html(new Random(1), 10_240);
                case "json" -> Pages.json(new Random(1), 10_240);
                default -> Pages.cyrillic(new Random(1), 10_240);
            };
            JsonBytes out = new JsonBytes(1024);
            report("escape " + args[0], () -> out.truncate(0).text(body, 0) ? out.length() : 0);
            return;
        }
        page("html 10 KB", Pages.html(new Random(1), 10_240));
        page("cyrillic 10 KB", Pages.cyrillic(new Random(1), 10_240));
        page("json 10 KB", Pages.json(new Random(1), 10_240));
        System.out.println("(" + sink + ")");
    }

    private static void page(String name, byte[] body) throws Exception {
        Task task = Pages.task();
        TaskSpec spec = Pages.spec();
        Outcome.Fetched outcome = Pages.fetched(body);
        Envelope envelope = new Envelope(256 << 10, new LinkSigner(new byte[32], "http://localhost:8080"));
        Signer signer = Signer.of(SECRET);
        JsonBytes out = new JsonBytes(1024);
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(SECRET.substring(6)), "HmacSHA256"));
        envelope.write(out, task, spec, outcome, new Envelope.Content(Envelope.Content.Page.INLINE, body, null));
        byte[] written = out.copy();
        String id = task.id() + "_page";
        System.out.printf("%n%s: %d bytes, envelope %d bytes%n", name, body.length, written.length);
        report("sha-256 of the page", () -> sha.digest(body)[0]);
        report("hmac of the envelope, one Mac", () -> mac.doFinal(written)[0]);
        report("hmac of the envelope, Signer", () -> {
            return signer.begin(id, 1614265330).update(written, 0, written.length).end().length();
        });
        report("envelope", () -> {
            envelope.write(out.truncate(0), task, spec, outcome, new Envelope.Content(Envelope.Content.Page.INLINE, body, null));
            return out.length();
        });
        report("escape alone", () -> out.truncate(0).text(body, 0) ? out.length() : 0);
        byte[] copy = new byte[2 * body.length];
        report("copy alone", () -> {
            System.arraycopy(body, 0, copy, 0, body.length);
            return copy[7];
        });
        report("all: sha-256, envelope, signature", () -> {
            byte digest = sha.digest(body)[0];
            envelope.write(out.truncate(0), task, spec, outcome, new Envelope.Content(Envelope.Content.Page.INLINE, body, null));
            return digest + signer.begin(id, 1614265330).update(out.array(), 0, out.length()).end().length();
        });
        DeliverSettings settings = new DeliverSettings(
                SECRET, "Fetchback", 256 << 10, DeliverSettings.Limits.DEFAULT, DeliverSettings.Breaker.DEFAULT);
        Endpoints endpoints = new Endpoints(settings, Pages.NONE_IN_PROCESS, System::currentTimeMillis, changed -> {});
        Post nowhere = letter -> new Post.Reply.Answer(204, null);
        var surroundings = new DeliverStep.Surroundings(System::currentTimeMillis, System::nanoTime, new Random(1));
        DeliverStep step = new DeliverStep(nowhere, Pages.NONE_IN_PROCESS, endpoints, envelope, settings, surroundings, new PrometheusRegistry());
        Parcel parcel = new Parcel(outcome, new Bytes(body), null, 1, false, () -> {});
        report("the step without the exchange", () -> step.run(task, spec, parcel).hashCode());
        report("all, plainly through strings", () -> plain(task, spec, outcome.page(), body));
    }

    private static int plain(Task task, TaskSpec spec, Page page, byte[] body) throws GeneralSecurityException {
        String sha = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        StringBuilder json = new StringBuilder("{\"type\":\"task.succeeded\",\"timestamp\":\"");
        json.append(java.time.Instant.ofEpochMilli(page.fetchedAt())).append("\",\"data\":{\"id\":\"").append(task.id());
        json.append("\",\"url\":");
        quoted(json, spec.url());
        json.append(",\"final_url\":");
        quoted(json, page.finalUrl());
        json.append(",\"status\":").append(page.status()).append(",\"headers\":[");
        for (Header header : page.headers()) {
            json.append('[');
            quoted(json, header.name());
            json.append(',');
            quoted(json, header.value());
            json.append("],");
        }
        json.setLength(json.length() - 1);
        json.append("],\"bytes\":").append(page.bytes()).append(",\"sha256\":\"").append(sha).append("\",\"body\":");
        quoted(json, new String(body, StandardCharsets.UTF_8));
        json.append(",\"fetch\":{\"attempts\":1},\"metadata\":{\"order\":\"42\"},\"labels\":[\"nightly\"]}}");
        byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(SECRET.substring(6)), "HmacSHA256"));
        mac.update((task.id() + "_page.1614265330.").getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(mac.doFinal(bytes)).length();
    }

    private static void quoted(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < 0x20) {
                        json.append(String.format("\\u%04x", (int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
    }

    private static void report(String name, Work work) throws Exception {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        double best = Double.MAX_VALUE;
        long allocated = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long calls = 0;
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long start = threads.getCurrentThreadCpuTime(); // not the clock: other work on the machine must not count
            long now = start;
            while (now - start < ROUND_NANOS) {
                for (int i = 0; i < 256; i++) {
                    sink += work.run();
                }
                calls += 256;
                now = threads.getCurrentThreadCpuTime();
            }
            best = Math.min(best, (now - start) / 1000.0 / calls);
            allocated = (threads.getCurrentThreadAllocatedBytes() - bytes) / calls;
        }
        System.out.printf("  %-36s %8.2f us %10.0f /s %8d bytes allocated%n", name, best, 1_000_000 / best, allocated);
    }

    @FunctionalInterface
    private interface Work {
        int run() throws Exception;
    }
}
