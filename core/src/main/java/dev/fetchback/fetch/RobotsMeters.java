package dev.fetchback.fetch;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** Counters of what is done for robots.txt, since the start. */
public final class RobotsMeters {
    final LongAdder read = new LongAdder();
    final LongAdder denied = new LongAdder();
    final LongAdder unreachable = new LongAdder();
    private final IntSupplier files;
    private final LongSupplier bytes;

    RobotsMeters(IntSupplier files, LongSupplier bytes) {
        this.files = files;
        this.bytes = bytes;
    }

    /** Files asked servers for, redirects not counted. */
    public long read() {
        return read.sum();
    }

    /** Fetches that were not made because a file does not allow them. */
    public long denied() {
        return denied.sum();
    }

    /** Fetches that were not made because a file could not be read. */
    public long unreachable() {
        return unreachable.sum();
    }

    /** Servers whose file, or lack of one, is remembered. */
    public int files() {
        return files.getAsInt();
    }

    /** About what they take, bytes. */
    public long bytes() {
        return bytes.getAsLong();
    }
}
