package dev.fetchback.task;

import java.time.Duration;

/**
 * How a page is fetched.
 *
 * @param timeout of one attempt with all its redirects and the body
 * @param maxBytes of the decoded body; more is a failure, not a cut page
 * @param maxRedirects 0 to 20
 * @param maxAttempts 1 to 20
 * @param acceptStatus which answers count as a page
 * @param robots whether robots.txt is obeyed
 * @param ifChanged whether a page that is the same as the last time counts as {@link Outcome.Unchanged}; with GET only
 */
public record FetchOptions(
        Duration timeout,
        long maxBytes,
        int maxRedirects,
        int maxAttempts,
        StatusSet acceptStatus,
        Robots robots,
        boolean ifChanged) {
    /** What a task gets that says nothing. */
    public static final FetchOptions DEFAULT =
            new FetchOptions(Duration.ofSeconds(60), 10 << 20, 10, 3, StatusSet.SUCCESS, Robots.OBEY, false);

    /** The same with another time for an attempt. */
    public FetchOptions withTimeout(Duration time) {
        return new FetchOptions(time, maxBytes, maxRedirects, maxAttempts, acceptStatus, robots, ifChanged);
    }

    /** The same with another limit of the body. */
    public FetchOptions withMaxBytes(long bytes) {
        return new FetchOptions(timeout, bytes, maxRedirects, maxAttempts, acceptStatus, robots, ifChanged);
    }

    /** The same with another number of attempts. */
    public FetchOptions withMaxAttempts(int attempts) {
        return new FetchOptions(timeout, maxBytes, maxRedirects, attempts, acceptStatus, robots, ifChanged);
    }

    /** The same with another way to treat robots.txt. */
    public FetchOptions withRobots(Robots other) {
        return new FetchOptions(timeout, maxBytes, maxRedirects, maxAttempts, acceptStatus, other, ifChanged);
    }

    /** The same, but a page that is the same as the last time is no page. */
    public FetchOptions withIfChanged() {
        return new FetchOptions(timeout, maxBytes, maxRedirects, maxAttempts, acceptStatus, robots, true);
    }

    /** Whether robots.txt is obeyed. */
    public enum Robots {
        /** RFC 9309: a disallowed page is not fetched. */
        OBEY,
        /** Fetch whatever robots.txt says; only where the operator allows it. */
        IGNORE
    }
}
