package dev.fetchback.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.work.Body;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which paths a file lets us fetch: RFC 9309 and its examples, and files that are no such thing. */
class RobotsRulesTest {
    private static final int FILE_MAX = RobotsReader.FILE_BYTES_MAX;

    private final RobotsParser parser = new RobotsParser("Fetch-Back/1.2 (+https://example.com/bot)");

    private RobotsRules rules(String file) {
        return parser.parse(file.getBytes(StandardCharsets.UTF_8), false);
    }

    private boolean allows(String file, String path) {
        return rules(file.replace("|", "\n")).denial(path) == null;
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        // precedence (§2.2.2): most octets, then allow
        "Disallow: /; /; false",
        "Disallow: /; /robots.txt; true",
        "Disallow: /a; /b; true",
        "Disallow: /a|Allow: /a/b; /a/b/c; true",
        "Allow: /a|Disallow: /a/b; /a/b/c; false",
        "Disallow: /a|Allow: /a; /a; true",
        "Disallow:; /a; true",
        "Allow: /p|Disallow: /; /page; true",
        "Disallow: /Page; /page; true",
        "Disallow: /a?b; /a?b=c; false",
        "Disallow: /a?b; /a; true",
        // special characters (§2.2.3)
        "Disallow: /*.php$; /a.php; false",
        "Disallow: /*.php$; /a.php?x; true",
        "Disallow: /*.php$; /a.php/b.php; false",
        "Disallow: /*.php; /a.php?x; false",
        "Disallow: /a$; /a; false",
        "Disallow: /a$; /ab; true",
        "Disallow: /a*c$; /ac; false",
        "Disallow: /a*ac$; /ac; true",
        "Disallow: /a*b*c; /axxbxxc/d; false",
        "Disallow: /a*b*c; /axxcxxb; true",
        "Disallow: /a**b; /axb; false",
        "Disallow: *; /x; false",
        "Disallow: *x; /ax; false",
        "Disallow: $; /; true",
        "Disallow: /*?$f=; /?$f=1; false",
        "Disallow: /a%24; /a$b; false",
        "Disallow: /a%2Ab; /a*b; false",
        "Disallow: /a%2ab; /axb; true",
        // percent-encoding (§2.2.2)
        "Disallow: /foo/bar?baz=https://foo.bar; /foo/bar?baz=https://foo.bar; false",
        "Disallow: /foo/bar/ツ; /foo/bar/%E3%83%84; false",
        "Disallow: /foo/bar/%E3%83%84; /foo/bar/%e3%83%84; false",
        "Disallow: /foo/bar/%62%61%7A; /foo/bar/baz; false",
        "Disallow: /foo/baz; /foo/%62%61%7A; false",
        "Disallow: /~u; /%7Eu; false",
        "Disallow: /a%2Fb; /a/b; true",
        "Disallow: /a; /a?x={|}^`; false",
        "Disallow: /a|; /a%; false",
        "Disallow: /a<b; /a%3Cb; false"
    })
    void matchesPaths(String lines, String path, boolean allowed) {
        assertThat(allows("User-agent: *\n" + lines, path)).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "User-agent: *|Disallow: /||User-agent: fetch-back|Disallow: /x; /a; true",
        "User-agent: fetch-back|Disallow: /a||User-agent: *|Disallow: /; /b; true",
        "User-agent: FETCH-BACK|Disallow: /; /a; false",
        "User-agent: Fetch-Back/9|Disallow: /; /a; false",
        "User-agent: fetch|Disallow: /; /a; true",
        "User-agent: fetch-backer|Disallow: /; /a; true",
        "User-agent: other|User-agent: fetch-back|Disallow: /; /a; false",
        "User-agent: fetch-back|Disallow: /a||User-agent: fetch-back|Disallow: /b; /a; false",
        "User-agent: fetch-back|Disallow: /a||User-agent: fetch-back|Disallow: /b; /b; false",
        "Disallow: /; /a; true",
        "user-agent:*|DISALLOW:/ # everything; /a; false",
        "User-agent: *|Sitemap: http://x/|Disallow: /; /a; false",
        "User-agent: *|Crawl-delay: 5||User-agent: x|Disallow: /; /a; false", // §2.2.4: other lines do not part a group
        "User-agent: *|nonsense|Disallow: /; /a; false"
    })
    void findsItsGroup(String file, String path, boolean allowed) {
        assertThat(allows(file, path)).isEqualTo(allowed);
    }

    @Test
    void takesItsNameFromTheUserAgent() {
        assertThat(RobotsParser.token("Fetch-Back/1.2 (+https://example.com)")).isEqualTo("Fetch-Back");
        assertThat(RobotsParser.token("my_Bot 2")).isEqualTo("my_Bot");
        assertThat(RobotsParser.token("2bot/1")).isEmpty();
        assertThat(RobotsParser.token("Mozilla/5.0 (compatible; Some-Bot/2.1; +https://example.com/bot)")).isEqualTo("Some-Bot");
        assertThat(RobotsParser.token("Mozilla/5.0 AppleWebKit/5 (KHTML, like Gecko; compatible; SomeBot/2) X")).isEqualTo("SomeBot");
        assertThat(RobotsParser.token("Mozilla/5.0 (X11) Gecko (compatible; SomeBot)")).isEqualTo("SomeBot");
        assertThat(RobotsParser.token("Mozilla/5.0 (X11; Linux)")).isEqualTo("Mozilla");
        RobotsParser nameless = new RobotsParser("2bot/1");
        byte[] file = "User-agent: *\nDisallow: /".getBytes(StandardCharsets.US_ASCII);
        assertThat(nameless.parse(file, false).denial("/a")).isEqualTo("/");
    }

    @Test
    void readsOtherLineEndsAndByteOrderMarks() {
        String file = "User-agent: *\nDisallow: /a\n";
        for (String one : new String[] {file.replace("\n", "\r"), file.replace("\n", "\r\n"), "\uFEFF" + file, file.strip()}) {
            assertThat(rules(one).denial("/a")).isEqualTo("/a");
        }
        assertThat(parser.parse(("\uFEFF" + file).getBytes(StandardCharsets.UTF_16LE), false).denial("/a")).isEqualTo("/a");
    }

    @Test
    void takesHtmlForAFileThatSaysNothing() {
        assertThat(allows("<!doctype html><html><head><title>No robots here</title></head><body>Disallow: /</body></html>", "/a"))
                .isTrue();
        assertThat(allows("<html>\n<body>\nUser-agent: *\nDisallow: /a\n</body>\n</html>", "/a")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "7, 7000", "0.5, 500", "0, 0", "-3, 0", "86400, 30000", "1e9.0, 0", "x, 0", "NaN, 0", "99999999999, 0", "1.0e400, 30000"
    })
    void boundsTheCrawlDelay(String value, long millis) {
        RobotsRules rules = rules("User-agent: *\nCrawl-delay: " + value + "\nDisallow: /a\n");
        assertThat(rules.crawlDelayMillis()).isEqualTo(millis);
        assertThat(rules.denial("/b")).isNull();
        assertThat(rules.denial("/a")).isEqualTo("/a");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "Crawl-delay: 5", "Disallow:|Crawl-delay: 5", "Crawl-delay: 5|Disallow:", "Allow: /|Crawl-delay: 5", "Crawl-delay: 5|Allow:",
        "Disallow: /a|Crawl-delay: 5|Disallow:", "Allow: /||User-agent: x|Crawl-delay: 9|Disallow: /||User-agent: *|Crawl-delay: 5",
        "Crawl-delay: 5 # please", "crawl-delay:5"
    })
    void readsTheCrawlDelayWhateverTheRules(String lines) {
        RobotsRules rules = rules("User-agent: *\n" + lines.replace('|', '\n'));
        assertThat(rules.crawlDelayMillis()).isEqualTo(5_000);
        assertThat(rules.denial("/b")).isNull();
    }

    @Test
    void theDelayForAllIsNotOursWhenAGroupIs() {
        String file = "User-agent: *\nCrawl-delay: 20\nDisallow: /\n\nUser-agent: fetch-back\nDisallow: /a\n";
        assertThat(rules(file).crawlDelayMillis()).isZero();
        assertThat(rules(file + "Crawl-delay: 2\n").crawlDelayMillis()).isEqualTo(2_000);
    }

    @Test
    void leavesOutALastLineThatIsNotWhole() {
        byte[] cut = "User-agent: *\nDisallow: /a\nDisallow: /".getBytes(StandardCharsets.US_ASCII); // private, say
        assertThat(parser.parse(cut, true).denial("/b")).isNull();
        assertThat(parser.parse(cut, true).denial("/a")).isEqualTo("/a");
        assertThat(parser.parse(cut, false).denial("/b")).isEqualTo("/");
    }

    @Test
    void leavesOutLinesTooLongForAnyRuleButReadsThoseBeforeAComment() {
        String huge = "x".repeat(RobotsParser.LINE_MAX);
        assertThat(allows("User-agent: *\nDisallow: /a # " + huge + "\nDisallow: /b" + huge + "\nDisallow: /c", "/a")).isFalse();
        assertThat(allows("User-agent: *\nDisallow: /b" + huge + "\nDisallow: /c", "/c")).isFalse();
        assertThat(allows("x".repeat(FILE_MAX - 100) + "\nUser-agent: *\nDisallow: /c", "/c")).isFalse();
    }

    @Test
    @Timeout(20)
    void readsHostileFilesInBoundedTime() {
        String agent = "<html>\nUser-agent: *\n";
        String[] hostile = {
            "<", "<\n", "a\n", "\u2028", "Sitemap: /../\n", "Sitemap:/a/../", "Allow: *a*\n", "User-agent: *\n", "%", "Disallow: /%41\n"
        };
        for (String piece : hostile) {
            String file = agent + piece.repeat((FILE_MAX - agent.length() - 14) / piece.getBytes(StandardCharsets.UTF_8).length)
                    + "\nDisallow: /b\n";
            long from = System.nanoTime();
            assertThat(rules(file).denial("/b")).as(piece).isEqualTo("/b");
            assertThat(Duration.ofNanos(System.nanoTime() - from)).as(piece).isLessThan(Duration.ofSeconds(10));
        }
    }

    /** A body that is there when the test says so. */
    private record SlowBody(int size, CountDownLatch begun, CountDownLatch end) implements Body {
        @Override
        public long length() {
            return size;
        }

        @Override
        public byte[] bytes() throws IOException {
            begun.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            return new byte[size];
        }

        @Override
        public InputStream open() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    @Test
    @Timeout(20)
    void aLargeFileHoldsUpOtherLargeOnesOnly() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch secondBegun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch now = new CountDownLatch(0);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<RobotsRules> large = threads.submit(() -> parser.parse(new SlowBody(FILE_MAX, begun, end), false));
            begun.await();
            Future<RobotsRules> second = threads.submit(() -> parser.parse(new SlowBody(FILE_MAX, secondBegun, now), false));
            assertThat(parser.parse(new SlowBody(1000, now, now), false).denial("/a")).isNull();
            assertThat(large.isDone()).isFalse();
            assertThat(secondBegun.getCount()).isEqualTo(1);
            end.countDown();
            assertThat(second.get().denial("/a")).isNull();
            assertThat(large.get().denial("/a")).isNull();
        }
    }

    private RobotsRules many(IntFunction<String> line) {
        StringBuilder file = new StringBuilder("User-agent: *\n");
        for (int i = 0; file.length() < FILE_MAX; i++) {
            file.append(line.apply(i)).append('\n');
        }
        return rules(file.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16, 64, 1000, 2000})
    @Timeout(20)
    void deniesWhatWouldTakeTooLongToMatch(int length) {
        RobotsRules rules = many(i -> "Disallow: /*" + "a".repeat(length) + "c" + i);
        String path = "/" + "a".repeat(4000);
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long from = System.nanoTime();
            assertThat(rules.denial(path)).isEqualTo(RobotsRules.TOO_LONG);
            best = Math.min(best, System.nanoTime() - from);
        }
        assertThat(Duration.ofNanos(best)).as("some 10 ms alone, and up to 400 without the bound").isLessThan(Duration.ofMillis(150));
        assertThat(rules.denial("/b")).as("a short one is matched").isNull();
    }

    @Test
    void matchesThousandsOfRulesWithALongUrl() {
        StringBuilder file = new StringBuilder("User-agent: *\n");
        for (int i = 0; i < 3000; i++) {
            file.append("Disallow: /shop/*/basket").append(i).append("*sort=\n");
        }
        RobotsRules rules = rules(file.toString());
        assertThat(rules.denial("/shop/" + "x".repeat(1000))).isNull();
        assertThat(rules.denial("/shop/" + "x".repeat(1000) + "/basket7?sort=a")).isEqualTo("/shop/*/basket7*sort=");
    }

    @Test
    void countsThePiecesOfARuleAsMemory() {
        RobotsRules pieces = many(i -> "Disallow: /" + "*a".repeat(8000) + i);
        assertThat(pieces.bytes()).as("13 MB were measured").isBetween(13L << 20, 26L << 20);
        assertThat(pieces.denial("/" + "a".repeat(4000))).isNull();
        RobotsRules usual = many(i -> "Disallow: /usual/path/to/somewhere/" + i);
        assertThat(usual.bytes()).as("1.7 MB were measured").isBetween(17L << 17, 34L << 17);
    }
}
