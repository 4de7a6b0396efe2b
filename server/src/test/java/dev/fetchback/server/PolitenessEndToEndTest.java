package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.store.OnEachEngine;
import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How hosts are treated, measured at their own side. */
@Timeout(60)
@OnEachEngine
@Tag("alone")
final class PolitenessEndToEndTest extends EndToEndFixture {
    /** A request that left later may arrive a little sooner after the one before it. */
    private static final long SLACK_NANOS = 25_000_000;

    private final ConcurrentLinkedQueue<Long> arrivals = new ConcurrentLinkedQueue<>();
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    private Web.Answer slow(long millis) {
        arrivals.add(System.nanoTime());
        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
        await(new CountDownLatch(1), millis);
        inside.decrementAndGet();
        return Web.Answer.of(200, "page");
    }

    private static void await(CountDownLatch latch, long millis) {
        try {
            latch.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Long> distances() {
        List<Long> sorted = arrivals.stream().sorted().toList();
        List<Long> distances = new ArrayList<>();
        for (int i = 1; i < sorted.size(); i++) {
            distances.add(sorted.get(i) - sorted.get(i - 1));
        }
        return distances;
    }

    private void batch(List<String> urls) throws Exception {
        StringBuilder lines = new StringBuilder();
        urls.forEach(url -> lines.append("{\"url\":\"").append(url).append("\"}\n"));
        HttpResponse<String> answer = call("POST", "/v1/batches", lines.toString(), "content-type", "application/x-ndjson");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    }

    private static List<String> urls(Web web, int count) {
        List<String> urls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            urls.add(web.url("/" + i));
        }
        return urls;
    }

    private static void receive(Web receiver, int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            assertThat(receiver.next().text()).contains("task.succeeded");
        }
    }

    @Test
    void everyRequestNamesTheContact() throws Exception {
        ConcurrentLinkedQueue<String> agents = new ConcurrentLinkedQueue<>();
        Web pages = web(seen -> {
            agents.add(seen.headers().get("user-agent"));
            return Web.Answer.of(200, "page");
        });
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"), "--fetch-contact", "https://example.com/bot");
        batch(List.of(pages.url("/a")));
        assertThat(receiver.next().headers().get("user-agent")).isEqualTo("Fetchback/0.1 (+https://example.com/bot)");
        assertThat(agents).containsExactly("Fetchback/0.1 (+https://example.com/bot)");
    }

    @Test
    void aSlowHostHasOneOfItsPlacesInUse() throws Exception {
        Web pages = web(seen -> slow(400));
        Web receiver = web(seen -> Web.Answer.of(204));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "50ms");
        batch(urls(pages, 6));
        for (int i = 0; i < 6; i++) {
            receiver.next();
        }
        assertThat(distances().subList(2, 5)).as("from the first answer on").allMatch(nanos -> nanos >= 400_000_000 - SLACK_NANOS);
    }

    @Test
    void aHostHasFewFetchesAtOnceAndKeepsItsGap() throws Exception {
        Web receiver = web(seen -> Web.Answer.of(204));
        Web pages = web(seen -> slow(150));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "100ms");
        batch(urls(pages, 12));
        receive(receiver, 12);
        assertThat(most).hasValue(2);
        assertThat(distances()).allMatch(distance -> distance >= Duration.ofMillis(100).toNanos() - SLACK_NANOS);
    }

    @Test
    void aPolicyLetsAHostHaveMore() throws Exception {
        Web receiver = web(seen -> Web.Answer.of(204));
        CountDownLatch eight = new CountDownLatch(8);
        Web own = web(seen -> {
            eight.countDown();
            await(eight, 10_000);
            return Web.Answer.of(eight.getCount() == 0 ? 200 : 500, "page");
        }, Web.Answer.of(200, "User-agent: *\nDisallow: /\n"));
        Web other = web(seen -> Web.Answer.of(200, "page"), Web.Answer.of(200, "User-agent: *\nDisallow: /\n"));
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "10m", "--fetch-per-address-concurrency", "2",
                "--fetch-policies", own.host() + " concurrency=8 gap=0s robots=ignore");
        batch(urls(own, 8));
        receive(receiver, 8);
        assertThat(own.robots).hasValue(0);
        assertThat(finished(submit("{\"url\":\"" + other.url("/") + "\",\"deliver\":null}"))).contains("robots_denied");
    }

    @Test
    void nothingElseIsAskedOfAHostThatWantsToBeLeftAlone() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        CountDownLatch first = new CountDownLatch(1);
        Web pages = web(seen -> {
            arrivals.add(System.nanoTime());
            if (asked.getAndIncrement() == 0) {
                first.countDown();
                return new Web.Answer(503, Map.of("Retry-After", "2"), new byte[0]);
            }
            return Web.Answer.of(200, "page");
        });
        start("--fetch-per-host-concurrency", "1");
        String one = submit("{\"url\":\"" + pages.url("/1") + "\",\"deliver\":null}");
        assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
        String paused = call("GET", "/v1/tasks/" + one + "?wait=100ms", "").body();
        String two = submit("{\"url\":\"" + pages.url("/2") + "\",\"deliver\":null}");
        String waits = call("GET", "/v1/tasks/" + two, "").body();
        assertThat(waits).contains("\"waiting_on\":{\"kind\":\"host_backoff\",\"host\":\"" + pages.host() + "\"");
        assertThat(Instant.parse(field(waits.substring(waits.indexOf("waiting_on")), "until"))).isAfter(Instant.now());
        assertThat(paused).contains("\"state\":\"queued\"");
        assertThat(call("GET", "/metrics", "").body()).contains("fetchback_hosts_paused 1");
        assertThat(field(finished(two), "state")).isEqualTo("succeeded");
        assertThat(field(finished(one), "state")).isEqualTo("succeeded");
        assertThat(distances().getFirst()).isGreaterThanOrEqualTo(Duration.ofMillis(1_950).toNanos());
    }

    @Test
    void redirectsKeepTheGapAndThePlacesOfTheHostTheyLeadTo() throws Exception {
        Web receiver = web(seen -> Web.Answer.of(204));
        Web end = web(seen -> slow(150));
        List<String> urls = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            urls.addAll(urls(redirecting(end, new CountDownLatch(0)), 1));
        }
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "100ms");
        batch(urls);
        receive(receiver, 6);
        assertThat(most.get()).isLessThanOrEqualTo(2);
        assertThat(distances()).hasSize(5).allMatch(distance -> distance >= Duration.ofMillis(100).toNanos() - SLACK_NANOS);
    }

    @Test
    void hostsThatRedirectToEachOtherDoNotWaitForEachOtherForEver() throws Exception {
        Web receiver = web(seen -> Web.Answer.of(204));
        Web[] hosts = new Web[2];
        for (int i = 0; i < 2; i++) {
            int other = 1 - i;
            hosts[i] = web(seen -> seen.path().startsWith("/end")
                    ? Web.Answer.of(200, "page")
                    : new Web.Answer(302, Map.of("Location", hosts[other].url("/end" + seen.path())), new byte[0]));
        }
        start("--deliver-to", receiver.url("/"), "--fetch-per-host-gap", "0s", "--fetch-per-host-concurrency", "1");
        List<String> urls = urls(hosts[0], 20);
        urls.addAll(urls(hosts[1], 20));
        long from = System.nanoTime();
        batch(urls);
        receive(receiver, 40);
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void noRedirectIsFollowedToAHostThatWantsToBeLeftAlone() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Web end = web(seen -> {
            arrivals.add(System.nanoTime());
            return asked.getAndIncrement() == 0
                    ? new Web.Answer(429, Map.of("Retry-After", "7"), new byte[0])
                    : Web.Answer.of(200, "page");
        });
        CountDownLatch answered = new CountDownLatch(1);
        Web way = redirecting(end, answered);
        start();
        assertThat(finished(submit("{\"url\":\"" + end.url("/") + "\",\"deliver\":null,\"fetch\":{\"max_attempts\":1}}"))).contains("http_status");
        String id = submit("{\"url\":\"" + way.url("/") + "\",\"deliver\":null,\"fetch\":{\"max_attempts\":1}}");
        answered.countDown();
        String waits = "";
        while (!waits.contains("host_busy")) {
            waits = call("GET", "/v1/tasks/" + id + "?wait=100ms", "").body();
        }
        assertThat(waits).contains("\"waiting_on\":{\"kind\":\"retry\"", "\"fetch\":0", end.host());
        String done = finished(id);
        assertThat(field(done, "state")).as("that it waited is no attempt").isEqualTo("succeeded");
        assertThat(distances()).singleElement().satisfies(d -> assertThat(d).isGreaterThanOrEqualTo(Duration.ofMillis(6_950).toNanos()));
    }

    private Web redirecting(Web to, CountDownLatch when) throws Exception {
        return web(seen -> {
            await(when, 10_000);
            return new Web.Answer(302, Map.of("Location", to.url(seen.path())), new byte[0]);
        });
    }

    @Test
    void anAddressThatIsFullHoldsNoPlacesOfOthers() throws Exception {
        Web receiver = web(seen -> Web.Answer.of(204));
        CountDownLatch end = new CountDownLatch(1);
        List<String> slow = new ArrayList<>();
        AtomicInteger there = new AtomicInteger();
        for (int i = 0; i < 6; i++) {
            Web host = web(seen -> {
                there.incrementAndGet();
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                await(end, 30_000);
                inside.decrementAndGet();
                return Web.Answer.of(200, "page");
            });
            slow.addAll(urls(host, 2));
        }
        Web good = closed(new Web(InetAddress.getByName("127.0.0.2"), seen -> Web.Answer.of(200, "good"), Web.Answer.of(404)));
        start("--deliver-to", receiver.url("/"), "--fetch-concurrency", "4", "--fetch-per-address-concurrency", "2");
        batch(slow);
        while (there.get() < 2) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < 5; i++) {
            long from = System.nanoTime();
            assertThat(finished(submit("{\"url\":\"" + good.url("/" + i) + "\",\"deliver\":null}"))).contains("\"succeeded\"");
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(2));
        }
        assertThat(call("GET", "/v1/tasks?state=queued", "").body()).contains("\"waiting_on\":{\"kind\":\"address\"");
        end.countDown();
        receive(receiver, 12);
        assertThat(most).hasValue(2);
        assertThat(receiver.seen).as("each was told once").isEmpty();
    }

    @Test
    void aHostWithManyTasksDelaysNoOther() throws Exception {
        Web receiver = web(seen -> Web.Answer.of(204));
        Web crowd = web(seen -> slow(20));
        start("--deliver-to", receiver.url("/"), "--fetch-concurrency", "8", "--fetch-per-address-concurrency", "8");
        batch(urls(crowd, 20_000));
        long from = System.nanoTime();
        List<String> others = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Web other = web(seen -> Web.Answer.of(200, "page"));
            others.add(submit("{\"url\":\"" + other.url("/") + "\",\"deliver\":null}"));
        }
        for (String other : others) {
            assertThat(field(finished(other), "state")).isEqualTo("succeeded");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(5));
        assertThat(arrivals.size()).as("the crowd is far from its end").isLessThan(10_000);
    }
}
