package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.ReceiverRecord.Status;
import dev.fetchback.task.DeliverOptions.Mode;
import dev.fetchback.task.Problem;
import dev.fetchback.work.Body;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.DeliverResult.Accepted;
import dev.fetchback.work.DeliverResult.Refused;
import dev.fetchback.work.DeliverResult.StoreFirst;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class DeliverRefusalTest extends StepFixture {
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
            assertThat(one.status()).isEqualTo(Status.GONE);
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
        assertThat(send()).as("10 s are waited out").isEqualTo(new StoreFirst());
        assertThat(post.sent).hasSize(5);
        assertThat(sendTo("https://api.example/other")).isEqualTo(new Accepted(false));
        millis.addAndGet(10_000);
        post.answer(200);
        assertThat(send()).isEqualTo(new Accepted(false));
        assertThat(saved).extracting(ReceiverRecord::status).containsExactly(Status.BROKEN, Status.ACTIVE);
    }

    @Test
    void aBusyEndpointIsWaitedForThenGivenUpAndDelaysNoOther() throws Exception {
        step(settings(null, new Limits(2, 128, Duration.ofMillis(50), 64, 64 << 20, 1000)));
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
            assertThat(sendPage(PAGE, Mode.ENVELOPE, true))
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
        step(settings(null, new Limits(1, 128, Duration.ofSeconds(20), 1000, 64 << 20, 1000)));
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
        step(settings(null, new Limits(32, 128, Duration.ofMillis(50), 64, 10_000, 1000)));
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
        step(settings(null, new Limits(1, 1, Duration.ofMillis(50), 64, 64 << 20, 1000)));
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
        DeliverResult result = run(broken, Pages.fetched(PAGE), deliver(Mode.ENVELOPE, null), true);
        assertThat(result).isEqualTo(new Refused(new Problem(Problem.INTERNAL, "The stored page could not be read.", 0), 0));
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
        var seconds = metric("fetchback_delivery_seconds", HistogramSnapshot.class).getDataPoints();
        assertThat(seconds.getFirst().getCount()).isEqualTo(3);
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
}
