package dev.fetchback.fetch;

import dev.fetchback.fetch.RobotsReading.Read;
import dev.fetchback.fetch.RobotsReading.Unreadable;
import dev.fetchback.outbound.AddressBusy;
import dev.fetchback.outbound.AddressTurn;
import dev.fetchback.outbound.BodySink;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.HopCheck;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.Request;
import dev.fetchback.outbound.RetryAfter;
import dev.fetchback.outbound.Target;
import dev.fetchback.task.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** Reads the robots.txt of one origin, as RFC 9309 §2.3 has it. */
final class RobotsReader implements Robots.Source {
    /** RFC 9309 §2.5 wants this much at least; what follows is not read. */
    static final int FILE_BYTES_MAX = 500 * 1024;
    /** RFC 9309 §2.3.1.2 wants this many at least. */
    static final int REDIRECTS_MAX = 5;
    /** Of one try with all its redirects; a page may take longer than a small text file. */
    static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final int TOO_MANY_REQUESTS = 429;

    private final Outbound outbound;
    private final BodyStore bodies;
    private final RobotsParser parser;
    private final String userAgent;
    private final LongSupplier clock;

    /** @param clock Unix milliseconds */
    RobotsReader(Outbound outbound, BodyStore bodies, String userAgent, LongSupplier clock) {
        this.outbound = outbound;
        this.bodies = bodies;
        this.parser = new RobotsParser(userAgent);
        this.userAgent = userAgent;
        this.clock = clock;
    }

    @Override
    public RobotsReading read(Target page, AddressTurn turn) throws AddressBusy, InterruptedException {
        Target file = Robots.file(page);
        BodyStore.Writer writer = bodies.writer();
        AtomicInteger hops = new AtomicInteger();
        HopCheck count = (_, _) -> {
            hops.incrementAndGet();
            return null;
        };
        try {
            return switch (outbound.exchange(request(file), new FileSink(writer), count, turn)) {
                case Exchange.Answer answer -> answered(answer, file, writer);
                case Exchange.Failure failure -> failed(failure, file, hops.get() <= 1);
            };
        } finally {
            writer.abandon();
        }
    }

    /** None of the task's own fields: they are for its page. */
    private Request request(Target file) {
        List<Field> fields = List.of(new Field("User-Agent", userAgent), new Field("Accept", "text/plain,*/*;q=0.8"));
        Request.Limits limits = new Request.Limits(TIMEOUT, Long.MAX_VALUE, FILE_BYTES_MAX, REDIRECTS_MAX, false, true);
        return new Request(file, "GET", fields, null, limits);
    }

    private RobotsReading answered(Exchange.Answer answer, Target file, BodyStore.Writer writer) throws InterruptedException {
        int status = answer.status();
        if (status == TOO_MANY_REQUESTS || status >= 500) {
            return unreachable(file, "answered " + status,
                    RetryAfter.until(answer.field("retry-after"), clock.getAsLong(), RetryPolicy.DEFAULT.hintCap()));
        }
        if (status / 100 != 2) {
            return new Read(RobotsRules.ALLOW_ALL, Freshness.millis(answer.fields(), Freshness.NO_FILE));
        }
        try {
            return new Read(parser.parse(writer.take(), answer.cut()), Freshness.millis(answer.fields(), Freshness.FILE));
        } catch (ExecutionException e) {
            return unreachable(file, "could not be parsed (" + e.getCause().getClass().getSimpleName() + ")", 0);
        }
    }

    /** @param own whether no redirect was followed, so that the page's own server was asked */
    private static RobotsReading failed(Exchange.Failure failure, Target file, boolean own) {
        return switch (failure.kind()) {
            // More redirects than are followed, or one that cannot be: as if there were no file (RFC 9309 §2.3.1.2).
            case TOO_MANY_REDIRECTS, REDIRECT_LOOP, REDIRECT_BLOCKED ->
                new Read(RobotsRules.ALLOW_ALL, Freshness.NO_FILE.toMillis());
            case BLOCKED_ADDRESS, CLOSED, SINK_FAILED -> new Unreadable(failure, false, 0);
            case DNS_FAILED, CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED, TLS_UNTRUSTED -> own
                    ? new Unreadable(failure, false, 0) // the page would meet the same
                    : unreachable(file, "could not be read: " + failure.detail(), 0);
            default -> unreachable(file, "could not be read: " + failure.detail(), 0);
        };
    }

    private static RobotsReading unreachable(Target file, String why, long notBefore) {
        return new Unreadable(new Exchange.Failure(Kind.ROBOTS_UNREACHABLE, file + " " + why), true, notBefore);
    }

    /** Takes the file of a good answer, and nothing of others. */
    private record FileSink(BodyStore.Writer writer) implements BodySink {
        @Override
        public boolean begin(int status, List<Field> fields, long length) {
            writer.expect(Math.min(length, FILE_BYTES_MAX));
            return status / 100 == 2;
        }

        @Override
        public void write(byte[] buffer, int offset, int count) throws IOException {
            writer.write(buffer, offset, count);
        }
    }
}
