package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every hostile server ends with its own kind of failure, within its limit and a second, with no more bytes read than allowed and
 * no socket left, while a fetch beside it goes on.
 */
class HostileSuiteTest {
    /** Servers that are silent cost no processor. */
    private static final int SILENT_AT_ONCE = 12;

    private static final int BUSY_AT_ONCE = 2;
    private static final long SLACK_MILLIS = 1_000;

    /** What a case came to. */
    private record Outcome(
            Fixture.Result result, long millis, Fixture.Result control, long controlMillis, long received, long open) {}

    @TestFactory
    Stream<DynamicTest> endsAsItMust() throws Exception {
        TestKeys.trust(); // made now: virtual threads that wait for it would hold up all others
        RawServer good = new RawServer(call -> call.ok("fine"));
        try (Fixture first = Fixture.impatient(TestKeys.trust());
                RawServer secure = new RawServer(call -> call.ok("fine"), RawServer.Transport.TLS)) {
            assertThat(first.get(good.url("/")).body()).as("opens what the system keeps open").isEqualTo("fine");
            first.get(secure.url("/")); // loads what the first handshake waits for
        }
        OpenSockets before = OpenSockets.now();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Semaphore silent = new Semaphore(SILENT_AT_ONCE);
        Semaphore busy = new Semaphore(BUSY_AT_ONCE);
        List<HostileCase> silentFirst = HostileCases.all().stream().sorted(Comparator.comparing(HostileCase::busy)).toList();
        CountDownLatch silentLeft = new CountDownLatch((int) silentFirst.stream().filter(one -> !one.busy()).count());
        List<DynamicTest> tests = new ArrayList<>();
        for (HostileCase one : silentFirst) {
            Semaphore places = one.busy() ? busy : silent;
            Future<Outcome> outcome = threads.submit(() -> {
                if (one.busy()) {
                    silentLeft.await();
                }
                places.acquire();
                try {
                    return run(one, good);
                } finally {
                    places.release();
                    silentLeft.countDown();
                }
            });
            tests.add(DynamicTest.dynamicTest(one.name(), () -> check(one, outcome.get(60, TimeUnit.SECONDS))));
        }
        tests.add(DynamicTest.dynamicTest("no socket is left", () -> {
            threads.shutdown();
            assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
            good.close();
            before.untilNoOther();
        }));
        return tests.stream();
    }

    private static Outcome run(HostileCase one, RawServer good) throws Exception {
        try (RawServer server = new RawServer(one.script(), one.transport());
                Fixture fixture = one.busy() ? Fixture.patient(TestKeys.trust()) : Fixture.impatient(TestKeys.trust())) {
            Request.Limits limits = Request.Limits.page(one.total(), HostileCase.PAGE_MAX, 5);
            Request request = new Request(server.url("/"), "GET", List.of(), null, limits);
            long from = System.nanoTime();
            Future<Fixture.Result> attack = fixture.sendLater(request);
            long controlFrom = System.nanoTime();
            Fixture.Result control = fixture.get(good.url("/"));
            long controlMillis = millisSince(controlFrom);
            Fixture.Result result = attack.get(30, TimeUnit.SECONDS);
            long millis = millisSince(from);
            long received = fixture.outbound.meters().received();
            // What is kept to be used again is none that is left over: the control's, and an attacker's after a whole answer.
            long open = fixture.outbound.meters().open() - fixture.outbound.parts().pool().size();
            return new Outcome(result, millis, control, controlMillis, received, open);
        }
    }

    private static void check(HostileCase one, Outcome outcome) {
        Fixture.Result result = outcome.result();
        if (one.kinds().isEmpty()) {
            assertThat(result.kind()).as("%s: %s", one, result.exchange()).isNull();
            if (one.body() != null) {
                assertThat(result.body()).isEqualTo(one.body());
            }
        } else {
            assertThat(result.kind()).as("%s: %s", one, result.exchange()).isIn(one.kinds());
            assertThat(outcome.millis()).as("%s: milliseconds", one).isLessThan(one.limitMillis() + SLACK_MILLIS);
        }
        assertThat(result.body().length()).as("%s: bytes given on", one).isLessThanOrEqualTo(HostileCase.PAGE_MAX);
        assertThat(outcome.received()).as("%s: bytes read", one).isLessThanOrEqualTo(one.bytesMax());
        assertThat(outcome.open()).as("%s: connections left", one).isZero();
        assertThat(outcome.control().body()).as("%s: %s", one, outcome.control()).isEqualTo("fine");
        assertThat(outcome.controlMillis()).as("%s: milliseconds of the fetch beside it", one).isLessThan(1_000);
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }
}
