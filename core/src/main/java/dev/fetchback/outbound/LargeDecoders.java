package dev.fetchback.outbound;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * How many decoders may be at work that take much memory at a stranger's word: a few bytes make brotli allocate its largest window at
 * once (16 MiB, RFC 7932 §9.1), and zstd half of that (RFC 9659). Only while half of them are free are such codings asked for, so that
 * servers that hold them cost others a few bytes on the wire, no page.
 */
final class LargeDecoders {
    /** Of the heap; bodies, tasks and all else need the rest. */
    private static final int HEAP_SHARE = 4;

    private static final long BYTES_EACH = 16L << 20;
    private static final int MIN = 2;
    /** Less than a silent connection is given, and far more than an honest page takes. */
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final int most;
    private final Semaphore free;

    LargeDecoders() {
        this(Math.clamp(Runtime.getRuntime().maxMemory() / HEAP_SHARE / BYTES_EACH, MIN, Integer.MAX_VALUE));
    }

    LargeDecoders(int most) {
        this.most = most;
        this.free = new Semaphore(most, true);
    }

    /** What to ask for now. */
    String accepted() {
        return free.availablePermits() * 2 > most ? Decoders.ACCEPTED : Decoders.ACCEPTED_SMALL;
    }

    /** Waits a little for one; false when all are held. Give it back with {@link #leave}. */
    boolean enter() throws InterruptedException {
        return free.tryAcquire(WAIT_NANOS, TimeUnit.NANOSECONDS);
    }

    int most() {
        return most;
    }

    int free() {
        return free.availablePermits();
    }

    void leave() {
        free.release();
    }
}
