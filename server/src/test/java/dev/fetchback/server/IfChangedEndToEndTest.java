package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.OnEachEngine;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pages that count only when they changed, on the whole server: what pages' servers are asked, and what receivers hear. */
@Timeout(60)
@OnEachEngine
final class IfChangedEndToEndTest extends EndToEndFixture {
    private static final String ANN = "annas-token-0123456789";
    private static final String BOB = "bobs-token-9876543210";

    /** How the page's server tells versions apart. */
    private enum Server304 {
        TAG,
        DATE,
        NEITHER,
        IGNORES_CONDITIONS
    }

    private final AtomicInteger version = new AtomicInteger(1);
    private final AtomicInteger receiverSays = new AtomicInteger(200);
    private Server304 skill = Server304.TAG;
    private Web pages;
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        pages = web(this::page);
        receiver = web(seen -> Web.Answer.of(receiverSays.get()));
    }

    private Web.Answer page(Web.Seen seen) {
        int now = version.get();
        String tag = "\"v" + now + "\"";
        String date = date(now);
        Map<String, String> headers = new HashMap<>(Map.of("content-type", "text/plain"));
        if (skill == Server304.TAG || skill == Server304.IGNORES_CONDITIONS) {
            headers.put("etag", tag);
        } else if (skill == Server304.DATE) {
            headers.put("last-modified", date);
        }
        boolean same = skill == Server304.TAG && tag.equals(seen.headers().get("if-none-match"))
                || skill == Server304.DATE && date.equals(seen.headers().get("if-modified-since"));
        return same
                ? new Web.Answer(304, headers, new byte[0])
                : new Web.Answer(200, headers, ("version " + now).getBytes(StandardCharsets.UTF_8));
    }

    private static String date(int version) {
        return "Sat, 21 Nov 2015 10:00:0" + version + " GMT";
    }

    private void begin() throws Exception {
        start("--deliver-to", receiver.url("/hook"));
    }

    private String task(String more) {
        return "{\"url\":\"" + pages.url("/p?q=1") + "\",\"fetch\":{\"if_changed\":true}" + more + "}";
    }

    private void assertUnchanged(String status) {
        assertThat(field(status, "state")).as(status).isEqualTo("succeeded");
        assertThat(field(status, "outcome")).isEqualTo("unchanged");
        assertThat(field(status, "delivery")).isEqualTo("none");
    }

    private void assertDelivered(String status, String text) throws Exception {
        assertThat(field(status, "outcome")).as(status).isEqualTo("page");
        assertThat(field(status, "delivery")).isEqualTo("delivered");
        assertThat(receiver.next().text()).contains(text);
    }

    @ParameterizedTest
    @EnumSource
    void isDeliveredOnceForEachVersion(Server304 how) throws Exception {
        skill = how;
        begin();
        assertDelivered(finished(submit(task(""))), "version 1");
        assertUnchanged(finished(submit(task(""))));
        version.set(2);
        assertDelivered(finished(submit(task(""))), "version 2");
        assertUnchanged(finished(submit(task(""))));
        version.set(1);
        assertDelivered(finished(submit(task(""))), "version 1");
        assertThat(receiver.seen).as("nobody hears of what is unchanged").isEmpty();

        List<String> asked = new ArrayList<>();
        pages.seen.forEach(seen -> asked.add(seen.headers().get(how == Server304.DATE ? "if-modified-since" : "if-none-match")));
        switch (how) {
            case TAG, IGNORES_CONDITIONS -> assertThat(asked).containsExactly(null, "\"v1\"", "\"v1\"", "\"v2\"", "\"v2\"");
            case DATE -> assertThat(asked).containsExactly(null, date(1), date(1), date(2), date(2));
            case NEITHER -> assertThat(asked).containsOnlyNulls().hasSize(5);
        }
        assertThat(call("GET", "/metrics", "").body())
                .contains("fetchback_tasks_unchanged_total 2", "fetchback_tasks_finished_total{state=\"succeeded\"} 5");
    }

    @Test
    void isShownToWhoWaitsAndHasNoResult() throws Exception {
        begin();
        String kept = call("POST", "/v1/tasks", task(",\"deliver\":null"), "prefer", "wait=20").body();
        assertThat(kept).contains("\"body\":\"version 1\"").doesNotContain("unchanged");
        HttpResponse<String> same = call("POST", "/v1/tasks", task(",\"deliver\":null"), "prefer", "wait=20");
        assertThat(same.statusCode()).isEqualTo(200);
        assertThat(same.body()).contains("\"unchanged\":true", "\"status\":304").doesNotContain("\"body\"");
        assertThat(field(same.body(), "sha256")).isEqualTo(field(kept, "sha256"));
        HttpResponse<String> result = call("GET", "/v1/tasks/" + field(same.body(), "id") + "/result", "");
        assertThat(result.statusCode()).isEqualTo(404);
        assertThat(result.body()).contains("no_result", "same as the last time");
        assertThat(call("GET", "/v1/tasks/" + field(kept, "id") + "/result", "").body()).isEqualTo("version 1");
        assertThat(receiver.seen).isEmpty();
    }

    @Test
    void survivesARestart() throws Exception {
        begin();
        assertDelivered(finished(submit(task(""))), "version 1");
        server.close();
        begin();
        assertUnchanged(finished(submit(task(""))));
        version.set(2);
        assertDelivered(finished(submit(task(""))), "version 2");
    }

    @Test
    void isNotTakenUntilTheReceiverHasIt() throws Exception {
        receiverSays.set(500);
        begin();
        String dead = submit(task(",\"deliver\":{\"max_attempts\":2}"));
        assertThat(field(finished(dead), "state")).isEqualTo("dead");
        assertThat(List.of(receiver.next(), receiver.next())).allMatch(seen -> seen.text().contains("version 1"));

        String again = submit(task(",\"deliver\":{\"max_attempts\":1}"));
        assertThat(field(finished(again), "state")).as("still nobody has it").isEqualTo("dead");
        receiver.next();
        receiverSays.set(200);
        assertThat(call("POST", "/v1/tasks/" + dead + "/redrive", "").statusCode()).isBetween(200, 202);
        assertDelivered(finished(dead), "version 1");
        assertUnchanged(finished(submit(task(""))));
    }

    @Test
    void isTakenByALaterAttempt() throws Exception {
        receiverSays.set(500);
        start("--deliver-to", receiver.url("/hook"), "--deliver-schedule", "0s,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms,20ms");
        String id = submit(task(""));
        receiver.next();
        receiverSays.set(200);
        String status = finished(id);
        assertThat(field(status, "state")).as(status).isEqualTo("succeeded");
        assertUnchanged(finished(submit(task(""))));
    }

    @Test
    void anOlderPageThatIsRedrivenDoesNotSetItBack() throws Exception {
        receiverSays.set(500);
        begin();
        String old = submit(task(",\"deliver\":{\"max_attempts\":1}"));
        assertThat(field(finished(old), "state")).isEqualTo("dead");
        receiver.next();
        receiverSays.set(200);
        version.set(2);
        assertDelivered(finished(submit(task(""))), "version 2");
        call("POST", "/v1/tasks/" + old + "/redrive", "");
        assertDelivered(finished(old), "version 1");
        assertUnchanged(finished(submit(task(""))));
    }

    @Test
    void aRetryOfTheTaskComparesToo() throws Exception {
        begin();
        String id = submit(task(""));
        assertDelivered(finished(id), "version 1");
        call("POST", "/v1/tasks/" + id + "/retry", "");
        assertUnchanged(finished(id));
        version.set(2);
        call("POST", "/v1/tasks/" + id + "/retry", "");
        assertDelivered(finished(id), "version 2");
    }

    @Test
    void eachTokenHasItsOwnMemoryAndSoHasEachHeader() throws Exception {
        start(Map.of("FETCHBACK_API_TOKENS", "ann:" + ANN + ",bob:" + BOB), "--deliver-to", receiver.url("/hook"));
        String[] ann = {"authorization", "Bearer " + ANN};
        String[] bob = {"authorization", "Bearer " + BOB};
        assertDelivered(finished(submit(task(""), ann), ann), "version 1");
        assertUnchanged(finished(submit(task(""), ann), ann));
        assertDelivered(finished(submit(task(""), bob), bob), "version 1");
        assertThat(pages.seen).extracting(seen -> seen.headers().get("if-none-match")).as("nor does bob's ask with ann's tag")
                .containsExactly(null, "\"v1\"", null);
        String german = task(",\"headers\":{\"Accept-Language\":\"de\"}");
        assertDelivered(finished(submit(german, ann), ann), "version 1");
        assertUnchanged(finished(submit(german, ann), ann));
    }

    @Test
    void aTaskWithoutItNeitherAsksNorRemembers() throws Exception {
        begin();
        String plain = "{\"url\":\"" + pages.url("/p?q=1") + "\"}";
        assertDelivered(finished(submit(plain)), "version 1");
        assertDelivered(finished(submit(task(""))), "version 1");
        assertDelivered(finished(submit(plain)), "version 1");
        assertThat(pages.seen).extracting(seen -> seen.headers().get("if-none-match")).containsOnlyNulls();
    }

    @Test
    void twoAtOnceMayBothDeliverAndTheNextDoesNot() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        pages = web(seen -> {
            both.countDown();
            try {
                both.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return page(seen);
        });
        begin();
        List<String> ids = List.of(submit(task("")), submit(task("")));
        for (String id : ids) {
            assertDelivered(finished(id), "version 1");
        }
        assertUnchanged(finished(submit(task(""))));
    }

    @Test
    void aBatchCountsItAsSucceeded() throws Exception {
        begin();
        assertDelivered(finished(submit(task(""))), "version 1");
        HttpResponse<String> batch =
                call("POST", "/v1/batches", task("") + "\n", "content-type", "application/x-ndjson");
        String id = field(batch.body(), "id");
        Matcher member = Pattern.compile("tsk_[0-9A-Z]{26}").matcher(call("GET", "/v1/tasks?batch=" + id, "").body());
        assertThat(member.find()).isTrue();
        assertUnchanged(finished(member.group()));
        assertThat(call("GET", "/v1/batches/" + id, "").body()).contains("\"done\":true", "\"succeeded\":1");
    }

    @Test
    void aServerThatAnswers304ToEverythingFailsTheTask() throws Exception {
        pages = web(seen -> Web.Answer.of(304));
        begin();
        String status = finished(submit(task("")));
        assertThat(field(status, "state")).as(status).isEqualTo("failed");
        assertThat(receiver.next().text()).contains("task.failed", "\"status\":304");
        assertThat(pages.seen).hasSize(1);
    }

    @Test
    void conditionsOfTheCallersOwnAreRefused() throws Exception {
        begin();
        HttpResponse<String> refused = call("POST", "/v1/tasks", task(",\"headers\":{\"If-None-Match\":\"x\"}"));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("conflicting_fields", "\"/headers/If-None-Match\"");
    }
}
