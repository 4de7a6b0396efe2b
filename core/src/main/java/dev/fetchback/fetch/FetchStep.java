package dev.fetchback.fetch;

import dev.fetchback.outbound.AddressBusy;
import dev.fetchback.outbound.AddressTurn;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.Request;
import dev.fetchback.outbound.RetryAfter;
import dev.fetchback.outbound.Target;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Seen;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.FetchInput;
import dev.fetchback.work.FetchResult;
import dev.fetchback.work.HostNews;
import dev.fetchback.work.HostPolicies;
import dev.fetchback.work.Step;
import dev.fetchback.work.Visit;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a task's page: one guarded exchange, the body into memory or a file, the answer judged by the task's own rules, and by
 * what is remembered of the page if it counts only when it changed.
 */
public final class FetchStep implements Step<FetchInput, FetchResult> {
    /** What a page's fields may take of a record that is stored, listed and delivered. */
    private static final int HEADERS_MAX = 100;

    private static final int HEADER_CHARS_MAX = 16 * 1024;

    private static final int TOO_MANY_REQUESTS = 429;
    private static final int UNAVAILABLE = 503;
    /** Answers of servers in trouble: the ones Scrapy tries again, and for the same reasons. */
    private static final Set<Integer> RETRYABLE = Set.of(408, 425, TOO_MANY_REQUESTS, 500, 502, UNAVAILABLE, 504, 522, 524);

    private final Outbound outbound;
    private final BodyStore bodies;
    private final Robots robots;
    private final Manners manners;
    private final LongSupplier clock;

    /**
     * How pages' servers are treated.
     *
     * @param policies by host
     * @param delays told what hosts ask for
     * @param userAgent sent unless a task sets its own; its product token is the name that robots.txt files are asked for
     */
    public record Manners(HostPolicies policies, CrawlDelays delays, String userAgent) {}

    /**
     * @param outbound the way out, with the policy for pages
     * @param budget memory for bodies; what does not fit goes to {@code directory}
     * @param directory for bodies that do not fit; exists, and is used by nobody else: what an earlier run left there is deleted
     * @param clock Unix milliseconds
     */
    public FetchStep(Outbound outbound, Manners manners, ByteBudget budget, Path directory, LongSupplier clock) {
        this.outbound = outbound;
        this.manners = manners;
        this.bodies = new BodyStore(budget, directory);
        this.robots = new Robots(new RobotsReader(outbound, bodies, manners.userAgent(), clock), Robots.Limits.DEFAULT, clock);
        this.clock = clock;
        bodies.deleteLeftovers();
    }

    @Override
    public FetchResult run(Task task, TaskSpec spec, FetchInput input) throws InterruptedException {
        Target target;
        try {
            target = Target.parse(spec.url());
        } catch (BadUrl e) {
            return failed(Kind.BAD_URL, String.valueOf(e.getMessage()));
        }
        Seen last = input.last();
        Request request = request(target, spec);
        try {
            return new Attempt(target, spec.fetch(), input)
                    .fetch(last == null ? request : request.withCondition(Validators.condition(last)));
        } catch (AddressBusy e) {
            return new FetchResult.Crowded(e.address());
        }
    }

    /** One attempt at one page. */
    private final class Attempt {
        private final Target target;
        private final FetchOptions options;
        private final @Nullable Seen last;
        private final AddressTurn turn;
        private final RobotsCheck check;
        private final Visit visit;
        private long putOffUntil;
        private final long startedAt = clock.getAsLong();

        Attempt(Target target, FetchOptions options, FetchInput input) {
            this.target = target;
            this.options = options;
            this.last = input.last();
            this.turn = new AddressTurn(
                    (InetAddress) input.permit(), manners.policies().of(target.hostPort()).perAddress());
            this.visit = input.visit();
            this.check = new RobotsCheck(robots, manners.delays(), this::obeys, target, turn);
        }

        private boolean obeys(Target hop) {
            FetchOptions.Robots set = manners.policies().of(hop.hostPort()).robots();
            return (set == null ? options.robots() : set) == FetchOptions.Robots.OBEY;
        }

        /** The host's turn comes before its robots.txt, which is a request too. */
        private Exchange.@Nullable Failure refusal(Target hop, Duration left) throws AddressBusy, InterruptedException {
            long from = System.nanoTime();
            putOffUntil = visit.move(hop.hostPort(), left);
            if (putOffUntil > 0) {
                return new Exchange.Failure(
                        Kind.HOST_BUSY, "a redirect leads to " + hop.hostPort() + ", which takes no more requests just now");
            }
            Exchange.Failure refusal = check.refusal(hop, left.minusNanos(System.nanoTime() - from));
            if (refusal == null && !manners.policies().of(hop.hostPort()).gap().isZero()) {
                visit.keepDistance(left.minusNanos(System.nanoTime() - from));
            }
            return refusal;
        }

        FetchResult fetch(Request request) throws AddressBusy, InterruptedException {
            PageSink sink = new PageSink(bodies, options);
            try {
                return switch (outbound.exchange(request, sink, this::refusal, turn)) {
                    case Exchange.Answer answer when answer.status() == Validators.NOT_MODIFIED && options.ifChanged() ->
                        notModified(answer, request);
                    case Exchange.Answer answer -> answered(answer, sink);
                    case Exchange.Failure(Kind kind, String detail) when kind == Kind.HOST_BUSY ->
                        new FetchResult.PutOff(new Problem(kind.code(), detail, 0), putOffUntil);
                    case Exchange.Failure(Kind kind, String detail) -> new FetchResult.Failed(
                            new Problem(kind.code(), detail, 0), kind.retryable(), check.retryAt(), robotsNews());
                };
            } finally {
                sink.abandon();
            }
        }

        private FetchResult notModified(Exchange.Answer answer, Request request) throws AddressBusy, InterruptedException {
            if (last == null || !Validators.asked(answer, request.condition())) {
                return new FetchResult.Failed(
                        new Problem(Problem.HTTP_STATUS, "the page's server answered 304 (not modified), which nobody had asked",
                                answer.status()),
                        false, 0, news(answer, false, 0));
            }
            if (Validators.anotherVersion(answer, last)) {
                Duration left = request.limits().total().minusNanos(answer.timings().total());
                return fetch(request.withCondition(null).withLimits(request.limits().withTotal(left)));
            }
            return new FetchResult.Unchanged(page(answer, last.bytes(), last.sha256()), news(answer, false, 0));
        }

        private FetchResult answered(Exchange.Answer answer, PageSink sink) {
            int status = answer.status();
            boolean accepted = options.acceptStatus().contains(status);
            boolean busy = status == TOO_MANY_REQUESTS || status == UNAVAILABLE;
            long retryAt = accepted && !busy
                    ? 0
                    : RetryAfter.until(answer.field("retry-after"), clock.getAsLong(), RetryPolicy.DEFAULT.hintCap());
            HostNews news = news(answer, busy, retryAt);
            if (!accepted) {
                Problem problem = new Problem(Problem.HTTP_STATUS, "the page's server answered " + status, status);
                return new FetchResult.Failed(problem, RETRYABLE.contains(status), retryAt, news);
            }
            Page page = page(answer, sink.length(), sink.sha256());
            return last != null && last.same(page)
                    ? new FetchResult.Unchanged(page, news)
                    : new FetchResult.Fetched(page, sink.take(), news);
        }

        /** A host at full speed is of interest only when it asks to be left alone. */
        private @Nullable HostNews news(Exchange.Answer answer, boolean busy, long retryAt) {
            String host = answer.target().hostPort();
            if (!busy && manners.policies().of(host).gap().isZero()) {
                return null;
            }
            boolean good = StatusSet.SUCCESS.contains(answer.status());
            long latency = TimeUnit.NANOSECONDS.toMillis(answer.timings().head());
            return new HostNews(host, startedAt, latency, good, busy, retryAt);
        }

        /** A host whose robots.txt cannot be read is left alone until it is read again. */
        private @Nullable HostNews robotsNews() {
            return check.pausesHost() ? new HostNews(target.hostPort(), startedAt, 0, false, true, check.retryAt()) : null;
        }
    }

    /** Counters. */
    public RobotsMeters robots() {
        return robots.meters();
    }

    private Request request(Target target, TaskSpec spec) {
        List<Field> fields = new ArrayList<>();
        boolean named = false;
        boolean accepts = false;
        for (Header header : spec.request().headers()) {
            fields.add(new Field(header.name(), header.value()));
            named |= header.name().equalsIgnoreCase("user-agent");
            accepts |= header.name().equalsIgnoreCase("accept");
        }
        if (!named) {
            fields.add(new Field("User-Agent", manners.userAgent()));
        }
        if (!accepts) {
            fields.add(new Field("Accept", "*/*"));
        }
        String body = spec.request().body();
        FetchOptions options = spec.fetch();
        Request.Limits limits = Request.Limits.page(options.timeout(), options.maxBytes(), options.maxRedirects());
        if (options.timeout().compareTo(FetchOptions.DEFAULT.timeout()) > 0) {
            limits = limits.withPatience(); // who sets more than the default knows that the page is slow
        }
        return new Request(
                target,
                spec.request().method(),
                fields,
                body == null ? null : body.getBytes(StandardCharsets.UTF_8),
                options.maxAttempts() > 1 ? limits.withRepeats() : limits);
    }

    private Page page(Exchange.Answer answer, long bytes, String sha256) {
        return new Page(
                answer.status(),
                answer.target().toString(),
                headers(answer.fields()),
                answer.field("content-type"),
                bytes,
                sha256,
                clock.getAsLong(),
                TimeUnit.NANOSECONDS.toMillis(answer.timings().total()));
    }

    private static FetchResult failed(Kind kind, String detail) {
        return new FetchResult.Failed(new Problem(kind.code(), detail, 0), kind.retryable(), 0, null);
    }

    /** The first fields that fit. */
    private static List<Header> headers(List<Field> fields) {
        List<Header> headers = new ArrayList<>(fields.size());
        int chars = 0;
        for (Field field : fields) {
            chars += field.name().length() + field.value().length();
            if (headers.size() == HEADERS_MAX || chars > HEADER_CHARS_MAX) {
                break;
            }
            headers.add(new Header(field.name(), field.value()));
        }
        return List.copyOf(headers);
    }
}
