package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.Engine;
import dev.fetchback.store.OnOneEngine;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that come and go while there is always something to fetch from every host, measured at the hosts and at the receiver. */
@Timeout(180)
@OnOneEngine(value = Engine.POSTGRES, because = "nodes share it")
@Tag("alone")
final class ClusterPolitenessEndToEndTest {
    /** So many that each of four nodes has some of them, but for one run in 10,000. */
    private static final int PACED = 24;
    private static final int CROWDED = 6;
    private static final int SLOW = 12;
    /** With all their places they could have twice as many requests at their address as may be there. */
    private static final int NEIGHBOURS = 8;
    private static final int AT_AN_ADDRESS = 8;
    private static final int THEIR_ADDRESS = 200;
    private static final long GAP = TimeUnit.SECONDS.toNanos(1);
    /** Longer than the hand-over of a host takes. */
    private static final long SLOW_GAP = TimeUnit.SECONDS.toNanos(5);
    /** A node's first request takes longest to arrive, as its code is new to the machine. */
    private static final long LATE = GAP / 2;
    private static final int AT_ONCE = 2;
    private static final long PAGE_MILLIS = 200;
    private static final long LONG_PAGE_MILLIS = 500;
    /** Tasks of each host, but the slow, that wait or are under way as long as more are wanted. */
    private static final int AHEAD = 5;
    private static final int FEEDERS = 4;

    @TempDir
    Path folder;

    private NodesFixture nodes;
    private final List<Target> paced = new ArrayList<>();
    private final List<Target> crowded = new ArrayList<>();
    private final List<Target> slow = new ArrayList<>();
    private final List<Target> neighbours = new ArrayList<>();
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    private final Map<String, String> delivered = new ConcurrentHashMap<>();
    private final BlockingQueue<Target> wanted = new LinkedBlockingQueue<>();
    private final AtomicInteger pages = new AtomicInteger();
    private volatile boolean ended;
    private volatile ChildServer front;
    private volatile Throwable refused;
    private final List<Thread> feeders = new ArrayList<>();
    private Web receiver;

    @BeforeEach
    void open() throws Exception {
        receiver = new Web(seen -> {
            delivered.putIfAbsent(seen.path(), Target.node(seen));
            return Web.Answer.of(204);
        });
        open(paced, PACED, 0);
        open(crowded, CROWDED, PAGE_MILLIS);
        open(slow, SLOW, 0);
        for (int i = 0; i < NEIGHBOURS; i++) {
            neighbours.add(open(neighbours, i, THEIR_ADDRESS, LONG_PAGE_MILLIS));
        }
        nodes = new NodesFixture(folder, "--fetch-per-host-gap", "1s", "--fetch-per-host-concurrency", Integer.toString(AT_ONCE),
                "--fetch-policies", names(crowded) + " " + names(neighbours) + " gap=0s; " + names(slow) + " gap=5s",
                "--fetch-per-address-concurrency", Integer.toString(AT_AN_ADDRESS), "--node-lease", "3s", "--drain", "2s");
    }

    private void open(List<Target> kind, int count, long takes) throws Exception {
        for (int i = 0; i < count; i++) {
            kind.add(open(kind, i, 1 + all().size(), takes));
        }
    }

    private Target open(List<Target> kind, int at, int address, long takes) throws Exception {
        return new Target(address, takes, path -> {
            if (asked.add(path) && !ended) {
                wanted.add(kind.get(at));
            }
        });
    }

    private static String names(List<Target> targets) {
        return targets.stream().map(Target::host).collect(Collectors.joining(" "));
    }

    @AfterEach
    void close() throws Exception {
        endFeeding();
        nodes.close();
        all().forEach(Target::close);
        receiver.close();
    }

    private List<Target> all() {
        return Stream.of(paced, crowded, slow, neighbours).flatMap(List::stream).toList();
    }

    private void endFeeding() throws InterruptedException {
        ended = true;
        for (Thread feeder : feeders) {
            feeder.join();
        }
    }

    private void feed() {
        try {
            while (!ended) {
                Target next = wanted.poll(10, TimeUnit.MILLISECONDS);
                if (next == null) {
                    continue;
                }
                int page = pages.getAndIncrement();
                HttpResponse<String> answer = front.call("POST", "/v1/tasks", "{\"url\":\"" + next.url("/" + page)
                        + "\",\"deliver\":{\"to\":\"" + receiver.url("/" + page) + "\"}}");
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
            }
        } catch (Exception | AssertionError e) {
            refused = e;
        }
    }

    private void untilEachAsked(int times) {
        List<Target> all = Stream.of(paced, crowded).flatMap(List::stream).toList();
        List<Integer> before = all.stream().map(Target::count).toList();
        nodes.until("each host is asked " + times + " times", () -> {
            assertThat(refused).isNull();
            for (int i = 0; i < all.size(); i++) {
                if (all.get(i).count() < before.get(i) + times) {
                    return false;
                }
            }
            return true;
        });
    }

    private Set<String> nodesThatAsked(List<Target> targets) {
        return targets.stream().flatMap(target -> target.nodes().stream()).collect(Collectors.toSet());
    }

    @Test
    void limitsOfHostsHoldWithOneTwoAndFourNodesThatComeGoAndDie() throws Exception {
        front = nodes.launch().listening();
        for (int i = 0; i < AHEAD; i++) {
            wanted.addAll(paced);
            wanted.addAll(crowded);
            wanted.addAll(neighbours);
        }
        wanted.addAll(slow); // one each is enough for one to wait all the time
        for (int i = 0; i < FEEDERS; i++) {
            feeders.add(Thread.startVirtualThread(this::feed));
        }
        untilEachAsked(3);

        nodes.launch().listening();
        nodes.untilOwned(2, 32);
        untilEachAsked(2);
        assertThat(nodesThatAsked(paced)).containsExactlyInAnyOrder("n1", "n2");

        nodes.launch();
        front = nodes.launch().listening();
        nodes.untilOwned(3, 16);
        nodes.untilOwned(4, 16);
        long four = System.nanoTime();
        untilEachAsked(2);
        long still = System.nanoTime();
        assertThat(nodesThatAsked(paced)).containsExactlyInAnyOrder("n1", "n2", "n3", "n4");
        assertThat(new HashSet<>(delivered.values())).as("to one receiver").containsExactlyInAnyOrder("n1", "n2", "n3", "n4");
        assertThat(nodes.ask("SELECT is_called FROM $.body_n")).as("whether a body was stored").isEqualTo("f");

        nodes.node(1).kill();
        nodes.signal(2, "STOP");
        nodes.untilOwned(3, 32);
        nodes.untilOwned(4, 32);
        untilEachAsked(2);

        long went = System.nanoTime();
        nodes.signal(2, "CONT");
        nodes.node(2).awaitLine("the lease of this node was lost");
        long joined = System.nanoTime();
        nodes.untilOwned(2, 20);
        untilEachAsked(2);

        endFeeding();
        assertThat(nodes.node(3).stop()).isZero();
        assertThat(refused).isNull();
        nodes.until("all " + pages + " are delivered", () -> delivered.size() == pages.get());
        nodes.untilAllSettled();

        // What the stopped node was just about to send leaves when it goes on, before it can know better.
        Predicate<Target.Ask> late = ask -> ask.node().equals("n2") && ask.from() >= went && ask.from() <= joined;
        assertThat(all().stream().mapToLong(target -> target.asks().stream().filter(late).count()).sum()).isLessThan(all().size());
        for (Target target : all()) {
            target.oneNodeAtATime(late);
            assertThat(Target.mostAtOnce(List.of(target), ask -> true)).as(target.host()).isLessThanOrEqualTo(AT_ONCE);
        }
        assertThat(crowded).as("hosts that were kept busy").anyMatch(target -> Target.mostAtOnce(List.of(target), ask -> true) == AT_ONCE);
        assertThat(Target.mostAtOnce(neighbours, ask -> ask.from() > four && ask.from() < still)).as("at one address, from four nodes")
                .isBetween(AT_AN_ADDRESS / 2, AT_AN_ADDRESS);
        for (Target target : paced) {
            target.keptApart(GAP, LATE, late);
        }
        for (Target target : slow) {
            target.keptApart(SLOW_GAP, LATE, late);
        }
        for (Target target : all()) {
            target.asks().stream().collect(Collectors.groupingBy(Target.Ask::path, Collectors.mapping(Target.Ask::node, Collectors.toSet())))
                    .forEach((page, fetchers) -> assertThat(fetchers).as(page).contains(delivered.get(page)));
        }
    }
}
