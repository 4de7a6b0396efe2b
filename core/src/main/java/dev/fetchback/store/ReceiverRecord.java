package dev.fetchback.store;

import org.jspecify.annotations.Nullable;

/**
 * What is remembered of a receiver over a restart.
 *
 * @param id {@code rcv_} and 16 characters, derived from the endpoint
 * @param endpoint its URL without query, userinfo or fragment, or its address in this process
 * @param status whether deliveries may start
 * @param reason why they may not; null when they may
 * @param failures in a row
 * @param until when the breaker lets a probe through, or when a Retry-After ends; Unix milliseconds, 0 for none
 * @param updatedAt Unix milliseconds
 * @param orders how often an operator has paused or resumed it: of two records the one with more is the newer, whatever the clocks of
 *     their owners say; counted where a store has several owners
 */
public record ReceiverRecord(
        String id, String endpoint, Status status, @Nullable String reason, int failures, long until, long updatedAt, int orders) {

    /** Of one that nobody has paused or resumed. */
    public ReceiverRecord(String id, String endpoint, Status status, @Nullable String reason, int failures, long until, long updatedAt) {
        this(id, endpoint, status, reason, failures, until, updatedAt, 0);
    }

    /** Whether deliveries may start. */
    public enum Status {
        /** They may. */
        ACTIVE,
        /** Failures opened the breaker; single probes are let through. */
        BROKEN,
        /** The receiver said 410; until it is resumed. */
        GONE,
        /** The operator paused it; until it is resumed. */
        PAUSED,
        /** A function of the program's own that this start of it did not register. */
        ABSENT
    }
}
