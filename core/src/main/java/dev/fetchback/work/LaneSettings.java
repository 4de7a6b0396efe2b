package dev.fetchback.work;

/**
 * The limits of one lane.
 *
 * @param concurrency tasks running at once
 * @param loadedMax tasks of the store held in memory while they wait for their queue's turn
 * @param shared whether queues share the places: the fewer are free, the fewer may one queue have, and the last are for queues that
 *     have none, so that many slow queues leave some to the others
 */
public record LaneSettings(int concurrency, int loadedMax, boolean shared) {
    /** Enough to keep every slot busy while the next are read; about 1 KB each. */
    private static final int LOADED_MAX = 20_000;

    private static final int LOAD_AT_ONCE_MAX = 512;
    private static final int LOAD_AT_ONCE_MIN = 8;
    /** Places are shared when there are so many times those of one queue. */
    private static final int SHARED_MIN = 4;
    /** One in so many places is for queues that have none. */
    private static final int LAST_SHARE = 8;

    /** Limits that suit {@code concurrency} tasks in all. */
    public static LaneSettings of(int concurrency) {
        return new LaneSettings(concurrency, LOADED_MAX, false);
    }

    /** How many tasks to read at once of a queue that may have {@code perQueue} running. */
    static int loadAtOnce(int perQueue) {
        return Math.clamp(4L * perQueue, LOAD_AT_ONCE_MIN, LOAD_AT_ONCE_MAX);
    }

    /** The same, shared; but not few places, of which one queue could not have as many as it is allowed. */
    LaneSettings sharing(int perQueue) {
        return new LaneSettings(concurrency, loadedMax, concurrency >= SHARED_MIN * perQueue);
    }

    /** Whether one more of a queue may start that has {@code ofQueue} running, while {@code all} are. */
    boolean allows(int ofQueue, int all) {
        int free = concurrency - all;
        return !shared || ofQueue == 0 || ofQueue < free - concurrency / LAST_SHARE;
    }
}
