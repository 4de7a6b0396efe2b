package dev.fetchback.deliver;

import dev.fetchback.deliver.DeliverSettings.Breaker;
import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.DeliverOptions.Mode;
import dev.fetchback.task.DeliverOptions.Spool;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.work.Body;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.Parcel;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Gives a test a delivery step with a receiver, a clock and a registry of its own. */
abstract class StepFixture {
    static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    static final String OTHER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    static final byte[] PAGE = Pages.html(new Random(1), 3000);
    static final int INLINE_MAX = 100_000;

    final FakePost post = new FakePost();
    final AtomicLong millis = new AtomicLong(1_795_355_500_000L);
    final List<ReceiverRecord> saved = new ArrayList<>();
    final PrometheusRegistry registry = new PrometheusRegistry();
    final Envelope envelope = new Envelope(INLINE_MAX, new LinkSigner(new byte[32], "https://fb.example"));
    Endpoints endpoints;
    DeliverStep step = step(settings(null, Limits.DEFAULT));

    DeliverStep step(DeliverSettings settings) {
        registry.clear();
        endpoints = new Endpoints(settings, Pages.NONE_IN_PROCESS, millis::get, saved::add);
        var surroundings = new DeliverStep.Surroundings(millis::get, System::nanoTime, new Random(5));
        step = new DeliverStep(post, Pages.NONE_IN_PROCESS, endpoints, envelope, settings, surroundings, registry);
        return step;
    }

    static DeliverSettings settings(@Nullable String secret, Limits limits) {
        return new DeliverSettings(secret, "Fetchback/test", INLINE_MAX, limits, Breaker.DEFAULT);
    }

    static DeliverOptions deliver(Mode mode, @Nullable String secret) {
        List<Header> own = List.of(new Header("x-own", "yes"));
        return new DeliverOptions(Pages.TO, mode, own, secret, Duration.ofSeconds(7), 10, Spool.WHEN_NEEDED);
    }

    DeliverResult send() throws InterruptedException {
        return sendTo(Pages.TO);
    }

    DeliverResult sendTo(String url) throws InterruptedException {
        Parcel parcel = new Parcel(Pages.fetched(PAGE), new Bytes(PAGE), null, 1, false, () -> {});
        return step.run(Pages.task(url, null), Pages.spec(DeliverOptions.to(url)), parcel);
    }

    DeliverResult run(Outcome outcome, DeliverOptions deliver, int attempt, boolean stored) throws InterruptedException {
        return step.run(Pages.task(), Pages.spec(deliver), new Parcel(outcome, new Bytes(PAGE), null, attempt, stored, () -> {}));
    }

    DeliverResult sendPage(byte[] page, Mode mode, boolean stored) throws InterruptedException {
        return run(new Bytes(page), Pages.fetched(page), deliver(mode, null), stored);
    }

    DeliverResult run(@Nullable Body body, Outcome outcome, DeliverOptions deliver, boolean stored)
            throws InterruptedException {
        return step.run(Pages.task(), Pages.spec(deliver), new Parcel(outcome, body, null, 1, stored, () -> {}));
    }

    static String signed(String secret, String id, byte[] body) {
        return Signer.of(secret).begin(id, 1_795_355_500L).update(body, 0, body.length).end();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> data(FakePost.Sent sent) {
        return (Map<String, Object>) Json.object(sent.body()).get("data");
    }
}
