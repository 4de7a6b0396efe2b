package dev.fetchback.server.intake;

/**
 * Judges whether a client moves its bytes fast enough; counts only the time spent waiting for the client. Used by one thread at a
 * time.
 */
final class Pace {
    private static final double NANOS = 1e9;

    private final long bytesPerSecondMin;
    private final long graceNanos;
    private long bytes;
    private long waitedNanos;

    Pace(ApiLimits.Patience patience) {
        this.bytesPerSecondMin = patience.bytesPerSecondMin();
        this.graceNanos = patience.grace().toNanos();
    }

    void moved(long more) {
        bytes += more;
    }

    void waited(long nanos) {
        waitedNanos += nanos;
    }

    /** Whether the client is slower than is allowed. */
    boolean tooSlow() {
        long judged = waitedNanos - graceNanos;
        return judged > 0 && bytes < judged / NANOS * bytesPerSecondMin;
    }

    /** The longest wait for the client to move {@code more} bytes before it is too slow. */
    long patienceNanos(long more) {
        double allowed = (bytes + more) * NANOS / bytesPerSecondMin + graceNanos;
        return Math.max(0, (long) allowed - waitedNanos);
    }
}
