package dev.fetchback.deliver;

import dev.fetchback.deliver.DeliverSettings.Breaker;
import dev.fetchback.deliver.DeliverSettings.Limits;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.Random;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A real delivery step whose receivers are this object, for tests of other packages. */
public final class FakeReceiver {
    public static final String URL = "https://api.example/hooks";
    public static final String ID = Pages.receiverId(URL);

    public final DeliverStep step;
    public final Endpoints endpoints;
    private final FakePost post = new FakePost();
    private long nanos;
    private long tick = Duration.ofSeconds(1).toNanos();

    public FakeReceiver(Limits limits, LongSupplier clock, Endpoints.Listener listener) {
        DeliverSettings settings = new DeliverSettings(null, "test", 100_000, limits, Breaker.DEFAULT);
        endpoints = new Endpoints(settings, Pages.NONE_IN_PROCESS, clock, listener);
        Envelope envelope = new Envelope(100_000, new LinkSigner(new byte[32], "https://fb.example"));
        step = new DeliverStep(post, Pages.NONE_IN_PROCESS, endpoints, envelope, settings,
                new DeliverStep.Surroundings(clock, () -> nanos += tick, new Random(5)), new PrometheusRegistry());
    }

    public void answers(int status, @Nullable String retryAfter) {
        post.answering = letter -> new Post.Reply.Answer(status, retryAfter);
    }

    /** Each request runs this before it is answered with 200. */
    public void during(Runnable request) {
        post.answering = letter -> {
            request.run();
            return new Post.Reply.Answer(200, null);
        };
    }

    /** How long it takes to answer from now on. */
    public void takes(Duration time) {
        tick = time.toNanos();
    }

    /** Requests so far. */
    public int requests() {
        return post.sent.size();
    }
}
