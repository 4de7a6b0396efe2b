package dev.fetchback.task;

import org.jspecify.annotations.Nullable;

/** What can happen to a task. */
public sealed interface Event {
    /** The owner begins an attempt. */
    record Start(int epoch) implements Event {}

    /** A page came and is processed at once, from memory. */
    record ProcessStarted() implements Event {}

    /** A page came, was {@code processed} if its task asks for that, and the receiver took it at once. */
    record PageDelivered(Page page, @Nullable Processed processed) implements Event {
        /** One that is not to be processed. */
        public PageDelivered(Page page) {
            this(page, null);
        }
    }

    /**
     * A page came and its body is stored: for pick-up, or for processing or a delivery that must wait. What came of processing it,
     * if that is done, follows the page in the store.
     */
    record PageStored(Page page, @Nullable Processed processed) implements Event {
        /** One that is not to be processed, or not yet. */
        public PageStored(Page page) {
            this(page, null);
        }
    }

    /** The same, but the receiver did not take it at the first try; not again before {@code notBefore}. */
    record PageRefused(Page page, @Nullable Processed processed, Problem problem, long notBefore) implements Event {
        /** One that is not to be processed. */
        public PageRefused(Page page, Problem problem, long notBefore) {
            this(page, null, problem, notBefore);
        }
    }

    /** The page is the same as the last time; {@code page} tells of this answer. */
    record PageUnchanged(Page page) implements Event {}

    /** The fetch failed, or its page was lost as it could not be stored; {@code retryable} when another try may help, not before {@code notBefore} (Unix milliseconds, 0 for none). */
    record FetchFailed(Problem problem, boolean retryable, long notBefore) implements Event {}

    /**
     * The page could not be processed.
     *
     * @param retryable whether another try may help
     * @param page whose body is stored with this, when it was processed from memory and is to be tried again; else null
     */
    record ProcessFailed(Problem problem, boolean retryable, @Nullable Page page) implements Event {}

    /**
     * The page could not be processed for now, which is nobody's fault: the attempt counts as not begun.
     *
     * @param problem why; null when the server stops
     * @param notBefore when to try again, Unix milliseconds; 0 for soon
     * @param page whose body is stored with this, when it was to be processed from memory; else null
     */
    record ProcessPutOff(@Nullable Problem problem, long notBefore, @Nullable Page page) implements Event {}

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

    /** An owner found the attempt begun by another one that is no more, which can no longer settle it. */
    record Reclaimed(int epoch) implements Event {}

    /** The caller takes the task back. */
    record Cancel() implements Event {}

    /** The caller wants a finished task done again, from the fetch. */
    record Retry() implements Event {}

    /** The caller wants a dead outcome delivered again. */
    record Redrive() implements Event {}
}
