package dev.fetchback.deliver;

import dev.fetchback.deliver.Letters.Stamp;
import dev.fetchback.deliver.Letters.Written;
import dev.fetchback.deliver.Post.Reply;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.RetryAfter;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.Pace;
import dev.fetchback.work.Parcel;
import dev.fetchback.work.Receivers;
import dev.fetchback.work.Step;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Posts an outcome to its receiver, once. Safe for many threads, each of which blocks until the receiver has answered.
 *
 * <p>{@link DeliverResult.StoreFirst} means that nothing was sent and no attempt was used up: the page is too long to go out
 * without being stored, or there was no room at the receiver or in memory. An outcome that is stored already finds the place
 * that the lane took for it.
 */
public final class DeliverStep implements Step<Parcel, DeliverResult>, Receivers {
    private static final System.Logger LOG = System.getLogger(DeliverStep.class.getName());

    private final Post post;
    private final Endpoints endpoints;
    private final Letters letters;
    private final DeliverSettings.Limits limits;
    private final Surroundings surroundings;
    private final DeliverMetrics metrics;
    private final Semaphore memory;

    /**
     * A step that posts through {@code outbound}.
     *
     * @param outbound made for receivers: with the networks that they may be in, and without a limit per address, as one
     *     endpoint must not wait for another at the same address (the limits per endpoint and origin are kept here)
     * @param envelope shared with whoever else shows outcomes
     * @param registry gets the metrics
     */
    public DeliverStep(
            Outbound outbound,
            Endpoints endpoints,
            Envelope envelope,
            DeliverSettings settings,
            Surroundings surroundings,
            PrometheusRegistry registry) {
        this(new OutboundPost(outbound), endpoints, envelope, settings, surroundings, registry);
    }

    DeliverStep(
            Post post,
            Endpoints endpoints,
            Envelope envelope,
            DeliverSettings settings,
            Surroundings surroundings,
            PrometheusRegistry registry) {
        this.post = post;
        this.endpoints = endpoints;
        this.letters = new Letters(envelope, settings.secret(), settings.userAgent());
        this.limits = settings.limits();
        this.surroundings = surroundings;
        this.metrics = new DeliverMetrics(registry, endpoints);
        this.memory = new Semaphore(limits.envelopeBytes());
    }

    /**
     * Where time and chance come from.
     *
     * @param millis Unix milliseconds
     * @param nanos for durations
     * @param random for trace spans; safe for many threads
     */
    public record Surroundings(LongSupplier millis, LongSupplier nanos, RandomGenerator random) {}

    @Override
    public DeliverResult run(Task task, TaskSpec spec, Parcel parcel) throws InterruptedException {
        DeliverOptions deliver = spec.deliver();
        String receiver = task.plan().receiver();
        if (deliver == null || receiver == null) {
            throw new IllegalArgumentException(task.id() + " has no receiver, so its outcome cannot be delivered");
        }
        if (!parcel.stored() && letters.linked(deliver, parcel.outcome())) {
            return storeFirst();
        }
        Endpoint endpoint;
        try {
            endpoint = endpoints.of(receiver, deliver.to());
        } catch (BadUrl e) {
            metrics.count(DeliverMetrics.Kind.FAILED);
            return new DeliverResult.Refused(new Problem(Kind.BAD_URL.code(), e.getMessage(), 0), 0);
        }
        return switch (parcel.stored() ? endpoint.claim() : endpoint.enter(parcel.letGo())) {
            case Entry.Busy busy -> storeFirst();
            case Entry.Stopped stopped -> refused(stopped);
            case Endpoint.Permit permit -> {
                try {
                    parcel.letGo().run();
                    yield withinMemory(task, spec, deliver, parcel, permit);
                } finally {
                    permit.leave(new Verdict.Unknown(), 0); // changes nothing when a verdict was given
                }
            }
        };
    }

    @Override
    public Pace pace(String receiver) {
        return endpoints.pace(receiver);
    }

    @Override
    public DeliverResult.@Nullable Refused stopped(String receiver) {
        Entry.Stopped stopped = endpoints.stopped(receiver);
        return stopped == null ? null : refused(stopped);
    }

    private DeliverResult.Refused refused(Entry.Stopped stopped) {
        metrics.count(DeliverMetrics.Kind.STOPPED);
        return new DeliverResult.Refused(stopped.problem(), stopped.notBefore());
    }

    private DeliverResult storeFirst() {
        metrics.count(DeliverMetrics.Kind.DEFERRED);
        return new DeliverResult.StoreFirst();
    }

    /** The estimate bounds what all envelopes need together; what one of them needs beyond it is bounded by its page. */
    private DeliverResult withinMemory(
            Task task, TaskSpec spec, DeliverOptions deliver, Parcel parcel, Endpoint.Permit permit) throws InterruptedException {
        int bytes = (int) Math.min(letters.estimate(deliver, parcel), limits.envelopeBytes());
        long patience = parcel.stored() ? limits.patience().toNanos() : 0;
        if (!memory.tryAcquire(bytes, patience, TimeUnit.NANOSECONDS)) {
            return storeFirst();
        }
        try {
            Stamp stamp = new Stamp(Math.floorDiv(surroundings.millis().getAsLong(), 1000), surroundings.random().nextLong());
            return exchange(letters.write(task, spec, deliver, parcel, stamp), permit);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "The page of " + task.id() + " cannot be read; its delivery is tried again.", e);
            metrics.count(DeliverMetrics.Kind.FAILED);
            return new DeliverResult.Refused(new Problem(Problem.INTERNAL, "The stored page could not be read.", 0), 0);
        } finally {
            memory.release(bytes);
        }
    }

    private DeliverResult exchange(Written written, Endpoint.Permit permit) throws IOException, InterruptedException {
        long start = surroundings.nanos().getAsLong();
        Reply reply = post.send(written.letter());
        long took = surroundings.nanos().getAsLong() - start;
        metrics.took(took);
        return switch (reply) {
            case Reply.Answer answer -> {
                letters.release(written); // not after a failure: something may still be sending it
                yield answered(answer, written.linked(), permit, took);
            }
            case Reply.NoAnswer(Problem problem) -> {
                metrics.count(DeliverMetrics.Kind.FAILED);
                permit.leave(new Verdict.Failed(problem.code()), took);
                yield new DeliverResult.Refused(problem, 0);
            }
        };
    }

    private DeliverResult answered(Reply.Answer answer, boolean linked, Endpoint.Permit permit, long took) {
        int status = answer.status();
        if (status / 100 == 2) {
            metrics.count(DeliverMetrics.Kind.ACCEPTED);
            permit.leave(new Verdict.Fine(), took);
            return new DeliverResult.Accepted(linked);
        }
        metrics.count(DeliverMetrics.Kind.REFUSED);
        long hint = status == 429 || status == 503
                ? RetryAfter.until(answer.retryAfter(), surroundings.millis().getAsLong(), RetryPolicy.DELIVER_HINT_CAP)
                : 0;
        Verdict verdict = status == 410
                ? new Verdict.Gone()
                : hint > 0 ? new Verdict.Delayed(hint) : new Verdict.Failed("it answered " + status);
        permit.leave(verdict, took);
        String advice = status / 100 == 3 ? "; redirects are not followed, so give the URL that it points to" : "";
        Problem problem = new Problem(Problem.HTTP_STATUS, "The receiver answered " + status + advice + ".", status);
        return new DeliverResult.Refused(problem, hint);
    }
}
