package dev.fetchback.task;

import org.jspecify.annotations.Nullable;

/**
 * Why a task, or one attempt of it, did not work out.
 *
 * @param code stable, listed in docs/errors.md
 * @param detail one sentence for a person; never a secret, never the inside of a network
 * @param status the HTTP status that was answered; 0 when there was none
 */
public record Problem(String code, @Nullable String detail, int status) {
    /** The task was not done when its {@code expires_at} came. */
    public static final String EXPIRED = "expired";
    /** The server stopped again and again while it worked on the task. */
    public static final String CRASH_LOOP = "crash_loop";
    /** The answer's status is not one that the task accepts. */
    public static final String HTTP_STATUS = "http_status";
    /** The receiver is stopped (410, or by the operator), or its breaker is open; nothing was sent. */
    public static final String RECEIVER_STOPPED = "receiver_stopped";
    /** A receiver in the program's own process threw, or has none free as earlier calls do not end. */
    public static final String RECEIVER_FAILED = "receiver_failed";
    /** The program has no receiver of this name any more; nothing was called. */
    public static final String RECEIVER_UNKNOWN = "receiver_unknown";
    /** The page could not be stored. */
    public static final String STORE_FULL = "store_full";
    /** The page could not be stored: the store was out of reach. */
    public static final String STORE_UNAVAILABLE = "store_unavailable";
    /** A processor could not process the page, or a command ended with an error. */
    public static final String PROCESS_FAILED = "process_failed";
    /** A processor took longer than it may. */
    public static final String PROCESS_TIMEOUT = "process_timeout";
    /** The process that a processor ran in died, or was killed for what it used. */
    public static final String PROCESS_CRASHED = "process_crashed";
    /** What the processors returned is longer than it may be. */
    public static final String PROCESS_TOO_LARGE = "process_too_large";
    /** No processor could be asked for now. */
    public static final String PROCESS_UNAVAILABLE = "process_unavailable";
    /** The processor is not there any more. */
    public static final String PROCESS_UNKNOWN = "process_unknown";
    /** A fault of Fetchback itself. */
    public static final String INTERNAL = "internal";
}
