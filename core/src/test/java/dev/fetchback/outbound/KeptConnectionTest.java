package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that are used again: dead ones, and ones that hold bytes nobody asked for. */
class KeptConnectionTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void isUsedAgain() throws Exception {
        try (RawServer server = new RawServer(call -> call.ok("answer " + call.number()))) {
            for (int i = 1; i <= 20; i++) {
                assertThat(fixture.send(Fixture.request(i % 2 == 0 ? "POST" : "GET", server.url("/" + i), null)).body())
                        .isEqualTo("answer " + i);
            }
            assertThat(server.accepted()).isEqualTo(1);
            assertThat(fixture.outbound.meters().opened()).isEqualTo(1);
            assertThat(fixture.outbound.meters().reused()).isEqualTo(19);
            assertThat(fixture.outbound.meters().exchanges()).isEqualTo(20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "POST"})
    void oneThatTheServerClosedMeanwhileIsReplaced(String method) throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        try (RawServer server = new RawServer(call -> {
            call.ok("x");
            if (call.number() == 1) {
                call.socket().close();
                closed.countDown();
            }
        })) {
            fixture.send(Fixture.request(method, server.url("/"), null));
            assertThat(closed.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(fixture.send(Fixture.request(method, server.url("/"), null)).body()).isEqualTo("x");
            assertThat(server.heads()).hasSize(2);
            assertThat(server.accepted()).isEqualTo(2);
            assertThat(fixture.outbound.meters().retried()).as("seen before it was used").isZero();
        }
    }

    @Test
    void oneThatTheServerClosesAtTheNextRequestIsReplacedWhereARepeatDoesNoHarm() throws Exception {
        try (RawServer server = new RawServer(call -> {
            if (call.number() % 2 == 0) {
                call.socket().close();
                throw new IOException("closed without an answer");
            }
            call.ok("x");
        })) {
            assertThat(fixture.get(server.url("/1")).body()).isEqualTo("x");
            assertThat(fixture.get(server.url("/2")).body()).as("sent again").isEqualTo("x");
            assertThat(server.heads()).hasSize(3);
            assertThat(fixture.outbound.meters().retried()).isEqualTo(1);
            Fixture.Result post = fixture.send(Fixture.request("POST", server.url("/3"), "pay"));
            assertThat(post.kind()).as("may have been acted on").isEqualTo(Kind.CONNECTION_LOST);
            assertThat(server.heads()).hasSize(4);
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    /** A receiver that was restarted: every kept connection is dead, which shows only when it is used. */
    @ParameterizedTest
    @ValueSource(strings = {"close", "reset"})
    void aCallIsSentOnceMoreHoweverManyAreDead(String how) throws Exception {
        int calls = 4;
        CountDownLatch before = new CountDownLatch(calls);
        CountDownLatch after = new CountDownLatch(calls);
        Set<Socket> old = ConcurrentHashMap.newKeySet();
        try (RawServer server = new RawServer(call -> {
            if (old.contains(call.socket())) {
                if (how.equals("reset")) {
                    call.reset();
                }
                throw new IOException("closed without an answer");
            }
            boolean restarted = before.getCount() == 0;
            CountDownLatch together = restarted ? after : before;
            if (!restarted) {
                old.add(call.socket());
            }
            together.countDown();
            together.await();
            call.ok(restarted ? "after" : "before");
        })) {
            assertThat(atOnce(calls, server)).containsOnly("before");
            assertThat(fixture.outbound.meters().open()).isEqualTo(calls);
            assertThat(atOnce(calls, server)).containsOnly("after");
            assertThat(fixture.outbound.meters().retried()).isEqualTo(calls);
            assertThat(server.accepted()).as("each repeat on a fresh one").isEqualTo(2 * calls);
        }
    }

    private List<String> atOnce(int calls, RawServer server) throws Exception {
        List<Future<Fixture.Result>> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Request call = new Request(
                    server.url("/"), "POST", List.of(), new byte[10], Request.Limits.call(Fixture.TOTAL, 100));
            for (int i = 0; i < calls; i++) {
                results.add(threads.submit(() -> fixture.send(call)));
            }
        }
        List<String> bodies = new ArrayList<>();
        for (Future<Fixture.Result> result : results) {
            bodies.add(result.get().body());
        }
        return bodies;
    }

    @Test
    void aFreshConnectionThatBreaksIsNotTriedAgain() throws Exception {
        try (RawServer server = new RawServer(call -> call.reset())) {
            assertThat(fixture.get(server.url("/")).kind()).isEqualTo(Kind.CONNECTION_LOST);
            assertThat(server.heads()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    })
    void bytesThatFollowAnAnswerNeverBecomeTheNext(String answer) throws Exception {
        String poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON";
        try (RawServer server = new RawServer(call -> {
            if (call.number() == 1) {
                call.send(answer + poison);
            } else {
                call.ok("clean");
            }
        })) {
            fixture.get(server.url("/"));
            assertThat(fixture.get(server.url("/")).body()).isEqualTo("clean");
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @Test
    void bytesThatComeLaterNeverBecomeTheNextAnswer() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch sent = new CountDownLatch(1);
        try (RawServer server = new RawServer(call -> {
            call.ok("clean");
            if (call.number() == 1) {
                go.await();
                call.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON");
                sent.countDown();
            }
        })) {
            fixture.get(server.url("/"));
            go.countDown();
            assertThat(sent.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(fixture.get(server.url("/")).body()).isEqualTo("clean");
            assertThat(server.accepted()).isEqualTo(2);
            assertThat(fixture.outbound.meters().open()).isEqualTo(1);
        }
    }

    /**
     * The watchdog strikes while answers come and connections change hands: nobody else's exchange may be hit or get a wrong
     * body.
     */
    @Test
    void deadlinesHitOnlyTheirOwnExchange() throws Exception {
        long seed = new Random().nextLong();
        AtomicInteger struck = new AtomicInteger();
        AtomicInteger answered = new AtomicInteger();
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1_500);
        try (RawServer server = new RawServer(call -> {
            if (call.path().startsWith("/hasty")) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(call.number() % 60));
            }
            call.ok(call.path());
        })) {
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                boolean hasty = i % 2 == 0;
                Random random = new Random(seed + i);
                callers.add(Thread.ofVirtual().start(() -> {
                    try {
                        while (System.nanoTime() < end) {
                            String path = (hasty ? "/hasty" : "/calm") + random.nextInt(1_000_000);
                            Duration total = hasty ? Duration.ofMillis(1 + random.nextInt(60)) : Fixture.TOTAL;
                            Request request = new Request(
                                    server.url(path), "POST", List.of(), null, Request.Limits.page(total, 1000, 0));
                            Fixture.Result result = fixture.send(request);
                            if (result.kind() == null && result.body().equals(path)) {
                                answered.incrementAndGet();
                            } else if (hasty && result.kind() == Kind.DEADLINE) {
                                struck.incrementAndGet();
                            } else {
                                wrong.add(path + ": " + result);
                            }
                        }
                    } catch (Exception e) {
                        wrong.add(String.valueOf(e));
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join(20_000);
            }
            assertThat(wrong).as("seed %d", seed).isEmpty();
            assertThat(struck.get()).isPositive();
            assertThat(answered.get()).isPositive();
        }
    }

    @Test
    void aHalfReadOneIsNotKept() throws Exception {
        try (RawServer server = new RawServer(call -> call.ok("x".repeat(2 << 20)))) {
            assertThat(fixture.get(server.url("/")).kind()).isEqualTo(Kind.TOO_LARGE);
            assertThat(fixture.outbound.meters().open()).isZero();
        }
    }

    @Test
    void keepsTheConnectionsOfAsManyExchangesAsThereMayBeAtOnce() throws Exception {
        CyclicBarrier together = new CyclicBarrier(3);
        try (Fixture roomy = new Fixture(new OutboundSettings(Fixture.SHORT, 0, 0).withExchanges(3), "127.0.0.0/8");
                RawServer server = new RawServer(call -> {
                    together.await(5, TimeUnit.SECONDS);
                    call.ok("x");
                })) {
            for (int wave = 0; wave < 2; wave++) {
                Target target = server.url("/");
                List<CompletableFuture<Fixture.Result>> all = Stream.generate(() -> start(roomy, target)).limit(3).toList();
                for (CompletableFuture<Fixture.Result> one : all) {
                    assertThat(one.get(10, TimeUnit.SECONDS).kind()).isNull();
                }
            }
            assertThat(server.accepted()).as("the second wave found those of the first").isEqualTo(3);
        }
    }

    @RepeatedTest(50) // two that are opened at once may find the same room
    void closesKeptConnectionsForThoseInUse() throws Exception {
        CountDownLatch there = new CountDownLatch(2);
        CountDownLatch go = new CountDownLatch(1);
        try (Fixture small = new Fixture(new OutboundSettings(Fixture.SHORT, 0, 0).withExchanges(2), "127.0.0.0/8");
                RawServer quick = new RawServer(call -> call.ok("x"));
                RawServer slow = new RawServer(call -> {
                    there.countDown();
                    go.await(5, TimeUnit.SECONDS);
                    call.ok("x");
                })) {
            small.get(quick.url("/"));
            small.names.put("h.test", List.of(InetAddress.ofLiteral("127.0.0.1")));
            small.get(Target.parse("http://h.test:" + quick.port() + "/"));
            assertThat(small.outbound.meters().open()).isEqualTo(2);
            CompletableFuture<Fixture.Result> first = start(small, slow.url("/"));
            CompletableFuture<Fixture.Result> second = start(small, slow.url("/"));
            assertThat(there.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(small.outbound.meters().open()).isEqualTo(2);
            assertThat(small.outbound.parts().pool().size()).isZero();
            go.countDown();
            assertThat(first.get(10, TimeUnit.SECONDS).kind()).isNull();
            assertThat(second.get(10, TimeUnit.SECONDS).kind()).isNull();
        }
    }

    private static CompletableFuture<Fixture.Result> start(Fixture fixture, Target target) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return fixture.get(target);
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        }, Thread::startVirtualThread);
    }
}
