package dev.fetchback.work;

import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import org.jspecify.annotations.Nullable;

/** What came of one attempt to fetch. */
public sealed interface FetchResult {
    /**
     * A page that the task accepts. The receiver of this value closes the body.
     *
     * @param news what its host should be known for; null for nothing
     */
    record Fetched(Page page, Body body, @Nullable HostNews news) implements FetchResult {}

    /**
     * The page is the same as the last time.
     *
     * @param page tells of this answer
     * @param news what its host should be known for; null for nothing
     */
    record Unchanged(Page page, @Nullable HostNews news) implements FetchResult {}

    /**
     * No page.
     *
     * @param problem why
     * @param retryable whether another try may help
     * @param notBefore what the server asked for (Retry-After), Unix milliseconds; 0 for nothing
     * @param news what its host should be known for; null for nothing
     */
    record Failed(Problem problem, boolean retryable, long notBefore, @Nullable HostNews news) implements FetchResult {}

    /**
     * A redirect led to a host whose turn it is not yet.
     *
     * @param problem says so
     * @param until when to try again, Unix milliseconds
     */
    record PutOff(Problem problem, long until) implements FetchResult {}

    /**
     * No place was free where the attempt would have connected, so it was not made: the task waits for one in its lane.
     *
     * @param permit what it waits for, a key of {@link Permits}
     */
    record Crowded(Object permit) implements FetchResult {}
}
