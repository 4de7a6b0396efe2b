package dev.fetchback.fetch;

import dev.fetchback.outbound.AddressBusy;
import dev.fetchback.outbound.AddressTurn;
import dev.fetchback.outbound.Target;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Measures what robots.txt costs a fetch whose server's file is remembered. Not a test; run by hand. */
final class RobotsSpeed {
    private static final AddressTurn TURN = new AddressTurn(null, 8);
    private static final int ROUNDS = 5;
    private static final int CHECKS = 2_000_000;

    private RobotsSpeed() {}

    public static void main(String[] args) throws Exception {
        RobotsParser parser = new RobotsParser("Fetchback/1");
        StringBuilder file = new StringBuilder("User-agent: *\n");
        for (int i = 0; i < 50; i++) {
            file.append("Disallow: /private").append(i).append("/*.html\n");
        }
        byte[] bytes = file.toString().getBytes(StandardCharsets.US_ASCII);
        for (int round = 0; round < ROUNDS; round++) {
            check("no file", RobotsRules.ALLOW_ALL, 1);
            check("no file", RobotsRules.ALLOW_ALL, 2);
            check("50 rules", parser.parse(bytes, false), 1);
            check("50 rules", parser.parse(bytes, false), 2);
            long from = System.nanoTime();
            for (int i = 0; i < 2_000; i++) {
                parser.parse(bytes, false);
            }
            System.out.printf("reading 50 rules: %.0f us%n", (System.nanoTime() - from) / 2_000 / 1e3);
        }
    }

    /** As 10,000 servers are remembered, asked for in turn. */
    private static void check(String what, RobotsRules rules, int threads) throws Exception {
        Robots robots = new Robots(
                (_, _) -> new RobotsReading.Read(rules, Duration.ofHours(1).toMillis()),
                new Robots.Limits(Long.MAX_VALUE, Duration.ofSeconds(1), Duration.ofSeconds(1)),
                System::currentTimeMillis);
        List<Target> pages = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            pages.add(Target.parse("https://www.host" + i + ".example/some/path/to/page.html?id=" + i));
            robots.ask(pages.getLast(), Duration.ofSeconds(10), TURN);
        }
        List<Thread> running = new ArrayList<>();
        long from = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            running.add(Thread.ofPlatform().start(() -> checkAll(robots, pages)));
        }
        for (Thread one : running) {
            one.join();
        }
        long nanos = System.nanoTime() - from;
        System.out.printf("%s, threads=%d: %.2f us a check by the clock%n", what, threads, nanos / 1e3 / CHECKS);
    }

    private static void checkAll(Robots robots, List<Target> pages) {
        try {
            for (int i = 0; i < CHECKS; i++) {
                Target page = pages.get(i % pages.size());
                if (new RobotsCheck(robots, (_, _) -> {}, _ -> true, page, TURN).refusal(page, Duration.ofSeconds(60)) != null) {
                    throw new AssertionError(page);
                }
            }
        } catch (AddressBusy | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
