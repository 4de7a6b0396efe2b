package dev.fetchback.deliver;

import dev.fetchback.deliver.Transport.Reply;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.Pace;
import dev.fetchback.work.Parcel;
import dev.fetchback.work.Receivers;
import dev.fetchback.work.Step;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Hands an outcome to its receiver, once: posts it, or calls a function of this process. Safe for many threads, each of which blocks until the receiver has answered.
 *
 * <p>{@link DeliverResult.StoreFirst} means that nothing was sent and no attempt was used up: the page is too long to go out
 * without being stored, or there was no room at the receiver or in memory. An outcome that is stored already finds the place
 * that the lane took for it.
 */
public final class DeliverStep implements Step<Parcel, DeliverResult>, Receivers {
    private static final System.Logger LOG = System.getLogger(DeliverStep.class.getName());

    private final Transport webhooks;
    private final Transport functions;
    private final Endpoints endpoints;
    private final DeliverSettings.Limits limits;
    private final Surroundings surroundings;
    private final DeliverMetrics metrics;
    private final Semaphore memory;

    /**
     * A step that posts through {@code outbound}.
     *
     * @param outbound made for receivers: with the networks that they may be in, and without a limit per address, as one
     *     endpoint must not wait for another at the same address (the limits per endpoint and origin are kept here)
     * @param functions the receivers in this process, which {@code endpoints} knows too
     * @param envelope shared with whoever else shows outcomes
     * @param registry gets the metrics
     */
    public DeliverStep(
            Outbound outbound,
            InProcess functions,
            Endpoints endpoints,
            Envelope envelope,
            DeliverSettings settings,
            Surroundings surroundings,
            PrometheusRegistry registry) {
        this(new OutboundPost(outbound), functions, endpoints, envelope, settings, surroundings, registry);
    }

    DeliverStep(
            Post post,
            Transport functions,
            Endpoints endpoints,
            Envelope envelope,
            DeliverSettings settings,
            Surroundings surroundings,
            PrometheusRegistry registry) {
        this.webhooks = new WebhookTransport(post, new Letters(envelope, settings.secret(), settings.userAgent()), surroundings);
        this.functions = functions;
        this.endpoints = endpoints;
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
        Transport transport = InProcess.is(deliver.to()) ? functions : webhooks;
        if (!parcel.stored() && transport.links(deliver, parcel.outcome())) {
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
                    yield withinMemory(transport, task, spec, parcel, permit);
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

    @Override
    public void hear(List<ReceiverRecord> news) {
        endpoints.hear(news);
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
            Transport transport, Task task, TaskSpec spec, Parcel parcel, Endpoint.Permit permit) throws InterruptedException {
        DeliverOptions deliver = Objects.requireNonNull(spec.deliver());
        int bytes = (int) Math.min(transport.estimate(deliver, parcel), limits.envelopeBytes());
        long patience = parcel.stored() ? limits.patience().toNanos() : 0;
        if (!memory.tryAcquire(bytes, patience, TimeUnit.NANOSECONDS)) {
            return storeFirst();
        }
        try {
            return exchange(transport.prepare(task, spec, deliver, parcel), permit);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "The page of " + task.id() + " cannot be read; its delivery is tried again.", e);
            metrics.count(DeliverMetrics.Kind.FAILED);
            return new DeliverResult.Refused(new Problem(Problem.INTERNAL, "The stored page could not be read.", 0), 0);
        } finally {
            memory.release(bytes);
        }
    }

    private DeliverResult exchange(Transport.Exchange exchange, Endpoint.Permit permit) throws IOException, InterruptedException {
        long start = surroundings.nanos().getAsLong();
        Reply reply = exchange.make();
        long took = surroundings.nanos().getAsLong() - start;
        metrics.took(took);
        return switch (reply) {
            case Reply.Taken(boolean linked) -> {
                metrics.count(DeliverMetrics.Kind.ACCEPTED);
                permit.leave(new Verdict.Fine(), took);
                yield new DeliverResult.Accepted(linked);
            }
            case Reply.Refused(Problem problem, Verdict verdict, long notBefore) -> {
                metrics.count(DeliverMetrics.Kind.REFUSED);
                permit.leave(verdict, took);
                yield new DeliverResult.Refused(problem, notBefore);
            }
            case Reply.NoAnswer(Problem problem) -> {
                metrics.count(DeliverMetrics.Kind.FAILED);
                permit.leave(new Verdict.Failed(problem.code()), took);
                yield new DeliverResult.Refused(problem, 0);
            }
        };
    }
}
