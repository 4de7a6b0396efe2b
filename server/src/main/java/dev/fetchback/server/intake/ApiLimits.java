package dev.fetchback.server.intake;

import java.time.Duration;

/** What the API bounds. */
public record ApiLimits(Crowd crowd, Bodies bodies, Patience patience) {
    /** One task's JSON, alone or as a line of a batch. */
    public static final int TASK_BYTES = 1 << 20;
    /** The request line and all headers. */
    public static final int HEADER_BYTES = 16 << 10;

    /** For a server of 512 MB heap: the most memory that bodies may take together is about a fifth of it. */
    public static final ApiLimits DEFAULT = new ApiLimits(
            new Crowd(4096, 2048, 1024, 8),
            new Bodies(64L << 20, 32 << 20),
            new Patience(1024, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(30)));

    /**
     * How many at once.
     *
     * @param connections open; more wait in the system's accept queue
     * @param inFlight requests inside; more are told to come again
     * @param waits requests that wait for an outcome; more are answered as things stand
     * @param uploads batches read, each on a thread of its own
     */
    public record Crowd(int connections, int inFlight, int waits, int uploads) {}

    /**
     * How large, in bytes.
     *
     * @param memory of all request bodies in memory that are larger than 16 KiB
     * @param batch of a batch as one JSON text
     */
    public record Bodies(long memory, int batch) {}

    /**
     * How slow.
     *
     * @param bytesPerSecondMin of a client that sends or reads a body
     * @param grace before that is judged: a first packet may be lost and sent again
     * @param headers for the whole header section
     * @param idle without a single byte
     */
    public record Patience(long bytesPerSecondMin, Duration grace, Duration headers, Duration idle) {}
}
