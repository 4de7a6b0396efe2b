package dev.fetchback.work;

import dev.fetchback.task.Problem;

/** What came of one attempt to deliver. */
public sealed interface DeliverResult {
    /** The receiver took it; {@code linked} when it was given a link to the page instead of the page. */
    record Accepted(boolean linked) implements DeliverResult {}

    /**
     * The receiver did not take it, or was not asked because it is stopped.
     *
     * @param notBefore what it asked for (Retry-After), Unix milliseconds; 0 for nothing
     */
    record Refused(Problem problem, long notBefore) implements DeliverResult {}

    /** It cannot go out from memory now (too large to be sent inline, or the receiver is busy): store it, then try again. */
    record StoreFirst() implements DeliverResult {}
}
