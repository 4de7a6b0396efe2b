package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.OnEachEngine;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a robots.txt means to tasks, counted at the server that has it and told to the receiver. */
@Timeout(60)
@OnEachEngine
@Tag("alone")
final class RobotsEndToEndTest extends EndToEndFixture {
    private static final Web.Answer DENY_PRIVATE = Web.Answer.of(200, "User-agent: Fetchback\nDisallow: /private\n");
    private static final Web.Answer DENY_ALL = Web.Answer.of(200, "User-agent: *\nDisallow: /\n");

    @Test
    void aHundredTasksOfOneHostAskOnceAndDeniedPagesNever() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"), DENY_PRIVATE);
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-concurrency", "50", "--fetch-per-address-concurrency", "50");
        StringBuilder batch = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            batch.append("{\"url\":\"").append(pages.url((i % 2 == 0 ? "/private/" : "/public/") + i)).append("\"}\n");
        }
        assertThat(call("POST", "/v1/batches", batch.toString(), "content-type", "application/x-ndjson").statusCode())
                .isEqualTo(202);
        List<String> told = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            told.add(receiver.next().text());
        }
        assertThat(told).filteredOn(text -> text.contains("\"type\":\"task.succeeded\"")).hasSize(50);
        assertThat(told).filteredOn(text -> text.contains("\"type\":\"task.failed\"")).hasSize(50)
                .allMatch(text -> text.contains("\"robots_denied\"") && text.contains(pages.url("/robots.txt")));
        assertThat(pages.robots).hasValue(1);
        assertThat(pages.seen).hasSize(50).allMatch(seen -> seen.path().startsWith("/public/"));
    }

    @Test
    void aDeniedTaskFailsAtOnceForGood() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"), DENY_ALL);
        start();
        String status = finished(submit("{\"url\":\"" + pages.url("/a") + "\",\"deliver\":null}"));
        assertThat(field(status, "state")).isEqualTo("failed");
        assertThat(status).contains("\"robots_denied\"");
        assertThat(pages.seen).isEmpty();
        assertThat(call("GET", "/metrics", "").body()).contains("fetchback_robots_refused_total{reason=\"denied\"} 1.0");
    }

    @Test
    void aHostWhoseFileCannotBeReadIsLeftAloneAsLongAsItSays() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"), new Web.Answer(503, Map.of("Retry-After", "3000"), new byte[0]));
        start();
        long before = System.currentTimeMillis();
        HttpResponse<String> answer =
                call("POST", "/v1/tasks", "{\"url\":\"" + pages.url("/a") + "\",\"deliver\":null}", "prefer", "wait=1");
        String status = call("GET", "/v1/tasks/" + field(answer.body(), "id"), "").body();
        assertThat(status).contains("\"state\":\"queued\"", "\"waiting_on\":{\"kind\":\"host_backoff\"", "\"robots_unreachable\"");
        String next = field(status, "next_attempt_at");
        assertThat(Instant.parse(next).toEpochMilli()).isGreaterThanOrEqualTo(before + 3_000_000);
        assertThat(pages.robots).hasValue(1);
        assertThat(pages.seen).isEmpty();
    }

    @Test
    void whereTheOperatorIgnoresItNobodyIsAskedUnlessATaskWants() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"), DENY_ALL);
        start("--fetch-robots", "ignore");
        String url = "{\"url\":\"" + pages.url("/a") + "\",\"deliver\":null";
        assertThat(field(finished(submit(url + "}")), "state")).isEqualTo("succeeded");
        assertThat(field(finished(submit(url + ",\"fetch\":{\"robots\":\"ignore\"}}")), "state")).isEqualTo("succeeded");
        assertThat(pages.robots).hasValue(0);
        assertThat(field(finished(submit(url + ",\"fetch\":{\"robots\":\"obey\"}}")), "state")).isEqualTo("failed");
        assertThat(pages.seen).hasSize(2);
        assertThat(pages.robots).hasValue(1);
    }

    @Test
    void anOperatorWhoObeysAgainObeysForTasksThatWaitedToo() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"), DENY_ALL);
        start("--fetch-robots", "ignore");
        String id = submit("{\"url\":\"" + pages.url("/a") + "\",\"deliver\":null,\"delay\":\"2s\",\"fetch\":{\"robots\":\"ignore\"}}");
        server.close();
        start();
        assertThat(finished(id)).contains("\"failed\"", "robots_denied");
        assertThat(pages.seen).isEmpty();
    }

    @Test
    void aCrawlDelayIsKept() throws Exception {
        List<Long> cameAt = Collections.synchronizedList(new ArrayList<>());
        Web pages = web(seen -> {
            cameAt.add(System.nanoTime());
            return Web.Answer.of(200, "page");
        }, Web.Answer.of(200, "User-agent: *\nCrawl-delay: 0.7\n"));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "300ms");
        for (int i = 0; i < 4; i++) {
            submit("{\"url\":\"" + pages.url("/" + i) + "\"}");
        }
        for (int i = 0; i < 4; i++) {
            receiver.next();
        }
        // The way from a start to the page's server varies by some milliseconds.
        for (int i = 1; i < cameAt.size(); i++) {
            assertThat(TimeUnit.NANOSECONDS.toMillis(cameAt.get(i) - cameAt.get(i - 1))).as("ms before page %d", i)
                    .isGreaterThanOrEqualTo(500);
        }
    }

    @Test
    void withoutAGapOfTheOperatorsACrawlDelayIsNotHeeded() throws Exception {
        Web pages = web(seen -> Web.Answer.of(200, "page"), Web.Answer.of(200, "User-agent: *\nCrawl-delay: 30\n"));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"));
        for (int i = 0; i < 10; i++) {
            submit("{\"url\":\"" + pages.url("/" + i) + "\"}");
        }
        for (int i = 0; i < 10; i++) {
            receiver.next(); // would take minutes
        }
    }
}
