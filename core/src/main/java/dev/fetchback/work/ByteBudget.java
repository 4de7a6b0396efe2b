package dev.fetchback.work;

import java.util.concurrent.atomic.AtomicLong;

/** How many bytes of page bodies may be in memory at once; what does not fit goes to disk. Never blocks. */
public final class ByteBudget {
    private final long max;
    private final AtomicLong used = new AtomicLong();

    /** @param max bytes, at least 0 */
    public ByteBudget(long max) {
        this.max = max;
    }

    /** Takes {@code bytes}, or takes nothing and returns false. */
    public boolean tryTake(long bytes) {
        if (used.addAndGet(bytes) <= max) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    /** Gives back what was taken. */
    public void giveBack(long bytes) {
        used.addAndGet(-bytes);
    }

    /** Bytes in memory now. */
    public long used() {
        return used.get();
    }

    /** The most that may be. */
    public long max() {
        return max;
    }
}
