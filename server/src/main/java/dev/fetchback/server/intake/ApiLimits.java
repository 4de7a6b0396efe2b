package dev.fetchback.server.intake;

import java.time.Duration;

/**
 * What the API bounds.
 *
 * @param connections open at once; more wait in the system's accept queue
 * @param inFlight requests inside at once; more are told to come again
 * @param waits requests that wait for an outcome at once; more are answered as things stand
 * @param uploads batches read at once, each on a thread of its own
 * @param bodyBytes of all request bodies in memory that are larger than 16 KiB
 * @param batchBytes of a batch as one JSON text
 * @param bytesPerSecondMin of a client that sends or reads a body, judged after ten seconds
 * @param headerTimeout for the whole header section
 * @param idleTimeout without a single byte
 */
public record ApiLimits(
        int connections,
        int inFlight,
        int waits,
        int uploads,
        long bodyBytes,
        int batchBytes,
        long bytesPerSecondMin,
        Duration headerTimeout,
        Duration idleTimeout) {
    /** One task's JSON, alone or as a line of a batch. */
    public static final int TASK_BYTES = 1 << 20;
    /** The request line and all headers. */
    public static final int HEADER_BYTES = 16 << 10;

    /** For a server of 512 MB heap: the most memory that bodies may take together is about a fifth of it. */
    public static final ApiLimits DEFAULT = new ApiLimits(
            4096, 2048, 1024, 8, 64L << 20, 32 << 20, 1024, Duration.ofSeconds(10), Duration.ofSeconds(30));
}
