package dev.fetchback.work;

import dev.fetchback.store.StoredTask;

/**
 * A queue with at most {@code concurrency} tasks running and {@code gapMillis} between starts.
 * Without a gap tasks may be begun ahead, {@link #WINDOW_FACTOR} times the concurrency: they start as soon as another ends, and a
 * host at full speed never waits for the store.
 */
final class HostPace implements Pace {
    private static final int WINDOW_FACTOR = 4;

    private final int concurrency;
    private final long gapMillis;
    private int running;
    private long notBefore;
    private long seenAt;

    HostPace(HostPolicy policy) {
        this.concurrency = policy.concurrency();
        this.gapMillis = policy.gap().toMillis();
    }

    @Override
    public long opensAt(long now) {
        if (now < seenAt) {
            notBefore -= seenAt - now; // the clock was set back, which must not make a gap of hours
        }
        seenAt = now;
        return running >= concurrency ? AFTER_LEAVE : notBefore;
    }

    @Override
    public long enter(StoredTask next, long now) {
        long opens = opensAt(now);
        if (opens > now) {
            return opens;
        }
        running++;
        if (gapMillis > 0) {
            notBefore = Math.max(notBefore, now + gapMillis);
        }
        return now;
    }

    @Override
    public void leave(long now, boolean ran) {
        running--;
    }

    @Override
    public void pause(long until) {
        notBefore = Math.max(notBefore, until);
    }

    @Override
    public void slowTo(long millis, long now) {
        if (gapMillis > 0) {
            notBefore = Math.max(notBefore, now + millis);
        }
    }

    @Override
    public long rememberUntil() {
        return notBefore;
    }

    @Override
    public int window() {
        return gapMillis > 0 ? 0 : WINDOW_FACTOR * concurrency;
    }
}
