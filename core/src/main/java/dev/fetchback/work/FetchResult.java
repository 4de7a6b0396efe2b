package dev.fetchback.work;

import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;

/** What came of one attempt to fetch. */
public sealed interface FetchResult {
    /** A page that the task accepts. The receiver of this value closes the body. */
    record Fetched(Page page, Body body) implements FetchResult {}

    /** The page is the same as the last time; {@code page} tells of this answer. */
    record Unchanged(Page page) implements FetchResult {}

    /**
     * No page.
     *
     * @param problem why
     * @param retryable whether another try may help
     * @param notBefore what the server asked for (Retry-After), Unix milliseconds; 0 for nothing
     * @param pausesHost whether the whole host should be left alone until then (429, 503)
     */
    record Failed(Problem problem, boolean retryable, long notBefore, boolean pausesHost) implements FetchResult {}
}
