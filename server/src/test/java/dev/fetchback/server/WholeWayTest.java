package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import dev.fetchback.store.Engine;
import dev.fetchback.store.OnEachEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What callers, receivers and operators were promised, each over the whole server. */
@Timeout(60)
@OnEachEngine
final class WholeWayTest extends EndToEndFixture {
    private static final String OWN_SECRET = "whsec_dGhlIHNlY3JldCBvZiBvbmUgdGFzayBvbmx5";
    private static final String TEXT = "hello hello hello world, decoded";
    /** {@link #TEXT} as another program compressed it: nothing here can write Brotli. */
    private static final String BROTLI = "Gx8A+B2pU588XIOQobGJsmRhe+tBFBElHnlACTBMNyi4Ag==";

    private static String task(Web pages, String more) {
        return "{\"url\":\"" + pages.url("/p") + "\"" + more + "}";
    }

    /** As a receiver checks it that knows nothing of Fetchback (Standard Webhooks). */
    private static void signedWith(String secret, Web.Seen got) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
        String before = got.headers().get("webhook-id") + "." + got.headers().get("webhook-timestamp") + ".";
        mac.update(before.getBytes(StandardCharsets.US_ASCII));
        String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(got.body()));
        assertThat(got.headers().get("webhook-signature")).isEqualTo(expected);
    }

    @Test
    void eachModeArrivesSigned() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "<p>page"));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/hook"));
        submit(task(pages, ""));
        Web.Seen envelope = receiver.next();
        signedWith(SECRET, envelope);
        assertThat(envelope.text()).contains("\"type\":\"task.succeeded\"", "\"body\":\"<p>page\"");

        String own = ",\"deliver\":{\"secret\":\"" + OWN_SECRET + "\",\"mode\":";
        String id = submit(task(pages, own + "\"raw\",\"headers\":{\"X-Mine\":\"1\"}}"));
        Web.Seen raw = receiver.next();
        signedWith(OWN_SECRET, raw);
        assertThat(raw.text()).isEqualTo("<p>page");
        assertThat(raw.headers()).containsEntry("content-type", "text/html; charset=utf-8")
                .containsEntry("fetchback-status", "200").containsEntry("fetchback-task-id", id).containsEntry("X-Mine", "1");

        submit(task(pages, own + "\"notify\"},\"labels\":[\"l\"]"));
        Web.Seen notify = receiver.next();
        signedWith(OWN_SECRET, notify);
        assertThat(notify.text()).contains("\"type\":\"task.succeeded\"", "\"bytes\":7", "\"labels\":[\"l\"]")
                .doesNotContain("<p>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "zstd", "br"})
    void anEncodedPageArrivesDecoded(String coding) throws Exception {
        byte[] encoded = encode(coding);
        Web pages = web(seen -> {
            assertThat(seen.headers().get("accept-encoding")).contains(coding);
            return new Web.Answer(200, Map.of("content-type", "text/plain", "content-encoding", coding), encoded);
        });
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"));
        submit(task(pages, ""));
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(TEXT.getBytes(StandardCharsets.US_ASCII));
        assertThat(receiver.next().text())
                .contains("\"body\":\"" + TEXT + "\"", "\"bytes\":" + TEXT.length(), HexFormat.of().formatHex(hash));
    }

    private static byte[] encode(String coding) throws IOException {
        byte[] plain = TEXT.getBytes(StandardCharsets.US_ASCII);
        if (coding.equals("zstd")) {
            return Zstd.compress(plain);
        }
        if (coding.equals("br")) {
            return Base64.getDecoder().decode(BROTLI);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = coding.equals("gzip") ? new GZIPOutputStream(bytes) : new DeflaterOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    @Test
    void nothingStartsBeforeItsTime() throws Exception {
        Map<String, Long> cameAt = new HashMap<>();
        Web pages = web(seen -> {
            synchronized (cameAt) {
                cameAt.put(seen.path(), System.currentTimeMillis());
            }
            return Web.Answer.of(200, "page");
        });
        start();
        long began = System.currentTimeMillis();
        String delayed = submit("{\"url\":\"" + pages.url("/delay") + "\",\"delay\":\"600ms\"}");
        long notBefore = began + 900;
        Instant date = Instant.ofEpochMilli(notBefore);
        String dated = submit("{\"url\":\"" + pages.url("/date") + "\",\"not_before\":\"" + date + "\"}");
        assertThat(field(call("GET", "/v1/tasks/" + dated, "").body(), "state")).isEqualTo("scheduled");
        assertThat(field(finished(delayed), "state")).isEqualTo("succeeded");
        assertThat(field(finished(dated), "state")).isEqualTo("succeeded");
        synchronized (cameAt) {
            assertThat(cameAt.get("/delay")).isGreaterThanOrEqualTo(began + 600);
            assertThat(cameAt.get("/date")).isGreaterThanOrEqualTo(notBefore);
        }
    }

    @Test
    void whoeverWaitsGetsTheOutcomeAndTheReceiverHearsOfItToo() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"));
        HttpResponse<String> answer = call("POST", "/", task(pages, ""), "prefer", "wait=20");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"body\":\"page\"");
        String sent = receiver.next().text();
        assertThat(sent).as("the same JSON as the envelope's data").contains(answer.body());
        String id = field(answer.body(), "id");
        assertThat(call("GET", "/v1/tasks/" + id + "/result", "").body()).isEqualTo("page");
    }

    @Test
    void aTaskThatWantsNoReceiverIsKeptAlthoughTheOperatorHasOne() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"));
        String id = submit(task(pages, ",\"deliver\":null"));
        assertThat(finished(id)).contains("\"state\":\"succeeded\"", "\"delivery\":\"kept\"");
        assertThat(call("GET", "/v1/tasks/" + id + "/result", "").body()).isEqualTo("page");
        assertThat(receiver.arrived.availablePermits()).isZero();
    }

    @Test
    void deadOutcomesAreCountedBeforeTheyAreSentAgain() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        AtomicInteger status = new AtomicInteger(500);
        Web receiver = web(seen -> Web.Answer.of(status.get()));
        start("--deliver-to", receiver.url("/"));
        String item = "{\"url\":\"" + pages.url("/p") + "\"}";
        String defaults = "{\"deliver\":{\"max_attempts\":1},\"labels\":[\"run7\"]}";
        HttpResponse<String> batch = call("POST", "/v1/batches",
                "{\"defaults\":" + defaults + ",\"items\":[" + item + "," + item + "," + item + "]}");
        assertThat(batch.statusCode()).as(batch.body()).isEqualTo(202);
        String list = call("GET", "/v1/tasks?label=run7", "").body();
        List<String> ids =
                Pattern.compile("tsk_[0-9A-Z]{26}").matcher(list).results().map(MatchResult::group).distinct().toList();
        assertThat(ids).hasSize(3);
        for (String id : ids) {
            assertThat(field(finished(id), "state")).isEqualTo("dead");
            receiver.next();
        }
        status.set(200);
        String counted = call("POST", "/v1/dead/redrive", "{\"dry_run\":true}").body();
        assertThat(counted).contains("\"dry_run\":true", "\"matched\":3", "\"redriven\":0");
        assertThat(call("GET", "/v1/dead", "").body()).as("only counted").contains(ids);
        String redriven = call("POST", "/v1/dead/redrive", "{}").body();
        assertThat(redriven).contains("\"dry_run\":false", "\"matched\":3", "\"redriven\":3");
        for (String id : ids) {
            assertThat(field(finished(id), "state")).isEqualTo("succeeded");
        }
        assertThat(call("GET", "/v1/dead", "").body()).contains("\"tasks\":[]");
    }

    @Test
    void onLoopbackOtherHostsAndSitesAreRefused() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        start();
        assertThat(raw("Host: evil.example")).startsWith("HTTP/1.1 421").contains("host_not_allowed");
        String own = "Host: localhost:" + server.port();
        assertThat(raw(own + "\r\nOrigin: https://evil.example")).startsWith("HTTP/1.1 403").contains("cross_site");
        assertThat(raw(own + "\r\nSec-Fetch-Site: cross-site")).startsWith("HTTP/1.1 403").contains("cross_site");
        assertThat(pages.arrived.availablePermits()).isZero();
        assertThat(call("GET", "/v1/tasks", "").body()).as("nothing was stored").contains("\"tasks\":[]");
    }

    private String raw(String headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            String body = "{\"url\":\"http://127.0.0.1/\"}";
            String head = "POST /v1/tasks HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + body.length() + "\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void everyMetricTellsWhatHappened() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        Web receiver = web(seen -> Web.Answer.of(seen.path().equals("/good") ? 204 : 500));
        start("--deliver-to", receiver.url("/good"));
        assertThat(field(finished(submit(task(pages, ""))), "state")).isEqualTo("succeeded");
        String bad = ",\"deliver\":{\"to\":\"" + receiver.url("/bad") + "\",\"max_attempts\":1}";
        assertThat(field(finished(submit(task(pages, bad))), "state")).isEqualTo("dead");

        Map<String, Predicate<Map<String, Double>>> expected = expectations();
        String operations = Files.readString(Path.of("..", "docs", "operations.md"));
        List<String> documented = Pattern.compile("(?m)^\\| `(fetchback_[a-z_]+)` \\|").matcher(operations).results()
                .map(found -> found.group(1)).toList();
        assertThat(expected.keySet()).as("an expectation for each metric").containsExactlyInAnyOrderElementsOf(documented);
        Map<String, Double> samples = new HashMap<>();
        String text = call("GET", "/metrics", "").body();
        text.lines().filter(line -> !line.startsWith("#")).map(line -> line.split(" "))
                .forEach(parts -> samples.put(parts[0], Double.valueOf(parts[1])));
        expected.forEach((name, plausible) -> assertThat(samples).as(name).matches(plausible));
    }

    private static Predicate<Map<String, Double>> is(String sample, double value) {
        return samples -> samples.getOrDefault(sample, Double.NaN) == value;
    }

    private static Predicate<Map<String, Double>> atLeast(String sample, double least) {
        return samples -> samples.getOrDefault(sample, Double.NaN) >= least;
    }

    private Map<String, Predicate<Map<String, Double>>> expectations() {
        Map<String, Predicate<Map<String, Double>>> expected = new HashMap<>();
        expected.put("fetchback_store_up", is("fetchback_store_up", 1));
        expected.put("fetchback_tasks_waiting",
                is("fetchback_tasks_waiting{stage=\"fetch\"}", 0).and(is("fetchback_tasks_waiting{stage=\"deliver\"}", 0)));
        expected.put("fetchback_due_age_seconds",
                atLeast("fetchback_due_age_seconds{stage=\"fetch\"}", 0)
                        .and(atLeast("fetchback_due_age_seconds{stage=\"deliver\"}", 0)));
        expected.put("fetchback_tasks_in_flight", is("fetchback_tasks_in_flight", 0));
        expected.put("fetchback_hosts_paused", is("fetchback_hosts_paused", 0));
        expected.put("fetchback_hosts_slowed", is("fetchback_hosts_slowed", 0));
        expected.put("fetchback_tasks_finished_total", is("fetchback_tasks_finished_total{state=\"succeeded\"}", 1)
                .and(is("fetchback_tasks_finished_total{state=\"dead\"}", 1))
                .and(is("fetchback_tasks_finished_total{state=\"failed\"}", 0)));
        expected.put("fetchback_tasks_unchanged_total", is("fetchback_tasks_unchanged_total", 0));
        expected.put("fetchback_tasks_dead", is("fetchback_tasks_dead", 1));
        expected.put("fetchback_settles_stale_total", is("fetchback_settles_stale_total", 0));
        expected.put("fetchback_spool_bytes", is("fetchback_spool_bytes", "page".length()));
        expected.put("fetchback_store_bytes", atLeast("fetchback_store_bytes", 10_000));
        double shards = engine == Engine.POSTGRES ? 64 : 0;
        expected.put("fetchback_store_shards", is("fetchback_store_shards", shards));
        expected.put("fetchback_store_shard_moves_total", is("fetchback_store_shard_moves_total{direction=\"gained\"}", shards)
                .and(is("fetchback_store_shard_moves_total{direction=\"lost\"}", 0)));
        expected.put("fetchback_store_dead_rows",
                engine == Engine.POSTGRES ? atLeast("fetchback_store_dead_rows", 0) : is("fetchback_store_dead_rows", 0));
        expected.put("fetchback_body_memory_bytes", is("fetchback_body_memory_bytes", 0));
        expected.put("fetchback_commit_changes",
                atLeast("fetchback_commit_changes_sum", 4).and(atLeast("fetchback_commit_changes_count", 4)));
        expected.put("fetchback_commit_seconds",
                atLeast("fetchback_commit_seconds_sum", 1e-6).and(atLeast("fetchback_commit_seconds_count", 4)));
        expected.put("fetchback_commit_waiting_changes", is("fetchback_commit_waiting_changes", 0));
        expected.put("fetchback_prune_seconds_total", atLeast("fetchback_prune_seconds_total", 0));
        expected.put("fetchback_deliveries_total", is("fetchback_deliveries_total{result=\"accepted\"}", 1)
                .and(is("fetchback_deliveries_total{result=\"refused\"}", 1)));
        expected.put("fetchback_delivery_seconds",
                is("fetchback_delivery_seconds_count", 2).and(atLeast("fetchback_delivery_seconds_sum", 1e-6)));
        expected.put("fetchback_receivers", is("fetchback_receivers{status=\"active\"}", 2));
        expected.put("fetchback_process_attempts_total", is("fetchback_process_attempts_total{result=\"processed\"}", 0)
                .and(is("fetchback_process_attempts_total{result=\"failed\"}", 0)));
        expected.put("fetchback_process_seconds", is("fetchback_process_seconds_count{pool=\"processes\"}", 0));
        expected.put("fetchback_process_running", is("fetchback_process_running{pool=\"threads\"}", 0));
        expected.put("fetchback_process_queued", is("fetchback_process_queued{pool=\"commands\"}", 0));
        expected.put("fetchback_process_threads_abandoned", is("fetchback_process_threads_abandoned", 0));
        expected.put("fetchback_workers", is("fetchback_workers", 0));
        expected.put("fetchback_workers_started_total", is("fetchback_workers_started_total", 0));
        expected.put("fetchback_workers_ended_total", is("fetchback_workers_ended_total{reason=\"crashed\"}", 0));
        expected.put("fetchback_robots_read_total", is("fetchback_robots_read_total", 1));
        expected.put("fetchback_robots_refused_total", is("fetchback_robots_refused_total{reason=\"denied\"}", 0)
                .and(is("fetchback_robots_refused_total{reason=\"unreachable\"}", 0)));
        expected.put("fetchback_robots_files", is("fetchback_robots_files", 1));
        expected.put("fetchback_robots_bytes", atLeast("fetchback_robots_bytes", 1));
        expected.put("fetchback_connections_opened_total", atLeast("fetchback_connections_opened_total{to=\"page\"}", 1)
                .and(atLeast("fetchback_connections_opened_total{to=\"receiver\"}", 1)));
        expected.put("fetchback_connections_blocked_total", is("fetchback_connections_blocked_total{to=\"page\"}", 0)
                .and(is("fetchback_connections_blocked_total{to=\"receiver\"}", 0)));
        expected.put("fetchback_received_bytes_total", atLeast("fetchback_received_bytes_total{from=\"page\"}", 1)
                .and(atLeast("fetchback_received_bytes_total{from=\"receiver\"}", 1)));
        expected.put("fetchback_connections_open", atLeast("fetchback_connections_open{to=\"page\"}", 1)
                .and(atLeast("fetchback_connections_open{to=\"receiver\"}", 1)));
        expected.put("fetchback_http_requests_total", is("fetchback_http_requests_total{route=\"tasks\",status=\"2xx\"}", 2)
                .and(is("fetchback_http_requests_total{route=\"task\",status=\"2xx\"}", 2)));
        expected.put("fetchback_http_request_seconds", is("fetchback_http_request_seconds_count{route=\"tasks\"}", 2)
                .and(atLeast("fetchback_http_request_seconds_sum{route=\"tasks\"}", 1e-6)));
        expected.put("fetchback_http_requests_in_flight", is("fetchback_http_requests_in_flight", 1));
        return expected;
    }
}
