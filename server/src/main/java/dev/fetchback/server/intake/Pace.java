package dev.fetchback.server.intake;

/**
 * Judges whether a client moves its bytes fast enough; counts only the time spent waiting for the client. Used by one thread at a
 * time.
 */
final class Pace {
    /** Before this nobody is judged: a first packet may be lost and sent again. */
    private static final long GRACE_NANOS = 10_000_000_000L;

    private static final double NANOS = 1e9;

    private final long bytesPerSecondMin;
    private long bytes;
    private long waitedNanos;

    Pace(long bytesPerSecondMin) {
        this.bytesPerSecondMin = bytesPerSecondMin;
    }

    void moved(long more) {
        bytes += more;
    }

    void waited(long nanos) {
        waitedNanos += nanos;
    }

    /** Whether the client is slower than is allowed. */
    boolean tooSlow() {
        long judged = waitedNanos - GRACE_NANOS;
        return judged > 0 && bytes < judged / NANOS * bytesPerSecondMin;
    }

    /** The longest wait for the client to move {@code more} bytes before it is too slow. */
    long patienceNanos(long more) {
        double allowed = (bytes + more) * NANOS / bytesPerSecondMin + GRACE_NANOS;
        return Math.max(0, (long) allowed - waitedNanos);
    }
}
