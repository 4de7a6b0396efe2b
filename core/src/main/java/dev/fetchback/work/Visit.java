package dev.fetchback.work;

import java.time.Duration;

/** Where one fetch is: at its task's own host, where it has a place, or at one that it was redirected to, where it needs one too. */
@FunctionalInterface
public interface Visit {
    /**
     * Goes on to a host, and leaves the one before. Waits for its turn there if that comes soon.
     *
     * @param host host and port
     * @param patience what is left of the fetch's time; much less is waited
     * @return 0 when a request may be sent there now; else when to try again, Unix milliseconds
     */
    long move(String host, Duration patience) throws InterruptedException;

    /**
     * Waits, right before the fetch's first request is sent, until the one of the host's fetch before it is far enough away: that one may
     * have been begun in time and sent late.
     *
     * @param patience no longer than half of it is waited
     */
    default void keepDistance(Duration patience) throws InterruptedException {}
}
