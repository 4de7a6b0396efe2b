package dev.fetchback.examples;

import dev.fetchback.Builder;
import dev.fetchback.Fetch;
import dev.fetchback.Fetchback;
import dev.fetchback.deliver.Delivery;
import dev.fetchback.task.ProcessorUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/**
 * Follows the links of one site, each page once, and writes a line for each page. Killed and started again, it goes on where it was.
 *
 * <p>Two files hold where it is: {@code found} has the URLs that were submitted, {@code pages} those that are done. Both are written
 * after the submit, so a page whose links were not written down is delivered again, and its links are the same tasks by their keys.
 */
public final class Crawler {
    private static final ProcessorUse LINKS =
            new ProcessorUse("links", "links", "{\"hosts\":\"same\"}", ProcessorUse.OnError.DELIVER, null);

    private final String site;
    private final int pagesMax;
    private final Path folder;
    private final Set<String> found;
    private final Set<String> done = new LinkedHashSet<>();
    private final CountDownLatch finished = new CountDownLatch(1);

    /**
     * @param site what all URLs begin with, and the first of them
     * @param pagesMax how many pages are followed
     * @param folder for the files, and for what Fetchback keeps
     */
    public Crawler(String site, int pagesMax, Path folder) throws IOException {
        this.site = site;
        this.pagesMax = pagesMax;
        this.folder = Files.createDirectories(folder);
        this.found = new LinkedHashSet<>(lines("found"));
        lines("pages").forEach(line -> done.add(line.substring(line.indexOf(' ') + 1)));
    }

    /** Usage: {@code Crawler https://example.com/ folder}. */
    public static void main(String[] args) throws Exception {
        new Crawler(args[0], 1000, Path.of(args[1])).run(Fetchback.builder().userAgent("ExampleCrawler (+https://example.com/bot)"));
    }

    /** Returns when every page is there that was found. */
    public void run(Builder builder) throws IOException, InterruptedException {
        boolean begun = !found.isEmpty();
        if (begun && done.containsAll(found)) {
            return;
        }
        try (Fetchback fetchback = builder.dataDir(folder.resolve("fetchback")).deliverTo(this::receive).start()) {
            if (!begun) {
                submit(fetchback, List.of(site));
            }
            finished.await();
        }
    }

    private void receive(Delivery page, Fetchback fetchback) throws IOException {
        Set<String> fresh = new LinkedHashSet<>();
        for (String url : urls(page)) {
            if (url.startsWith(site) && !found.contains(url) && found.size() + fresh.size() < pagesMax) {
                fresh.add(url);
            }
        }
        submit(fetchback, fresh);
        append("found", fresh);
        found.addAll(fresh);
        if (done.add(page.url())) {
            String status = page.page().map(fetched -> Integer.toString(fetched.status())).orElseGet(page::type);
            append("pages", List.of(status + " " + page.url()));
        }
        if (done.size() == found.size()) {
            finished.countDown();
        }
    }

    /** The page's own, which may not be written down yet, and those of its links. */
    private static List<String> urls(Delivery page) throws IOException {
        List<String> urls = new ArrayList<>(List.of(page.url()));
        if (page.processed().get("links") instanceof List<?> links) {
            links.forEach(link -> urls.add((String) ((Map<?, ?>) link).get("url")));
        }
        return urls;
    }

    private static void submit(Fetchback fetchback, Collection<String> urls) {
        List<Fetch> fetches = new ArrayList<>();
        urls.forEach(url -> fetches.add(Fetch.of(url).process(LINKS).idempotencyKey(url)));
        fetchback.submitAll(fetches);
    }

    private List<String> lines(String name) throws IOException {
        Path file = folder.resolve(name);
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private void append(String name, Collection<String> lines) throws IOException {
        Files.write(folder.resolve(name), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.DSYNC);
    }
}
