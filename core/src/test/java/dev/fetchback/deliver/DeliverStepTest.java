package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.deliver.DeliverSettings.Breaker;
import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.DeliverOptions.Mode;
import dev.fetchback.task.DeliverOptions.Spool;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.DeliverResult.Accepted;
import dev.fetchback.work.DeliverResult.Refused;
import dev.fetchback.work.DeliverResult.StoreFirst;
import dev.fetchback.work.Parcel;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class DeliverStepTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String OTHER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private static final byte[] PAGE = Pages.html(new Random(1), 3000);
    private static final int INLINE_MAX = 100_000;

    private final FakePost post = new FakePost();
    private final AtomicLong millis = new AtomicLong(1_795_355_500_000L);
    private final List<ReceiverRecord> saved = new ArrayList<>();
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Envelope envelope = new Envelope(INLINE_MAX, new LinkSigner(new byte[32], "https://fb.example"));
    private Endpoints endpoints;
    private DeliverStep step = step(settings(null, Limits.DEFAULT));

    @Test
    void sendsASignedEnvelope() throws Exception {
        step = step(settings(SECRET, Limits.DEFAULT));
        assertThat(run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), 3, false)).isEqualTo(new Accepted(false));
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
        step = step(settings(SECRET, Limits.DEFAULT));
        run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, OTHER_SECRET), 1, false);
        FakePost.Sent sent = post.sent.getFirst();
        assertThat(sent.headers()).containsEntry("webhook-signature", signed(OTHER_SECRET, Pages.ID + "_page", sent.body()));
    }

    @Test
    void withoutASecretNothingIsSigned() throws Exception {
        run(Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), 1, false);
        assertThat(post.sent.getFirst().headers()).doesNotContainKey("webhook-signature").containsKeys("webhook-id", "webhook-timestamp");
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
                new Task.Progress(2, 1, 1, null, null, false, p.finishedAt()));
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
    void rawSendsThePageItself() throws Exception {
        step = step(settings(SECRET, Limits.DEFAULT));
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
                .hasEntrySatisfying("fetchback-metadata", json -> assertThat(Json.object(json.getBytes(StandardCharsets.US_ASCII)))
                        .isEqualTo(Map.of("order", "42", "a \"b\"", "zeile\n\u00e4\ud83d\ude00")));
        sent.headers().forEach((name, value) -> assertThat(value).as(name).matches("[ -~]*"));
    }

    @Test
    void aLongRawPageIsStreamedAndSigned() throws Exception {
        step = step(settings(SECRET, Limits.DEFAULT));
        byte[] page = new byte[Letters.RAW_IN_MEMORY_MAX + 100_001];
        new Random(3).nextBytes(page);
        assertThat(run(new MemoryBody(page), Pages.fetched(page, null), deliver(Mode.RAW, null), true)).isEqualTo(new Accepted(false));
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
        TaskSpec big = new TaskSpec(spec.url(), spec.request(), spec.fetch(), spec.deliver(), spec.schedule(), tags);
        step.run(Pages.task(), big, new Parcel(Pages.fetched(PAGE), new MemoryBody(PAGE), 1, false));
        Map<String, String> headers = post.sent.getFirst().headers();
        assertThat(headers).doesNotContainKey("fetchback-metadata").containsKey("fetchback-labels");
        assertThat(headers.entrySet().stream().mapToInt(e -> e.getKey().length() + e.getValue().length() + 4).sum()).isLessThan(8000);
    }

    @Test
    void notifySendsNoBodyAndNeedsNoStore() throws Exception {
        byte[] page = Pages.html(new Random(1), INLINE_MAX + 1);
        assertThat(run(new MemoryBody(page), Pages.fetched(page), deliver(Mode.NOTIFY, null), false)).isEqualTo(new Accepted(false));
        assertThat(data(post.sent.getFirst())).containsKey("sha256").doesNotContainKeys("body", "body_base64", "body_url");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void failuresAreAlwaysJson(Mode mode) throws Exception {
        Outcome failed = new Outcome.Failed(new Problem("dns_failed", "The name could not be resolved.", 0), 1_795_355_000_000L);
        assertThat(run(null, failed, deliver(mode, null), true)).isEqualTo(new Accepted(false));
        FakePost.Sent sent = post.sent.getFirst();
        assertThat(sent.headers()).containsEntry("content-type", "application/json").containsEntry("webhook-id", Pages.ID + "_failed");
        assertThat(Json.object(sent.body())).containsEntry("type", "task.failed");
        assertThat(data(sent)).containsKey("error");
    }

    @Test
    void aLongPageIsStoredFirstThenLinked() throws Exception {
        byte[] page = Pages.html(new Random(1), INLINE_MAX + 1);
        assertThat(run(new MemoryBody(page), Pages.fetched(page), deliver(Mode.ENVELOPE, null), false)).isEqualTo(new StoreFirst());
        assertThat(post.sent).isEmpty();
        assertThat(run(new MemoryBody(page), Pages.fetched(page), deliver(Mode.ENVELOPE, null), true)).isEqualTo(new Accepted(true));
        assertThat(data(post.sent.getFirst()).get("body_url")).asString().startsWith("https://fb.example/v1/tasks/" + Pages.ID + "/result?");
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 199, 300, 301, 302, 304, 307, 308, 400, 404, 410, 429, 500, 503, 599})
    void everythingButA2xxIsRefused(int status) throws Exception {
        post.answer(status);
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(Problem.HTTP_STATUS);
            assertThat(refused.problem().status()).isEqualTo(status);
            assertThat(refused.problem().detail()).contains(Integer.toString(status));
            assertThat(refused.notBefore()).isZero();
        });
        assertThat(post.sent).as("a redirect is not followed, nothing is repeated").hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void aRetryAfterHoldsTheWholeEndpoint(int status) throws Exception {
        long until = millis.get() + 120_000;
        post.answering = letter -> new Post.Reply.Answer(status, "120");
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.notBefore()).isEqualTo(until));
        assertThat(saved).singleElement().satisfies(one -> assertThat(one.until()).isEqualTo(until));
        post.answer(200);
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(Problem.RECEIVER_STOPPED);
            assertThat(refused.notBefore()).isEqualTo(until);
        });
        assertThat(post.sent).hasSize(1);
        millis.set(until);
        assertThat(send()).isEqualTo(new Accepted(false));
    }

    @Test
    void aRetryAfterOfAnotherStatusIsNotHeeded() throws Exception {
        post.answering = letter -> new Post.Reply.Answer(500, "120");
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.notBefore()).isZero());
    }

    @Test
    void goneStopsTheEndpointUntilItIsResumed() throws Exception {
        post.answer(410);
        send();
        post.answer(200);
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(Problem.RECEIVER_STOPPED);
            assertThat(refused.problem().detail()).contains("410");
            assertThat(refused.notBefore()).isZero();
        });
        String id = Pages.receiverId(Pages.TO);
        assertThat(saved).singleElement().satisfies(one -> {
            assertThat(one.id()).isEqualTo(id).matches("rcv_[0-9A-HJKMNP-TV-Z]{16}");
            assertThat(one.endpoint()).isEqualTo("https://api.example/hooks");
            assertThat(one.status()).isEqualTo(ReceiverRecord.Status.GONE);
        });
        assertThat(endpoints.resume(id)).isTrue();
        assertThat(send()).isEqualTo(new Accepted(false));
    }

    @Test
    void failuresOpenTheBreakerOfThisEndpointOnly() throws Exception {
        post.answering = letter -> letter.url().equals(Pages.TO)
                ? new Post.Reply.NoAnswer(new Problem("connect_failed", "No connection.", 0))
                : new Post.Reply.Answer(200, null);
        for (int i = 0; i < 5; i++) {
            assertThat(send()).isInstanceOfSatisfying(
                    Refused.class, refused -> assertThat(refused.problem().code()).isEqualTo("connect_failed"));
        }
        assertThat(send()).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(Problem.RECEIVER_STOPPED);
            assertThat(refused.notBefore()).isEqualTo(millis.get() + 10_000);
        });
        assertThat(post.sent).hasSize(5);
        assertThat(sendTo("https://api.example/other")).isEqualTo(new Accepted(false));
        millis.addAndGet(10_000);
        post.answer(200);
        assertThat(send()).isEqualTo(new Accepted(false));
        assertThat(saved).extracting(ReceiverRecord::status).containsExactly(ReceiverRecord.Status.BROKEN, ReceiverRecord.Status.ACTIVE);
    }

    @Test
    void aBusyEndpointIsWaitedForThenGivenUpAndDelaysNoOther() throws Exception {
        step = step(settings(null, new Limits(2, 128, Duration.ofMillis(50), 64, 64 << 20, 1000)));
        Semaphore gate = new Semaphore(0);
        CountDownLatch arrived = new CountDownLatch(2);
        post.answering = letter -> {
            if (letter.url().equals(Pages.TO)) {
                arrived.countDown();
                gate.acquire();
            }
            return new Post.Reply.Answer(200, null);
        };
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<DeliverResult>> slow = List.of(threads.submit(this::send), threads.submit(this::send));
            assertThat(arrived.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(send()).as("from memory").isEqualTo(new StoreFirst());
            assertThat(run(new MemoryBody(PAGE), Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), true))
                    .as("stored already")
                    .isEqualTo(new StoreFirst());
            assertThat(sendTo("https://api.example/other")).isEqualTo(new Accepted(false));
            gate.release(10);
            for (Future<DeliverResult> one : slow) {
                assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo(new Accepted(false));
            }
        }
        assertThat(send()).isEqualTo(new Accepted(false));
    }

    @Test
    void whoWaitsIsServedWhenAPlaceIsFree() throws Exception {
        step = step(settings(null, new Limits(1, 128, Duration.ofSeconds(20), 1000, 64 << 20, 1000)));
        post.answering = letter -> {
            Thread.yield();
            return new Post.Reply.Answer(200, null);
        };
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<DeliverResult>> all = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                all.add(threads.submit(this::send));
            }
            for (Future<DeliverResult> one : all) {
                assertThat(one.get(20, TimeUnit.SECONDS)).isEqualTo(new Accepted(false));
            }
        }
    }

    @Test
    void envelopesInMemoryAreBounded() throws Exception {
        step = step(settings(null, new Limits(32, 128, Duration.ofMillis(50), 64, 10_000, 1000)));
        Semaphore gate = new Semaphore(0);
        CountDownLatch arrived = new CountDownLatch(1);
        post.answering = letter -> {
            arrived.countDown();
            gate.acquire();
            return new Post.Reply.Answer(200, null);
        };
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<DeliverResult> first = threads.submit(this::send);
            assertThat(arrived.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(sendTo("https://other.example/")).isEqualTo(new StoreFirst());
            gate.release(10);
            assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(new Accepted(false));
            assertThat(sendTo("https://other.example/")).isEqualTo(new Accepted(false));
        }
    }

    @Test
    void whatIsInterruptedGivesItsPlaceBack() throws Exception {
        step = step(settings(null, new Limits(1, 1, Duration.ofMillis(50), 64, 64 << 20, 1000)));
        post.answering = letter -> {
            throw new InterruptedException("drain");
        };
        assertThatThrownBy(this::send).isInstanceOf(InterruptedException.class);
        post.answer(200);
        assertThat(send()).isEqualTo(new Accepted(false));
        assertThat(endpoints.records()).singleElement().satisfies(one -> assertThat(one.failures()).isZero());
    }

    @Test
    void aPageThatCannotBeReadBlamesNobody() throws Exception {
        Body broken = new Body() {
            @Override
            public long length() {
                return PAGE.length;
            }

            @Override
            public byte[] bytes() throws IOException {
                throw new IOException("disk");
            }

            @Override
            public InputStream open() throws IOException {
                throw new IOException("disk");
            }

            @Override
            public void close() {
                // Nothing to give back.
            }
        };
        assertThat(run(broken, Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), true)).isInstanceOfSatisfying(
                Refused.class, refused -> assertThat(refused.problem().code()).isEqualTo(Problem.INTERNAL));
        assertThat(endpoints.records()).singleElement().satisfies(one -> assertThat(one.failures()).isZero());
    }

    @Test
    void countsWhatItDoes() throws Exception {
        send();
        post.answer(500);
        send();
        post.answer(410);
        send();
        send();
        assertThat(metric("fetchback_deliveries", CounterSnapshot.class).getDataPoints())
                .filteredOn(point -> point.getValue() > 0)
                .extracting(point -> point.getLabels().get("result") + "=" + (int) point.getValue())
                .containsExactlyInAnyOrder("accepted=1", "refused=2", "stopped=1");
        assertThat(metric("fetchback_delivery_seconds", HistogramSnapshot.class).getDataPoints().getFirst().getCount()).isEqualTo(3);
        assertThat(metric("fetchback_receivers", GaugeSnapshot.class).getDataPoints())
                .filteredOn(point -> point.getValue() > 0)
                .extracting(point -> point.getLabels().get("status"))
                .containsExactly("gone");
    }

    private <T extends MetricSnapshot> T metric(String name, Class<T> type) {
        return registry.scrape().stream()
                .filter(snapshot -> snapshot.getMetadata().getName().equals(name))
                .map(type::cast)
                .findFirst()
                .orElseThrow();
    }

    private DeliverStep step(DeliverSettings settings) {
        registry.clear();
        endpoints = new Endpoints(settings, millis::get, saved::add);
        var surroundings = new DeliverStep.Surroundings(millis::get, System::nanoTime, new Random(5));
        return new DeliverStep(post, endpoints, envelope, settings, surroundings, registry);
    }

    private static DeliverSettings settings(@Nullable String secret, Limits limits) {
        return new DeliverSettings(secret, "Fetchback/test", INLINE_MAX, limits, Breaker.DEFAULT);
    }

    private static DeliverOptions deliver(Mode mode, @Nullable String secret) {
        List<Header> own = List.of(new Header("x-own", "yes"));
        return new DeliverOptions(Pages.TO, mode, own, secret, Duration.ofSeconds(7), 10, Spool.WHEN_NEEDED);
    }

    private DeliverResult send() throws InterruptedException {
        return sendTo(Pages.TO);
    }

    private DeliverResult sendTo(String url) throws InterruptedException {
        Parcel parcel = new Parcel(Pages.fetched(PAGE), new MemoryBody(PAGE), 1, false);
        return step.run(Pages.task(url, null), Pages.spec(DeliverOptions.to(url)), parcel);
    }

    private DeliverResult run(Outcome outcome, DeliverOptions deliver, int attempt, boolean stored) throws InterruptedException {
        return step.run(Pages.task(), Pages.spec(deliver), new Parcel(outcome, new MemoryBody(PAGE), attempt, stored));
    }

    private DeliverResult run(@Nullable Body body, Outcome outcome, DeliverOptions deliver, boolean stored)
            throws InterruptedException {
        return step.run(Pages.task(), Pages.spec(deliver), new Parcel(outcome, body, 1, stored));
    }

    private static String signed(String secret, String id, byte[] body) {
        return Signer.of(secret).begin(id, 1_795_355_500L).update(body, 0, body.length).end();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> data(FakePost.Sent sent) {
        return (Map<String, Object>) Json.object(sent.body()).get("data");
    }
}
