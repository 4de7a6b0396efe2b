package dev.fetchback.outbound;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** An outbound that may reach loopback, names included. */
final class Fixture implements AutoCloseable {
    static final Duration TOTAL = Duration.ofSeconds(20);
    static final OutboundSettings.Timeouts SHORT = new OutboundSettings.Timeouts(
            Duration.ofSeconds(2),
            Duration.ofMillis(1500),
            Duration.ofMillis(800),
            Duration.ofMillis(800),
            Duration.ofMillis(500),
            Duration.ofSeconds(5));

    final ConcurrentHashMap<String, List<InetAddress>> names = new ConcurrentHashMap<>();
    final Outbound outbound;

    /** With the limits of everyday, which no test waits for. */
    Fixture() {
        this(new OutboundSettings(OutboundSettings.Timeouts.DEFAULT, 16, 0), "127.0.0.0/8");
    }

    /** With short limits, for tests that wait until they strike. */
    static Fixture impatient() {
        return new Fixture(new OutboundSettings(SHORT, 16, 0), "127.0.0.0/8");
    }

    /** The same with other TLS trust. */
    static Fixture impatient(SSLContext trust) {
        return new Fixture(new OutboundSettings(SHORT, 16, 0), AddressPolicy.parse("127.0.0.0/8"), trust);
    }

    /** With the limits of everyday and other TLS trust. */
    static Fixture patient(SSLContext trust) {
        return new Fixture(new OutboundSettings(OutboundSettings.Timeouts.DEFAULT, 16, 0), AddressPolicy.parse("127.0.0.0/8"), trust);
    }

    Fixture(OutboundSettings settings, String allow) {
        this(settings, AddressPolicy.parse(allow));
    }

    Fixture(OutboundSettings settings, AddressPolicy policy) {
        this.outbound = new Outbound(settings, policy, resolver());
    }

    private Fixture(OutboundSettings settings, AddressPolicy policy, SSLContext trust) {
        this.outbound = new Outbound(settings, policy, Outbound.Names.by(resolver()), trust, System::nanoTime);
    }

    Resolver resolver() {
        return (host, _) -> {
            List<InetAddress> addresses = names.get(host);
            if (addresses == null) {
                throw new UnknownHostException("the name " + host + " could not be resolved");
            }
            return Resolved.of(addresses.toArray(InetAddress[]::new));
        };
    }

    /** What came of an exchange, with its body. */
    record Result(Exchange exchange, String body) {
        Exchange.Answer answer() {
            if (exchange instanceof Exchange.Answer answer) {
                return answer;
            }
            throw new AssertionError("no answer but " + exchange);
        }

        @Nullable Kind kind() {
            return exchange instanceof Exchange.Failure failure ? failure.kind() : null;
        }
    }

    Result get(Target target) throws Exception {
        return send(request("GET", target, null));
    }

    static Request request(String method, Target target, @Nullable String body, Field... fields) {
        return new Request(
                target,
                method,
                List.of(fields),
                body == null ? null : body.getBytes(StandardCharsets.UTF_8),
                Request.Limits.page(TOTAL, 1 << 20, 5));
    }

    /** Runs on a virtual thread, as the server does. */
    Result send(Request request) throws Exception {
        return sendLater(request).get(30, TimeUnit.SECONDS);
    }

    CompletableFuture<Result> sendLater(Request request) {
        CompletableFuture<Result> done = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                Collector collector = new Collector();
                Exchange exchange = outbound.exchange(request, collector);
                done.complete(new Result(exchange, collector.text()));
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /** Waits for something that happens on another thread. */
    static void until(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("did not happen within 10 s");
            }
            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
        }
    }

    @Override
    public void close() {
        outbound.close();
    }

    /** Keeps the body. */
    static class Collector implements BodySink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public boolean begin(int status, List<Field> fields, long length) {
            return true;
        }

        @Override
        public void write(byte[] buffer, int offset, int count) throws IOException {
            bytes.write(buffer, offset, count);
        }

        String text() {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }
    }
}
