package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.OnEachEngine;
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hosts that the operator has treated otherwise, seen from their servers. */
@Timeout(60)
@OnEachEngine
final class PoliciesEndToEndTest extends EndToEndFixture {
    private static final Web.Answer DENY_ALL = Web.Answer.of(200, "User-agent: *\nDisallow: /\n");

    @Test
    void aHostWithAPolicyIsFetchedFromAsThatSaysAndAllOthersAsEver() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger inFlight = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Web own = web(seen -> {
            most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
            await(end);
            inFlight.decrementAndGet(); // before the answer, which lets the next one start
            return Web.Answer.of(200, "page");
        }, DENY_ALL);
        Web other = web(seen -> Web.Answer.of(200, "page"), DENY_ALL);
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "1h", "--fetch-per-host-concurrency", "1",
                "--fetch-policies", URI.create(own.url("/")).getAuthority() + " gap=0s concurrency=3 robots=ignore");
        for (int i = 0; i < 6; i++) {
            submit("{\"url\":\"" + own.url("/" + i) + "\"}");
        }
        assertThat(own.arrived.tryAcquire(3, 10, TimeUnit.SECONDS)).as("three come although others are an hour apart").isTrue();
        String denied = submit("{\"url\":\"" + other.url("/") + "\",\"deliver\":null}");
        assertThat(finished(denied)).contains("\"robots_denied\"");
        end.countDown();
        for (int i = 0; i < 6; i++) {
            assertThat(receiver.next().text()).contains("\"type\":\"task.succeeded\"");
        }
        assertThat(most).hasValue(3);
        assertThat(own.robots).hasValue(0);
        assertThat(other.seen).isEmpty();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
