package dev.fetchback.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;

@Timeout(120)
final class CrawlerTest {
    private static final int PAGES = 25;
    private static final long POLL_NANOS = 1_000_000;

    @TempDir
    Path folder;

    /** Page n links to 2n and 2n+1, to its parent, to another site and, if it is 7, to one that is missing. */
    private static @Nullable String page(String path) {
        if (path.equals("/s/missing")) {
            return null;
        }
        int n = path.equals("/s/") ? 1 : Integer.parseInt(path.substring("/s/".length()));
        StringBuilder page = new StringBuilder("<title>" + n + "</title><a href='https://elsewhere.example/s/1'>x</a><a href='/private'>p</a>");
        for (int next : new int[] {2 * n, 2 * n + 1}) {
            page.append(next <= PAGES ? "<a href='" + next + "#top'>down</a>" : "");
        }
        return page.append("<a href='/s/'>home</a>").append(n == 7 ? "<a href='missing'>gone</a>" : "").toString();
    }

    private List<String> expected(Site site) {
        List<String> lines = new ArrayList<>(List.of("200 " + site.url("/s/"), "task.failed " + site.url("/s/missing")));
        for (int n = 2; n <= PAGES; n++) {
            lines.add("200 " + site.url("/s/" + n));
        }
        return lines;
    }

    private List<String> pages(Path of) throws IOException {
        Path file = of.resolve("pages");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    @Test
    void followsEachLinkOfTheSiteOnce() throws Exception {
        try (Site site = new Site(CrawlerTest::page)) {
            new Crawler(site.url("/s/"), 1000, folder).run(Local.builder());
            assertThat(pages(folder)).containsExactlyInAnyOrderElementsOf(expected(site));
            assertThat(site.asked).as("each page once").doesNotHaveDuplicates().hasSize(PAGES + 1);
            new Crawler(site.url("/s/"), 1000, folder).run(Local.builder());
            assertThat(site.asked).as("nothing is left to do").hasSize(PAGES + 1);
        }
    }

    @Test
    void followsNoMoreThanItMay() throws Exception {
        try (Site site = new Site(CrawlerTest::page)) {
            new Crawler(site.url("/s/"), 10, folder).run(Local.builder());
            assertThat(pages(folder)).hasSize(10);
            assertThat(site.asked).hasSize(10);
        }
    }

    @Test
    void killedAgainAndAgainItStillFindsEverything() throws Exception {
        try (Site site = new Site(CrawlerTest::page)) {
            for (int lines : new int[] {1, 12}) {
                Process crawler = start(site);
                while (pages(folder).size() < lines) {
                    assertThat(crawler.isAlive()).isTrue();
                    LockSupport.parkNanos(POLL_NANOS); // another process, which gives no sign
                }
                crawler.destroyForcibly().waitFor();
            }
            Process last = start(site);
            assertThat(last.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(last.exitValue()).isZero();
            assertThat(new HashSet<>(pages(folder))).containsExactlyInAnyOrderElementsOf(expected(site));
            assertThat(pages(folder)).as("each line once").doesNotHaveDuplicates();
        }
    }

    private Process start(Site site) throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                "-Dorg.sqlite.tmpdir=" + folder, // a library that is unpacked there, which one that is killed leaves
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Local.class.getName(), site.url("/s/"), "1000", folder.toString()).inheritIO().start();
    }
}
