package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.store.OnEachEngine;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.Timeout;

/** The whole server over real sockets and a real store: what goes in, and what pages' servers and receivers see. */
@Timeout(60)
@OnEachEngine
final class EndToEndTest extends EndToEndFixture {
    @Test
    void aPageIsFetchedAndDeliveredSigned() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "<p>Grüezi \"you\"\n"));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/hook?x=1"));
        String id = submit("{\"url\":\"" + pages.url("/a") + "\",\"metadata\":{\"order\":\"42\"}}");
        Web.Seen got = receiver.next();
        assertThat(got.path()).isEqualTo("/hook?x=1");
        assertThat(got.headers()).containsEntry("webhook-id", id + "_page").containsEntry("fetchback-attempt", "1");
        assertThat(got.headers().get("webhook-signature")).startsWith("v1,");
        assertThat(got.text()).contains("\"type\":\"task.succeeded\"", "<p>Grüezi \\\"you\\\"\\n", "\"order\":\"42\"");
        String status = finished(id);
        assertThat(field(status, "state")).isEqualTo("succeeded");
        assertThat(field(status, "delivery")).isEqualTo("delivered");
    }

    @Test
    void aFailureIsToldAfterTheLastTry() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Web pages = web(seen -> {
            asked.incrementAndGet();
            return Web.Answer.of(503);
        });
        Web receiver = web(seen -> Web.Answer.of(200));
        start("--deliver-to", receiver.url("/"));
        String id = submit("{\"url\":\"" + pages.url("/") + "\",\"fetch\":{\"max_attempts\":2}}");
        Web.Seen got = receiver.next();
        assertThat(got.headers()).containsEntry("webhook-id", id + "_failed");
        assertThat(got.text()).contains("\"type\":\"task.failed\"", "\"http_status\"");
        assertThat(asked).hasValue(2);
        assertThat(field(finished(id), "state")).isEqualTo("failed");
    }

    @Test
    void aDeniedAddressIsNeverAsked() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "secret"));
        Web receiver = web(seen -> Web.Answer.of(200));
        start("--deliver-to", receiver.url("/"), "--fetch-allow-networks", "10.0.0.0/8");
        submit("{\"url\":\"" + pages.url("/") + "\"}");
        assertThat(receiver.next().text()).contains("\"blocked_address\"");
        assertThat(pages.seen).isEmpty();
    }

    @Test
    void aRefusedPageIsDeliveredAgainByteForByteThenDeadThenRedriven() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        AtomicInteger status = new AtomicInteger(500);
        Web receiver = web(seen -> Web.Answer.of(status.get()));
        start("--deliver-to", receiver.url("/"));
        String id = submit("{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"max_attempts\":3}}");
        List<Web.Seen> attempts = List.of(receiver.next(), receiver.next(), receiver.next());
        assertThat(attempts).extracting(Web.Seen::text).containsOnly(attempts.getFirst().text());
        assertThat(attempts).extracting(seen -> seen.headers().get("webhook-id")).containsOnly(id + "_page");
        assertThat(attempts).extracting(seen -> seen.headers().get("fetchback-attempt")).containsExactly("1", "2", "3");
        assertThat(pages.seen).as("fetched once").hasSize(1);
        assertThat(field(finished(id), "state")).isEqualTo("dead");
        assertThat(call("GET", "/v1/dead", "").body()).contains(id);

        assertThat(call("POST", "/v1/dead/redrive", "{\"dry_run\":true}").body()).contains("1");
        status.set(200);
        assertThat(call("POST", "/v1/tasks/" + id + "/redrive", "").statusCode()).isBetween(200, 202);
        assertThat(receiver.next().text()).isEqualTo(attempts.getFirst().text());
        assertThat(field(finished(id), "state")).isEqualTo("succeeded");
    }

    @Test
    void aReceiverThatSaysGoneIsStoppedAndResumed() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        AtomicInteger status = new AtomicInteger(410);
        Web receiver = web(seen -> Web.Answer.of(status.get()));
        start("--deliver-to", receiver.url("/hook"), "--deliver-schedule", "0s,1h");
        String id = submit("{\"url\":\"" + pages.url("/") + "\"}");
        receiver.next();
        String second = submit("{\"url\":\"" + pages.url("/") + "\"}");
        String list = untilReceiver("gone");
        String receiverId = field(list, "id");
        assertThat(list).contains(receiver.url("/hook"));
        assertThat(receiver.seen).as("a stopped receiver is not asked").isEmpty();
        status.set(200);
        assertThat(call("POST", "/v1/receivers/" + receiverId + "/resume", "").statusCode()).isBetween(200, 204);
        receiver.next();
        receiver.next();
        assertThat(field(finished(id), "state")).isEqualTo("succeeded");
        assertThat(field(finished(second), "state")).isEqualTo("succeeded");
    }

    private String untilReceiver(String status) throws Exception {
        for (int i = 0; i < 200; i++) {
            String list = call("GET", "/v1/receivers", "").body();
            if (list.contains("\"" + status + "\"")) {
                return list;
            }
            call("GET", "/v1/tasks/" + "tsk_00000000000000000000000000" + "?wait=1s", "");
        }
        throw new AssertionError("no receiver became " + status);
    }

    @Test
    void callersCannotNameFunctionsOfTheProcess() throws Exception {
        start();
        HttpResponse<String> refused =
                call("POST", "/v1/tasks", "{\"url\":\"https://example.com/\",\"deliver\":{\"to\":\"in-process:default\"}}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("\"code\":\"invalid_url\"", "\"pointer\":\"/deliver/to\"");
    }

    @Test
    void aSlowReceiverDelaysNoOther() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        Web stuck = web(seen -> Web.Answer.of(0));
        Web good = web(seen -> Web.Answer.of(200));
        start("--deliver-concurrency", "64", "--fetch-per-host-concurrency", "64", "--fetch-per-address-concurrency", "64");
        StringBuilder batch = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            batch.append("{\"url\":\"").append(pages.url("/")).append("\",\"deliver\":{\"to\":\"").append(stuck.url("/")).append("\"}}\n");
        }
        assertThat(call("POST", "/v1/batches", batch.toString(), "content-type", "application/x-ndjson").statusCode()).isEqualTo(202);
        stuck.next();
        long start = System.nanoTime();
        submit("{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"to\":\"" + good.url("/") + "\"}}");
        good.next();
        assertThat((System.nanoTime() - start) / 1_000_000).as("ms beside a stuck receiver").isLessThan(3_000);
    }

    @Test
    void aKeptPageIsPickedUp() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "0123456789"));
        start();
        HttpResponse<String> answer = call("POST", "/v1/tasks", "{\"url\":\"" + pages.url("/") + "\"}", "prefer", "wait=10");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains("\"body\":\"0123456789\"");
        String id = field(answer.body(), "id");
        HttpResponse<String> page = call("GET", "/v1/tasks/" + id + "/result", "");
        assertThat(page.body()).isEqualTo("0123456789");
        assertThat(page.headers().firstValue("content-security-policy").orElse("")).contains("sandbox");
        HttpResponse<String> part = call("GET", "/v1/tasks/" + id + "/result", "", "range", "bytes=2-4");
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("234");
        String tag = page.headers().firstValue("etag").orElseThrow();
        assertThat(call("GET", "/v1/tasks/" + id + "/result", "", "if-none-match", tag).statusCode()).isEqualTo(304);
    }

    @Test
    void aLongPageGoesOutAsALink() throws Exception {
        String body = "x".repeat(700_000);
        Web pages = web(seen -> Web.Answer.of(200, body));
        Web receiver = web(seen -> Web.Answer.of(200));
        start("--deliver-to", receiver.url("/"), "--public-url", "http://example.org");
        String id = submit("{\"url\":\"" + pages.url("/") + "\"}");
        String link = field(receiver.next().text(), "body_url").replace("\\/", "/");
        assertThat(link).startsWith("http://example.org/v1/tasks/" + id + "/result?expires=");
        assertThat(field(finished(id), "state")).isEqualTo("succeeded");
        HttpResponse<String> page = call("GET", link.substring("http://example.org".length()), "");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).isEqualTo(body);
    }

    @Test
    void aPageOfTenMegabytesIsStoredAndArrivesWhole() throws Exception {
        String body = "0123456789".repeat(1_000_000);
        AtomicInteger asked = new AtomicInteger();
        Web pages = web(seen -> Web.Answer.of(200, body));
        Web receiver = web(seen -> Web.Answer.of(asked.getAndIncrement() == 0 ? 503 : 204));
        start("--deliver-to", receiver.url("/"));
        String id = submit("{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"mode\":\"raw\"}}");
        assertThat(receiver.next().body()).as("from memory").hasSize(body.length());
        assertThat(receiver.next().text().equals(body)).as("from the store").isTrue();
        assertThat(field(finished(id), "state")).isEqualTo("succeeded");
        String kept = submit("{\"url\":\"" + pages.url("/") + "\",\"deliver\":null}");
        finished(kept);
        assertThat(call("GET", "/v1/tasks/" + kept + "/result", "").body().equals(body)).as("kept").isTrue();
    }

    @Test
    void aTaskThatExpiresIsToldSo() throws Exception {
        Web pages = web(seen -> Web.Answer.of(503));
        Web receiver = web(seen -> Web.Answer.of(200));
        start("--deliver-to", receiver.url("/"), "--fetch-backoff", "5m");
        String expires = java.time.Instant.ofEpochMilli(System.currentTimeMillis() + 1_500).toString();
        String id = submit("{\"url\":\"" + pages.url("/") + "\",\"expires_at\":\"" + expires + "\"}");
        assertThat(receiver.next().text()).contains("\"type\":\"task.expired\"");
        assertThat(field(finished(id), "state")).isEqualTo("expired");
    }

    @Test
    void aWaitingTaskIsTakenBack() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        start();
        String id = submit("{\"url\":\"" + pages.url("/") + "\",\"delay\":\"1h\"}");
        assertThat(field(call("GET", "/v1/tasks/" + id, "").body(), "state")).isEqualTo("scheduled");
        call("POST", "/v1/tasks/" + id + "/cancel", "");
        assertThat(field(finished(id), "state")).isEqualTo("cancelled");
        call("POST", "/v1/tasks/" + id + "/retry", "");
        assertThat(field(finished(id), "state")).isEqualTo("succeeded");
        assertThat(call("DELETE", "/v1/tasks/" + id, "").statusCode()).isBetween(200, 204);
        assertThat(call("GET", "/v1/tasks/" + id, "").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"when_needed", "always"})
    void nobodyIsToldOfATaskThatWasCancelledWhileItWasFetched(String spool) throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Web pages = web(seen -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return Web.Answer.of(200, "page");
        });
        Web receiver = web(seen -> Web.Answer.of(200));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-concurrency", "1");
        String id = submit("{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"spool\":\"" + spool + "\"}}");
        pages.arrived.acquire();
        assertThat(call("POST", "/v1/tasks/" + id + "/cancel", "").statusCode()).isEqualTo(200);
        assertThat(field(finished(id), "state")).isEqualTo("cancelled");
        String next = submit("{\"url\":\"" + pages.url("/next") + "\"}"); // waits for the place of the first
        gate.countDown();
        assertThat(receiver.next().headers()).containsEntry("fetchback-task-id", next);
        assertThat(field(finished(next), "state")).isEqualTo("succeeded");
        assertThat(field(finished(id), "state")).isEqualTo("cancelled");
        assertThat(receiver.seen).isEmpty();
    }

    @Test
    void aBatchIsCountedListedAndCanBeSentAgain() throws Exception {
        Web pages = web(seen -> Web.Answer.of(seen.path().equals("/bad") ? 404 : 200, "page"));
        start();
        String lines = "{\"url\":\"" + pages.url("/1") + "\",\"idempotency_key\":\"k1\",\"labels\":[\"odd\"]}\n"
                + "{\"url\":\"" + pages.url("/bad") + "\",\"idempotency_key\":\"k2\"}\n"
                + "{\"uri\":\"x\"}\n";
        HttpResponse<String> answer = call("POST", "/v1/batches", lines, "content-type", "application/x-ndjson");
        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.body()).contains("\"accepted\":2", "\"rejected\":1", "\"index\":2", "\"unknown_field\"");
        String batch = field(answer.body(), "id");
        String list = call("GET", "/v1/tasks?batch=" + batch, "").body();
        Matcher ids = Pattern.compile("tsk_[0-9A-Z]{26}").matcher(list);
        while (ids.find()) {
            finished(ids.group());
        }
        assertThat(call("GET", "/v1/batches/" + batch, "").body())
                .contains("\"accepted\":2", "\"finished\":2", "\"done\":true", "\"succeeded\":1", "\"failed\":1");
        assertThat(call("GET", "/v1/tasks?batch=" + batch + "&state=failed", "").body()).contains("/bad").doesNotContain("/1\"");
        assertThat(call("GET", "/v1/tasks?label=odd", "").body()).contains("/1\"").doesNotContain("/bad");
        assertThat(call("GET", "/v1/tasks?host=127.0.0.1&limit=1", "").body())
                .containsOnlyOnce("\"id\":\"tsk_")
                .contains("\"next_cursor\":\"");
        assertThat(call("POST", "/v1/batches", lines, "content-type", "application/x-ndjson").body())
                .contains("\"accepted\":0", "\"deduplicated\":2");
        assertThat(pages.arrived.availablePermits()).as("nothing was fetched again").isEqualTo(2);
    }

    @Test
    void deadOutcomesAreRedrivenTogetherAndAPausedReceiverWaits() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        AtomicInteger status = new AtomicInteger(500);
        Web receiver = web(seen -> Web.Answer.of(status.get()));
        start("--deliver-to", receiver.url("/"), "--deliver-schedule", "0s,1h");
        String task = "{\"url\":\"" + pages.url("/") + "\",\"deliver\":{\"max_attempts\":1}}";
        List<String> dead = List.of(submit(task), submit(task));
        for (String id : dead) {
            assertThat(field(finished(id), "state")).isEqualTo("dead");
        }
        receiver.next();
        receiver.next();
        status.set(200);
        assertThat(call("POST", "/v1/dead/redrive", "{}").statusCode()).isEqualTo(200);
        assertThat(List.of(receiver.next(), receiver.next())).extracting(seen -> seen.headers().get("fetchback-task-id"))
                .containsExactlyInAnyOrderElementsOf(dead);

        String known = field(call("GET", "/v1/receivers", "").body(), "id");
        assertThat(call("POST", "/v1/receivers/" + known + "/pause", "").statusCode()).isEqualTo(200);
        String held = submit("{\"url\":\"" + pages.url("/") + "\"}");
        String waits = call("GET", "/v1/tasks/" + held, "").body();
        for (int i = 0; i < 20 && !waits.contains("receiver_stopped"); i++) {
            waits = call("GET", "/v1/tasks/" + held + "?wait=1s", "").body();
        }
        assertThat(waits).contains("receiver_stopped", "\"delivery\":\"waiting\"");
        assertThat(receiver.seen).as("a paused receiver is not asked").isEmpty();
        assertThat(call("POST", "/v1/receivers/" + known + "/resume", "").statusCode()).isEqualTo(200);
        assertThat(receiver.next().headers()).containsEntry("fetchback-task-id", held);
        assertThat(field(finished(held), "state")).isEqualTo("succeeded");
    }

    @Test
    void whatWaitsSurvivesARestart() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        AtomicInteger status = new AtomicInteger(500);
        Web receiver = web(seen -> Web.Answer.of(status.get()));
        start("--deliver-to", receiver.url("/"), "--deliver-schedule", "0s,1s,1s,1s,1s,1s");
        String id = submit("{\"url\":\"" + pages.url("/") + "\"}");
        receiver.next();
        server.close();
        status.set(200);
        start("--deliver-to", receiver.url("/"), "--deliver-schedule", "0s,1s,1s,1s,1s,1s");
        assertThat(field(finished(id), "state")).isEqualTo("succeeded");
        assertThat(pages.seen).as("the page was stored, not fetched again").hasSize(1);
    }

    @Test
    void aSecondServerOnTheFolderIsRefused() throws Exception {
        start();
        assertThatThrownBy(() -> start()).isInstanceOf(IOException.class).hasMessageContaining("data");
        assertThat(call("GET", "/health/ready", "").statusCode()).isEqualTo(200);
    }

    @Test
    void metricsShowTheQueue() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"));
        start();
        String id = submit("{\"url\":\"" + pages.url("/") + "\"}");
        finished(id);
        assertThat(call("GET", "/metrics", "").body()).contains(
                "fetchback_tasks_finished_total{state=\"succeeded\"} 1", "fetchback_due_age_seconds", "fetchback_tasks_in_flight");
    }
}
