package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.deliver.InProcess.Registration;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.work.Body;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.DeliverResult;
import dev.fetchback.work.Parcel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A function of this process. */
final class InProcessReceiverTest extends ReceiverContract {
    private static final Duration DRAIN = Duration.ofMillis(400);

    private final InProcess functions =
            new InProcess(List.of(new Registration("orders", AT_ONCE, this::receive)), millis::get, DRAIN);
    private volatile boolean deaf;
    private volatile Receiver more = delivery -> {};

    private void receive(Delivery delivery) throws Exception {
        String told = delivery.succeeded()
                ? new String(delivery.body(), StandardCharsets.UTF_8) : delivery.error().orElseThrow().code();
        Does now = does;
        got.add(new Got(delivery.id(), delivery.taskId().toString(), delivery.attempt(), delivery.type(), told));
        more.receive(delivery);
        switch (now) {
            case TAKE -> {}
            case FAIL -> throw new IllegalStateException("no table\n'orders'");
            case RETRY_LATER -> throw new Receiver.RetryLater(LATER, "the database is restarting");
            case GONE -> throw new Receiver.Gone("the program was put out of use");
            case HANG -> {
                if (deaf) {
                    gate.acquireUninterruptibly();
                } else {
                    gate.acquire();
                }
            }
        }
    }

    @Override
    String to() {
        return "in-process:orders";
    }

    @Override
    Post post() {
        return letter -> {
            throw new AssertionError("nothing is posted");
        };
    }

    @Override
    InProcess functions() {
        return functions;
    }

    @Override
    String failureCode() {
        return Problem.RECEIVER_FAILED;
    }

    @Test
    void whatItThrewIsToldInOneLine() throws Exception {
        does = Does.FAIL;
        assertThat(send()).isEqualTo(new DeliverResult.Refused(new Problem(Problem.RECEIVER_FAILED,
                "The receiver 'orders' failed: IllegalStateException: no table 'orders'", 0), 0));
        more = delivery -> {
            throw new StackOverflowError();
        };
        assertThat(send()).isEqualTo(new DeliverResult.Refused(new Problem(Problem.RECEIVER_FAILED,
                "The receiver 'orders' failed: StackOverflowError", 0), 0));
    }

    @Test
    void callsThatDoNotEndAreLeftAloneAndAreNeverMoreThanMayBe() throws Exception {
        does = Does.HANG;
        deaf = true;
        for (int i = 0; i < AT_ONCE; i++) {
            assertThat(sendSoon()).isInstanceOfSatisfying(DeliverResult.Refused.class,
                    refused -> assertThat(refused.problem().code()).isEqualTo("deadline"));
        }
        assertThat(sendSoon()).isInstanceOfSatisfying(DeliverResult.Refused.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(Problem.RECEIVER_FAILED);
            assertThat(refused.problem().detail()).contains("All 2 calls");
        });
        assertThat(got).hasSize(AT_ONCE);
    }

    private DeliverResult sendSoon() throws InterruptedException {
        return send(Pages.fetched(new byte[0]), new Bytes(new byte[0]), Duration.ofMillis(50));
    }

    private DeliverResult send(Outcome outcome, Body body, Duration timeout) throws InterruptedException {
        return send(outcome, body, null, timeout);
    }

    @Test
    void oneThatTakesTheOutcomeAlthoughItWasInterruptedHasIt() throws Exception {
        more = delivery -> {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                // as code does that finishes what it is at
            }
        };
        assertThat(sendSoon()).isEqualTo(new DeliverResult.Accepted(false));
    }

    @Test
    void anInterruptReachesNoOtherCall() throws Exception {
        more = delivery -> Thread.currentThread().interrupt();
        send();
        AtomicReference<Boolean> interrupted = new AtomicReference<>();
        more = delivery -> interrupted.set(Thread.currentThread().isInterrupted());
        send();
        assertThat(interrupted.get()).isFalse();
    }

    @Test
    void getsEverythingThatIsKnown() throws Exception {
        byte[] results = "{\"links\":[{\"url\":\"https://a/\",\"rel\":null}],\"n\":1,\"text\":\"\u00e4\"}".getBytes(StandardCharsets.UTF_8);
        byte[] page = "<p>".getBytes(StandardCharsets.UTF_8);
        AtomicReference<AssertionError> wrong = new AtomicReference<>();
        more = delivery -> {
            try {
                assertThat(delivery.page().orElseThrow().status()).isEqualTo(200);
                assertThat(delivery.page().orElseThrow().finalUrl()).isEqualTo("https://example.com/p/1");
                assertThat(delivery.error()).isEmpty();
                assertThat(delivery.url()).startsWith("https://example.com/p/1?");
                assertThat(delivery.metadata()).containsEntry("order", "42");
                assertThat(delivery.labels()).containsExactly("nightly", "x");
                assertThat(delivery.body()).isSameAs(page);
                try (InputStream in = delivery.open()) {
                    assertThat(in.readAllBytes()).isEqualTo(page);
                }
                assertThat(delivery.processed()).containsEntry("n", 1).containsEntry("text", "\u00e4");
                assertThat((List<?>) delivery.processed().get("links")).singleElement()
                        .satisfies(link -> assertThat(((Map<?, ?>) link).get("url")).isEqualTo("https://a/"));
                assertThat(delivery.processedJson()).isEqualTo(results);
                assertThat(delivery.processErrors()).containsOnlyKeys("article");
            } catch (AssertionError e) {
                wrong.set(e);
            }
        };
        Problem problem = new Problem(Problem.PROCESS_FAILED, "no article", 0);
        Outcome outcome = Pages.fetched(page).processed(new Processed(results.length, Map.of("article", problem)));
        send(outcome, new Bytes(page), new Bytes(results), Duration.ofSeconds(20));
        if (wrong.get() != null) {
            throw wrong.get();
        }
        assertThat(got).hasSize(1);
    }

    @Test
    void aFailedTaskHasNoPage() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        more = delivery -> {
            assertThat(delivery.processed()).isEmpty();
            try {
                delivery.open();
            } catch (IllegalStateException e) {
                thrown.set(e);
            }
        };
        send(new Outcome.Failed(new Problem("dns_failed", "x", 0), 1), null, Duration.ofSeconds(20));
        assertThat(thrown.get()).hasMessageContaining("has no page, as it is task.failed");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPageThatCannotBeReadBlamesNobody(boolean whole) throws Exception {
        Body broken = new Body() {
            @Override
            public long length() {
                return 9;
            }

            @Override
            public byte[] bytes() throws IOException {
                throw new IOException("disk");
            }

            @Override
            public InputStream open() {
                return new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("disk");
                    }
                };
            }

            @Override
            public void close() {
                // Nothing to give back.
            }
        };
        if (!whole) {
            more = delivery -> {
                try (InputStream in = delivery.open()) {
                    in.readAllBytes();
                } catch (IOException e) {
                    throw new IllegalStateException("wrapped", e);
                }
            };
        }
        DeliverResult result = whole ? send(Pages.fetched(new byte[9]), broken, Duration.ofSeconds(20))
                : send(Pages.fetched(new byte[9]), new Half(broken), Duration.ofSeconds(20));
        assertThat(result).isEqualTo(new DeliverResult.Refused(new Problem(Problem.INTERNAL, "The stored page could not be read.", 0), 0));
        assertThat(failures()).isZero();
    }

    /** Can be read whole, but not as a stream. */
    private record Half(Body broken) implements Body {
        @Override
        public long length() {
            return broken.length();
        }

        @Override
        public byte[] bytes() {
            return new byte[9];
        }

        @Override
        public InputStream open() throws IOException {
            return broken.open();
        }

        @Override
        public void close() {
            // Nothing to give back.
        }
    }

    @Test
    void namesAreCheckedAndTheNearestIsTold() {
        assertThatThrownBy(() -> functions.check("in-process:order")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no receiver 'order' is registered. Did you mean 'orders'? There are orders; "
                        + "register it with the builder's deliverTo.");
        functions.check("in-process:orders");
        functions.check("https://example.com/in-process:x");
        for (String name : List.of("", "Orders", "a b", "x".repeat(33), "https://x", "-a")) {
            assertThatThrownBy(() -> new Registration(name, 1, delivery -> {})).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new Registration("a", 0, delivery -> {})).hasMessageContaining("must be at least 1");
        Registration one = new Registration("a", 1, delivery -> {});
        assertThatThrownBy(() -> new InProcess(List.of(one, one), millis::get, DRAIN)).hasMessageContaining("two receivers");
        assertThat(DeliverOptions.inProcess("a").to()).isEqualTo("in-process:a");
    }

    private DeliverResult send(Outcome outcome, Body body, Body results, Duration timeout) throws InterruptedException {
        DeliverOptions deliver = DeliverOptions.to(to()).withTimeout(timeout);
        return step().run(Pages.task(to(), null), Pages.spec(deliver), new Parcel(outcome, body, results, 1, false, () -> {}));
    }
}
