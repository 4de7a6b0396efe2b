package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.deliver.DeliverSettings.Breaker;
import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.ReceiverRecord.Status;
import dev.fetchback.task.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EndpointsTest {
    private static final Limits LIMITS = new Limits(4, 6, Duration.ofMillis(1), 64, 1 << 20, 10);

    private final AtomicLong millis = new AtomicLong(1_795_355_500_000L);
    private final List<ReceiverRecord> saved = new ArrayList<>();
    private final Endpoints endpoints = fresh();

    @Test
    void urlsThatDifferInTheirQueryAreOneReceiver() {
        String id = Pages.receiverId("https://api.example/hooks");
        assertThat(Pages.receiverId("HTTPS://API.example:443/hooks?a=1#x")).isEqualTo(id);
        assertThat(Pages.receiverId("https://api.example/hooks2")).isNotEqualTo(id);
        assertThat(Pages.receiverId("https://api.example/Hooks")).isNotEqualTo(id);
        assertThat(Pages.receiverId("http://api.example/hooks")).isNotEqualTo(id);
        assertThat(Pages.receiverId("https://api.example:444/hooks")).isNotEqualTo(id);
        assertThat(id).matches("rcv_[0-9A-HJKMNP-TV-Z]{16}");
    }

    @Test
    void healthyOnesThatWereNotUsedLongestAreForgotten() throws Exception {
        leave(enter("https://a.example/0"), new Verdict.Failed("x")); // the oldest, but not healthy
        Entry inUse = enter("https://a.example/1");
        for (int i = 2; i < 10; i++) {
            leave(enter("https://a.example/" + i), new Verdict.Fine());
        }
        leave(enter("https://a.example/2"), new Verdict.Fine());
        leave(enter("https://a.example/new"), new Verdict.Fine());
        assertThat(endpoints.records()).hasSize(10).extracting(ReceiverRecord::endpoint)
                .contains("https://a.example/0", "https://a.example/1", "https://a.example/2", "https://a.example/new")
                .doesNotContain("https://a.example/3");
        leave(inUse, new Verdict.Fine());
    }

    @Test
    void howeverManyAreSeenMemoryIsBounded() throws Exception {
        for (int i = 0; i < 1000; i++) {
            Verdict verdict = i % 3 == 0 ? new Verdict.Gone("It answered 410 Gone.") : i % 3 == 1 ? new Verdict.Failed("x") : new Verdict.Fine();
            leave(enter("https://h" + i + ".example/"), verdict);
        }
        assertThat(endpoints.records()).hasSize(10);
    }

    @Test
    void aPausedOneIsNeverForgotten() throws Exception {
        leave(enter("https://a.example/paused"), new Verdict.Fine());
        assertThat(endpoints.pause(Pages.receiverId("https://a.example/paused"))).isTrue();
        for (int i = 0; i < 100; i++) {
            leave(enter("https://h" + i + ".example/"), new Verdict.Gone("It answered 410 Gone."));
        }
        assertThat(endpoints.records()).extracting(ReceiverRecord::status).contains(Status.PAUSED);
        assertThat(enter("https://a.example/paused")).isInstanceOfSatisfying(
                Entry.Stopped.class, stopped -> assertThat(stopped.problem().detail()).contains("Paused by the operator"));
    }

    @Test
    void deliveriesGoOnWhileAChangeIsSaved() throws Exception {
        List<Integer> seen = new ArrayList<>();
        Endpoints[] saving = new Endpoints[1];
        saving[0] = new Endpoints(new DeliverSettings(null, "test", 100, LIMITS, Breaker.DEFAULT), Pages.NONE_IN_PROCESS, millis::get, record -> {
            // As a full committer would: it waits for somebody who looks at the same endpoint.
            seen.add(CompletableFuture.supplyAsync(() -> saving[0].records().size()).orTimeout(5, TimeUnit.SECONDS).join());
        });
        String url = "https://a.example/";
        leave(saving[0].of(Pages.receiverId(url), url).enter(() -> {}), new Verdict.Gone("It answered 410 Gone."));
        saving[0].resume(Pages.receiverId(url));
        assertThat(seen).containsExactly(1, 1);
    }

    @Test
    void aStopOutlivesARestart() throws Exception {
        leave(enter("https://a.example/gone"), new Verdict.Gone("It answered 410 Gone."));
        Endpoints restarted = fresh();
        restarted.load(saved);
        assertThat(restarted.records()).isEqualTo(saved);
        assertThat(restarted.of(Pages.receiverId("https://a.example/gone"), "https://a.example/gone").enter(() -> {}))
                .isInstanceOf(Entry.Stopped.class);
    }

    @Test
    void oneOfThisProcessThatIsNotRegisteredIsAbsentUntilItIs() throws Exception {
        String to = "in-process:orders";
        String id = Pages.receiverId(to);
        assertThat(endpoints.of(id, to).enter(() -> {})).isInstanceOfSatisfying(Entry.Stopped.class, stopped -> {
            assertThat(stopped.problem().code()).isEqualTo(Problem.RECEIVER_UNKNOWN);
            assertThat(stopped.problem().detail()).contains("no receiver 'orders'", "deliverTo");
            assertThat(stopped.notBefore()).isZero();
        });
        assertThat(saved).singleElement().satisfies(one -> assertThat(one.status()).isEqualTo(Status.ABSENT));
        assertThat(endpoints.resume(id)).as("there is nothing to resume").isFalse();
        assertThat(fresh().load(List.copyOf(saved))).as("it is still not there").isEmpty();

        Endpoints there = withOrders();
        assertThat(there.load(List.of(saved.getFirst()))).as("what waits for it may start").containsExactly(id);
        assertThat(saved.getLast().status()).isEqualTo(Status.ACTIVE);
        assertThat(withOrders().load(List.of(saved.getLast()))).as("only once").isEmpty();
        Entry only = there.of(id, to).enter(() -> {});
        assertThat(only).isInstanceOf(Endpoint.Permit.class);
        assertThat(there.of(id, to).hold(millis.get())).as("one at once").isGreaterThan(millis.get());
        leave(only, new Verdict.Gone("It wants nothing more: x"));
        assertThat(withOrders().load(List.of(saved.getLast()))).as("a stop of its own outlasts that").isEmpty();
        assertThat(saved.getLast().status()).isEqualTo(Status.GONE);
    }

    private Endpoints withOrders() {
        InProcess orders = new InProcess(
                List.of(new InProcess.Registration("orders", 1, delivery -> {})), millis::get, Duration.ZERO);
        return new Endpoints(new DeliverSettings(null, "x", 1000, LIMITS, Breaker.DEFAULT), orders, millis::get, saved::add);
    }

    @Test
    void whatWasSavedWronglyIsLeftOut() {
        endpoints.load(List.of(new ReceiverRecord("rcv_X", "ftp://x", Status.GONE, null, 0, 0, 0)));
        assertThat(endpoints.records()).isEmpty();
    }

    @Test
    void whatAnotherNodeStoredIsHeardAndNotSavedAgain() throws Exception {
        String url = "https://a.example/hooks";
        String id = Pages.receiverId(url);
        endpoints.hear(List.of(new ReceiverRecord("rcv_X", "ftp://x", Status.GONE, null, 0, 0, 0),
                new ReceiverRecord(id, url, Status.ACTIVE, null, 0, 0, 0)));
        assertThat(endpoints.records()).as("of one that is well nothing need be known").isEmpty();
        endpoints.hear(List.of(new ReceiverRecord(id, url, Status.PAUSED, "Paused by the operator.", 0, 0, 0, 1)));
        assertThat(enter(url)).isInstanceOf(Entry.Stopped.class);
        assertThat(endpoints.records()).singleElement().extracting(ReceiverRecord::status).isEqualTo(Status.PAUSED);
        assertThat(saved).isEmpty();
        assertThat(endpoints.resume(id)).isTrue();
        assertThat(saved).singleElement().extracting(ReceiverRecord::orders).isEqualTo(2);
    }

    @Test
    void unknownReceiversCanBeNeitherPausedNorResumed() {
        assertThat(endpoints.pause("rcv_0000000000000000")).isFalse();
        assertThat(endpoints.resume("rcv_0000000000000000")).isFalse();
        assertThat(saved).isEmpty();
    }

    @Test
    void anOriginHasACapOfItsOwnThatLeavesRoomForOthers() throws Exception {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            entries.add(enter("https://a.example/1"));
        }
        entries.add(enter("https://a.example/2"));
        entries.add(enter("https://a.example/2"));
        assertThat(entries).allMatch(Endpoint.Permit.class::isInstance);
        assertThat(enter("https://a.example/2")).as("six at the origin").isInstanceOf(Entry.Busy.class);
        assertThat(enter("https://a.example/3")).as("has nothing under way yet").isInstanceOf(Endpoint.Permit.class);
        assertThat(enter("https://b.example/1")).as("another origin").isInstanceOf(Endpoint.Permit.class);
        leave(entries.get(0), new Verdict.Fine());
        leave(entries.get(1), new Verdict.Fine());
        assertThat(enter("https://a.example/2")).isInstanceOf(Endpoint.Permit.class);
    }

    @Test
    void aPlaceIsGivenBackOnce() throws Exception {
        Entry first = enter("https://a.example/1");
        for (int i = 0; i < 3; i++) {
            enter("https://a.example/1");
        }
        leave(first, new Verdict.Fine());
        leave(first, new Verdict.Fine());
        assertThat(enter("https://a.example/1")).isInstanceOf(Endpoint.Permit.class);
        assertThat(enter("https://a.example/1")).isInstanceOf(Entry.Busy.class);
    }

    @Test
    void nobodyWaitsInVain() throws Exception {
        Endpoints patient = new Endpoints(
                new DeliverSettings(null, "x", 1000, new Limits(1, 6, Duration.ofSeconds(20), 64, 1 << 20, 10), Breaker.DEFAULT),
                Pages.NONE_IN_PROCESS,
                millis::get,
                saved::add);
        Endpoint endpoint = patient.of("rcv_A", "https://a.example/1");
        for (int i = 0; i < 40; i++) {
            Endpoint.Permit permit = (Endpoint.Permit) endpoint.enter(() -> {});
            permit.leave(new Verdict.Fine(), Duration.ofSeconds(30).toNanos()); // it is slow
        }
        assertThat(endpoint.enter(() -> {})).isInstanceOf(Endpoint.Permit.class);
        long start = System.nanoTime();
        assertThat(endpoint.enter(() -> {})).isInstanceOf(Entry.Busy.class);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void nobodyWaitsForAReceiverThatIsDownAlthoughTheLaneDoes() throws Exception {
        Endpoints patient = new Endpoints(
                new DeliverSettings(null, "x", 1000, new Limits(4, 6, Duration.ofSeconds(20), 64, 1 << 20, 10), Breaker.DEFAULT),
                Pages.NONE_IN_PROCESS,
                millis::get,
                saved::add);
        Endpoint endpoint = patient.of("rcv_A", "https://a.example/1");
        for (int i = 0; i < 5; i++) {
            leave(endpoint.enter(() -> {}), new Verdict.Failed("nobody is there"));
        }
        assertThat(endpoint.hold(millis.get())).as("the lane is to ask again later").isGreaterThan(millis.get());
        long start = System.nanoTime();
        assertThat(endpoint.enter(() -> {})).isInstanceOf(Entry.Busy.class);
        Duration waited = Duration.ofNanos(System.nanoTime() - start);
        assertThat(waited).as("a fetch's place is held meanwhile").isLessThan(Duration.ofSeconds(10));
        millis.addAndGet(10_000);
        assertThat(endpoint.hold(millis.get())).as("the lane's probe").isEqualTo(millis.get());
        start = System.nanoTime();
        assertThat(endpoint.enter(() -> {})).isInstanceOf(Entry.Busy.class);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void whoeverHoldsAFetchWhileItWaitsIsToldWhenThatTakesLong() throws Exception {
        Endpoints patient = new Endpoints(
                new DeliverSettings(null, "x", 1000, new Limits(1, 6, Duration.ofMinutes(5), 64, 1 << 20, 10), Breaker.DEFAULT),
                Pages.NONE_IN_PROCESS,
                millis::get,
                saved::add);
        Endpoint endpoint = patient.of("rcv_A", "https://a.example/1");
        Endpoint.Permit first = (Endpoint.Permit) endpoint.enter(() -> {});
        CountDownLatch told = new CountDownLatch(1);
        CompletableFuture<Entry> second = new CompletableFuture<>();
        Thread waiter = Thread.ofVirtual().start(() -> {
            try {
                second.complete(endpoint.enter(told::countDown));
            } catch (InterruptedException e) {
                second.completeExceptionally(e);
            }
        });
        assertThat(told.await(1, TimeUnit.MINUTES)).isTrue();
        assertThat(second).as("it goes on waiting").isNotDone();
        first.leave(new Verdict.Fine(), 1000);
        assertThat(second.get(1, TimeUnit.MINUTES)).isInstanceOf(Endpoint.Permit.class);
        waiter.join();
    }

    private Endpoints fresh() {
        return new Endpoints(new DeliverSettings(null, "x", 1000, LIMITS, Breaker.DEFAULT), Pages.NONE_IN_PROCESS, millis::get, saved::add);
    }

    private Entry enter(String url) throws Exception {
        return endpoints.of(Pages.receiverId(url), url).enter(() -> {});
    }

    private static void leave(Entry entry, Verdict verdict) {
        ((Endpoint.Permit) entry).leave(verdict, 1000);
    }
}
