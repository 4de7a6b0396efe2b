package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** An interrupt ends an exchange wherever it stands, and closes its socket. */
class InterruptTest {
    private static void interrupted(Outbound outbound, Target target, CountDownLatch there) throws Exception {
        AtomicReference<Object> ended = new AtomicReference<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                ended.set(outbound.exchange(Fixture.request("GET", target, null), new Fixture.Collector()));
            } catch (InterruptedException e) {
                ended.set(e);
            }
        });
        assertThat(there.await(5, TimeUnit.SECONDS)).isTrue();
        caller.interrupt();
        caller.join(5_000);
        assertThat(caller.isAlive()).isFalse();
        assertThat(ended.get()).isInstanceOf(InterruptedException.class);
        assertThat(outbound.meters().open()).isZero();
    }

    @Test
    void whileItWaitsForTheHead() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        CountDownLatch gone = new CountDownLatch(1);
        try (Fixture fixture = new Fixture();
                RawServer server = new RawServer(call -> {
                    there.countDown();
                    call.untilClosed();
                    gone.countDown();
                })) {
            interrupted(fixture.outbound, server.url("/"), there);
            assertThat(gone.await(5, TimeUnit.SECONDS)).as("the server sees the end").isTrue();
        }
    }

    @Test
    void whileTheBodyComes() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        try (Fixture fixture = new Fixture();
                RawServer server = new RawServer(call -> {
                    call.send("HTTP/1.1 200 OK\r\n\r\nabc");
                    there.countDown();
                    call.untilClosed();
                })) {
            interrupted(fixture.outbound, server.url("/"), there);
        }
    }

    @Test
    void whileItWaitsForAPlaceAtTheAddress() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        try (RawServer server = new RawServer(call -> {
            there.countDown();
            call.untilClosed();
        })) {
            Resolver resolver = (_, _) -> Resolved.of(InetAddress.ofLiteral("127.0.0.1"));
            OutboundSettings one = OutboundSettings.DEFAULT.withPerAddress(1);
            try (Outbound outbound = new Outbound(one, AddressPolicy.parse("127.0.0.0/8"), resolver)) {
                Target target = Target.parse("http://a.test:" + server.port() + "/");
                Thread first = Thread.ofVirtual().start(() -> {
                    try {
                        outbound.exchange(Fixture.request("GET", target, null), BodySink.NONE);
                    } catch (InterruptedException e) {
                        // at the end
                    }
                });
                assertThat(there.await(5, TimeUnit.SECONDS)).isTrue();
                Thread second = Thread.ofVirtual().unstarted(() -> {
                    try {
                        outbound.exchange(Fixture.request("GET", target, null), BodySink.NONE);
                    } catch (InterruptedException e) {
                        // as asked
                    }
                });
                second.start();
                Fixture.until(() -> outbound.parts().gate().waiting() == 1);
                second.interrupt();
                second.join(5_000);
                assertThat(second.isAlive()).isFalse();
                first.interrupt();
                first.join(5_000);
                assertThat(outbound.parts().gate().addresses()).isZero();
            }
        }
    }

    @Test
    void whileANameIsResolved() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        try (SystemResolver resolver = new SystemResolver(
                        host -> {
                            there.countDown();
                            try {
                                never.await();
                            } catch (InterruptedException e) {
                                // the real one does not even notice
                            }
                            throw new UnknownHostException(host);
                        },
                        System::nanoTime);
                Outbound outbound = new Outbound(OutboundSettings.DEFAULT, AddressPolicy.publicOnly(), resolver)) {
            interrupted(outbound, Target.parse("http://slow.test/"), there);
        }
    }
}
