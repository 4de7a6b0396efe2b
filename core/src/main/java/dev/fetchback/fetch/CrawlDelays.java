package dev.fetchback.fetch;

/** Told what hosts ask for in their robots.txt. Must not block. */
@FunctionalInterface
public interface CrawlDelays {
    /**
     * A fetch from a host begins that asks for time between fetches (Crawl-delay).
     *
     * @param host host and port
     * @param millis 1 to 30,000
     */
    void slowTo(String host, long millis);
}
