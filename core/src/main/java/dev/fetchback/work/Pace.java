package dev.fetchback.work;

import dev.fetchback.store.StoredTask;
import org.jspecify.annotations.Nullable;

/** Says when the next task of one queue may start, and counts those that do. Called under the lane's lock: it must not block. */
public interface Pace {
    /** A time that only {@link Worker#opened} or the end of a running task brings. */
    long AFTER_LEAVE = Long.MAX_VALUE;

    /** A time that a place at {@link #permit} brings, which queues wait for in line. */
    long AFTER_PERMIT = Long.MAX_VALUE - 1;

    /** When one more may start, Unix milliseconds: at or before {@code now} for at once, or one of the constants. */
    long opensAt(long now);

    /**
     * Takes a place for the task that is next.
     *
     * @return at or before {@code now} when it may start; otherwise nothing was taken, and this is when to ask again, as
     *     {@link #opensAt} has it
     */
    long enter(StoredTask next, long now);

    /** The key of the {@linkplain Permits place} that the last {@link #enter} took or was refused; null for none. */
    default @Nullable Object permit() {
        return null;
    }

    /** One that entered has ended; {@code ran} is false when its step never began. What {@link #permit} was is not given back. */
    void leave(long now, boolean ran);

    /** Why {@link #opensAt} says what it says. */
    WaitingOn waitingOn(long now);

    /**
     * The other side asks for so much time between starts: the next one comes no earlier than that after {@code now}. It only slows
     * down: where there is no time between starts at all, it is not heeded.
     */
    void slowTo(long millis, long now);

    /** Until when this must be remembered although nothing of the queue is in memory, Unix milliseconds. */
    default long rememberUntil() {
        return 0;
    }

    /** How many may run at once, about; so many are read from the store. */
    int width();

    /** How many tasks may be begun ahead and wait in memory for their turn; 0 when each must wait in the store. */
    int window();
}
