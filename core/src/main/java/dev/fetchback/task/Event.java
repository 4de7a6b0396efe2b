package dev.fetchback.task;

/** What can happen to a task. */
public sealed interface Event {
    /** The owner begins an attempt. */
    record Start(int epoch) implements Event {}

    /** A page came and the receiver took it at once. */
    record PageDelivered(Page page) implements Event {}

    /** A page came and its body is stored: for pick-up, or for a delivery that must wait. */
    record PageStored(Page page) implements Event {}

    /** A page came and its body is stored, but the receiver did not take it at the first try; not again before {@code notBefore}. */
    record PageRefused(Page page, Problem problem, long notBefore) implements Event {}

    /** The page is the same as the last time; {@code page} tells of this answer. */
    record PageUnchanged(Page page) implements Event {}

    /** The fetch failed; {@code retryable} when another try may help, not before {@code notBefore} (Unix milliseconds, 0 for none). */
    record FetchFailed(Problem problem, boolean retryable, long notBefore) implements Event {}

    /** The attempt could not go on for now, which is nobody's fault: it counts as not begun; not again before {@code notBefore}. */
    record PutOff(Problem problem, long notBefore) implements Event {}

    /** The receiver took the stored outcome; {@code linked} when it was given a link to the page, which must stay then. */
    record Delivered(boolean linked) implements Event {}

    /** The receiver did not take the stored outcome; not again before {@code notBefore}. */
    record Refused(Problem problem, long notBefore) implements Event {}

    /** The receiver is stopped: the attempt that was due is over without having begun; not again before {@code notBefore}. */
    record Skipped(Problem problem, long notBefore) implements Event {}

    /** The attempt was given back unfinished (drain, or its slot was gone): it counts as not begun. */
    record HandedBack() implements Event {}

    /** A new owner found the attempt begun by an older epoch, which can no longer settle it. */
    record Reclaimed(int epoch) implements Event {}

    /** The caller takes the task back. */
    record Cancel() implements Event {}

    /** The caller wants a finished task done again, from the fetch. */
    record Retry() implements Event {}

    /** The caller wants a dead outcome delivered again. */
    record Redrive() implements Event {}
}
