package dev.fetchback.work;

/** Says when the next task of one queue may start. Called under the lane's lock: it must not block. */
public interface Pace {
    /** A time that only the end of a running task brings. */
    long AFTER_LEAVE = Long.MAX_VALUE;

    /** When one more may start, Unix milliseconds: at or before {@code now} for at once, {@link #AFTER_LEAVE} when one must end first. */
    long opensAt(long now);

    /** One starts. */
    void enter(long now);

    /** One has ended. */
    void leave(long now);

    /** Nothing starts before {@code until}, Unix milliseconds. */
    void pause(long until);

    /** How many tasks may be begun ahead and wait in memory for their turn; 0 when each must wait in the store. */
    int window();
}
