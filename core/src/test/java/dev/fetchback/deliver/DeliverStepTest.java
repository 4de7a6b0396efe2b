package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.DeliverOptions.Mode;
import dev.fetchback.task.DeliverOptions.Spool;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.DeliverResult.Accepted;
import dev.fetchback.work.DeliverResult.StoreFirst;
import dev.fetchback.work.Parcel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(30)
class DeliverStepTest extends StepFixture {
    @Test
    void sendsASignedEnvelope() throws Exception {
        step(settings(SECRET, Limits.DEFAULT));
        DeliverResult result = run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), 3, false);
        assertThat(result).isEqualTo(new Accepted(false));
        FakePost.Sent sent = post.sent.getFirst();
        String id = Pages.ID + "_page";
        assertThat(sent.letter().url()).isEqualTo(Pages.TO);
        assertThat(sent.letter().timeout()).isEqualTo(Duration.ofSeconds(7));
        assertThat(sent.headers())
                .containsEntry("content-type", "application/json")
                .containsEntry("webhook-id", id)
                .containsEntry("webhook-timestamp", "1795355500")
                .containsEntry("webhook-signature", signed(SECRET, id, sent.body()))
                .containsEntry("fetchback-task-id", Pages.ID.toString())
                .containsEntry("fetchback-attempt", "3")
                .containsEntry("user-agent", "Fetchback/test")
                .containsEntry("x-own", "yes")
                .hasEntrySatisfying("traceparent", parent -> assertThat(parent)
                        .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01")
                        .contains(String.format("%016x%016x", Pages.ID.high(), Pages.ID.low())));
        assertThat(data(sent)).containsEntry("body", new String(PAGE, StandardCharsets.UTF_8));
    }

    @Test
    void aTasksOwnSecretCountsMoreThanTheOperators() throws Exception {
        step(settings(SECRET, Limits.DEFAULT));
        run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, OTHER_SECRET), 1, false);
        FakePost.Sent sent = post.sent.getFirst();
        String signature = signed(OTHER_SECRET, Pages.ID + "_page", sent.body());
        assertThat(sent.headers()).containsEntry("webhook-signature", signature);
    }

    @Test
    void withoutASecretNothingIsSigned() throws Exception {
        run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), 1, false);
        assertThat(post.sent.getFirst().headers())
                .doesNotContainKey("webhook-signature")
                .containsKeys("webhook-id", "webhook-timestamp");
    }

    @Test
    void theBytesAreTheSameOnEveryAttempt() throws Exception {
        run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), 1, false);
        millis.addAndGet(100_000);
        Outcome.Fetched stored = new Outcome.Fetched(Pages.fetched(PAGE).page(), Outcome.Fetched.WHILE_NEEDED);
        run(stored, deliver(Mode.ENVELOPE, null), 2, true);
        assertThat(post.sent.get(1).body()).isEqualTo(post.sent.get(0).body());
        assertThat(post.sent.get(1).headers().get("webhook-id")).isEqualTo(post.sent.get(0).headers().get("webhook-id"));
        assertThat(post.sent.get(1).headers().get("traceparent")).isNotEqualTo(post.sent.get(0).headers().get("traceparent"));
    }

    @Test
    void theIdTellsOutcomesApart() {
        Task first = Pages.task();
        Task.Progress p = first.progress();
        Task again = new Task(first.id(), first.plan(), first.phase(), 0, first.fence(),
                new Task.Progress(2, 1, 0, 1, null, null, false, p.finishedAt()));
        Outcome page = Pages.fetched(PAGE);
        Outcome failed = new Outcome.Failed(new Problem("dns_failed", null, 0), 1);
        Outcome expired = new Outcome.Failed(new Problem(Problem.EXPIRED, null, 0), 1);
        assertThat(Webhook.id(first, page)).isEqualTo(Pages.ID + "_page");
        assertThat(Webhook.id(first, failed)).isEqualTo(Pages.ID + "_failed");
        assertThat(Webhook.id(first, expired)).isEqualTo(Pages.ID + "_expired");
        assertThat(Webhook.id(again, page)).isEqualTo(Pages.ID + "_page_2");
    }

    @Test
    void ownHeadersChangeNothingOfOurs() throws Exception {
        DeliverOptions deliver = new DeliverOptions(
                Pages.TO,
                Mode.ENVELOPE,
                List.of(
                        new Header("Webhook-Id", "forged"),
                        new Header("Content-Type", "text/plain"),
                        new Header("FETCHBACK-attempt", "9"),
                        new Header("User-Agent", "mine"),
                        new Header("Authorization", "Bearer x")),
                null,
                Duration.ofSeconds(7),
                10,
                Spool.WHEN_NEEDED);
        run(Pages.fetched(PAGE), deliver, 1, false);
        assertThat(post.sent.getFirst().headers())
                .doesNotContainKeys("Webhook-Id", "Content-Type", "FETCHBACK-attempt", "user-agent")
                .containsEntry("User-Agent", "mine")
                .containsEntry("Authorization", "Bearer x")
                .containsEntry("webhook-id", Pages.ID + "_page");
    }

    @Test
    void processedSendsOnlyWhatCameOfProcessing() throws Exception {
        step(settings(SECRET, Limits.DEFAULT));
        byte[] results = "{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_8);
        byte[] big = new byte[1 << 20]; // which would be a link in an envelope
        for (Mode mode : new Mode[] {Mode.PROCESSED, Mode.NOTIFY}) {
            Outcome outcome = Pages.fetched(big).processed(new Processed(results.length, Map.of()));
            DeliverResult result = step.run(Pages.task(), Pages.spec(deliver(mode, null)),
                    new Parcel(outcome, new Bytes(big), new Bytes(results), 1, false, () -> {}));
            assertThat(result).isEqualTo(new DeliverResult.Accepted(false));
            FakePost.Sent sent = post.sent.getLast();
            assertThat(sent.headers())
                    .containsEntry("content-type", "application/json")
                    .containsEntry("webhook-signature", signed(SECRET, Pages.ID + "_page", sent.body()));
            assertThat(new String(sent.body(), StandardCharsets.UTF_8)).contains("\"processed\":{\"text\":\"a\"}").doesNotContain("\"body");
        }
        assertThat(new String(post.sent.getFirst().body(), StandardCharsets.UTF_8)).doesNotContain("\"headers\"");
        assertThat(new String(post.sent.getLast().body(), StandardCharsets.UTF_8)).contains("\"headers\"");
    }

    @Test
    void rawSendsThePageItself() throws Exception {
        step(settings(SECRET, Limits.DEFAULT));
        run(Pages.fetched(PAGE), deliver(Mode.RAW, null), 1, false);
        FakePost.Sent sent = post.sent.getFirst();
        assertThat(sent.body()).isEqualTo(PAGE);
        assertThat(sent.headers())
                .containsEntry("content-type", "text/html; charset=utf-8")
                .containsEntry("webhook-signature", signed(SECRET, Pages.ID + "_page", PAGE))
                .containsEntry("fetchback-type", "task.succeeded")
                .containsEntry("fetchback-status", "200")
                .containsEntry("fetchback-url", "https://example.com/p/1?q=a&b=%C3%BC")
                .containsEntry("fetchback-final-url", "https://example.com/p/1")
                .containsEntry("fetchback-fetched-at", "2026-11-22T13:50:02.512Z")
                .containsEntry("fetchback-sha256", Pages.sha256(PAGE))
                .containsEntry("fetchback-bytes", Integer.toString(PAGE.length))
                .containsEntry("fetchback-labels", "[\"nightly\",\"x\"]")
                .containsEntry(
                        "fetchback-metadata",
                        "{\"order\":\"42\",\"a \\\"b\\\"\":\"zeile\\n\\u00e4\\ud83d\\ude00\"}");
        sent.headers().forEach((name, value) -> assertThat(value).as(name).matches("[ -~]*"));
    }

    @Test
    void aLongRawPageIsStreamedAndSigned() throws Exception {
        step(settings(SECRET, Limits.DEFAULT));
        byte[] page = new byte[Letters.RAW_IN_MEMORY_MAX + 100_001];
        new Random(3).nextBytes(page);
        DeliverResult result = run(new Bytes(page), Pages.fetched(page, null), deliver(Mode.RAW, null), true);
        assertThat(result).isEqualTo(new Accepted(false));
        FakePost.Sent sent = post.sent.getFirst();
        assertThat(sent.letter().content()).isInstanceOf(Post.Content.Streamed.class);
        assertThat(sent.body()).isEqualTo(page);
        assertThat(sent.headers())
                .containsEntry("content-type", "application/octet-stream")
                .containsEntry("webhook-signature", signed(SECRET, Pages.ID + "_page", page));
    }

    @Test
    void rawHeadersThatDoNotFitAreLeftOut() throws Exception {
        TaskSpec spec = Pages.spec(deliver(Mode.RAW, null));
        TaskSpec.Tags tags = new TaskSpec.Tags(null, null, List.of("l".repeat(3000)), Map.of("big", "m".repeat(5000)));
        TaskSpec big = new TaskSpec(spec.url(), spec.request(), spec.fetch(), List.of(), spec.deliver(), spec.schedule(), tags);
        step.run(Pages.task(), big, new Parcel(Pages.fetched(PAGE), new Bytes(PAGE), null, 1, false, () -> {}));
        Map<String, String> headers = post.sent.getFirst().headers();
        assertThat(headers).doesNotContainKey("fetchback-metadata").containsKey("fetchback-labels");
        int bytes = headers.entrySet().stream().mapToInt(e -> e.getKey().length() + e.getValue().length() + 4).sum();
        assertThat(bytes).isLessThan(8000);
    }

    @Test
    void notifySendsNoBodyAndNeedsNoStore() throws Exception {
        byte[] page = Pages.html(new Random(1), INLINE_MAX + 1);
        assertThat(sendPage(page, Mode.NOTIFY, false)).isEqualTo(new Accepted(false));
        assertThat(data(post.sent.getFirst())).containsKey("sha256").doesNotContainKeys("body", "body_base64", "body_url");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void failuresAreAlwaysJson(Mode mode) throws Exception {
        Outcome failed = new Outcome.Failed(new Problem("dns_failed", "The name could not be resolved.", 0), 1_795_355_000_000L);
        assertThat(run(null, failed, deliver(mode, null), true)).isEqualTo(new Accepted(false));
        FakePost.Sent sent = post.sent.getFirst();
        assertThat(sent.headers())
                .containsEntry("content-type", "application/json")
                .containsEntry("webhook-id", Pages.ID + "_failed");
        assertThat(Json.object(sent.body())).containsEntry("type", "task.failed");
        assertThat(data(sent)).containsKey("error");
    }

    @Test
    void aLongPageIsStoredFirstThenLinked() throws Exception {
        byte[] page = Pages.html(new Random(1), INLINE_MAX + 1);
        assertThat(sendPage(page, Mode.ENVELOPE, false)).isEqualTo(new StoreFirst());
        assertThat(post.sent).isEmpty();
        assertThat(sendPage(page, Mode.ENVELOPE, true)).isEqualTo(new Accepted(true));
        String link = "https://fb.example/v1/tasks/" + Pages.ID + "/result?";
        assertThat(data(post.sent.getFirst()).get("body_url")).asString().startsWith(link);
    }
}
