package dev.fetchback.deliver;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Arrays for envelopes, used again: at 10,000 deliveries a second they would be most of what is allocated. Safe for many
 * threads.
 */
final class Buffers {
    private static final int KEPT_MAX = 128; // of at most 128 KiB each: 16 MiB
    private static final int CAPACITY_KEPT_MAX = 128 << 10;
    private static final int CAPACITY = 16 << 10; // fits an envelope of a 10 KB page

    private final ArrayBlockingQueue<JsonBytes> kept = new ArrayBlockingQueue<>(KEPT_MAX);

    /** An empty buffer. */
    JsonBytes take() {
        JsonBytes buffer = kept.poll();
        return buffer != null ? buffer.truncate(0) : new JsonBytes(CAPACITY);
    }

    /** For use by others: only a buffer that nobody reads any more may be given back. */
    void giveBack(JsonBytes buffer) {
        if (buffer.capacity() <= CAPACITY_KEPT_MAX) {
            kept.offer(buffer);
        }
    }
}
