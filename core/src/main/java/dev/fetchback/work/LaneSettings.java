package dev.fetchback.work;

/**
 * The limits of one lane.
 *
 * @param concurrency tasks running at once
 * @param loadedMax tasks of the store held in memory while they wait for their queue's turn
 * @param loadAtOnce tasks read of one queue at once
 */
public record LaneSettings(int concurrency, int loadedMax, int loadAtOnce) {
    /** Enough to keep every slot busy while the next are read; about 1 KB each. */
    private static final int LOADED_MAX = 20_000;

    private static final int LOAD_AT_ONCE_MAX = 512;
    private static final int LOAD_AT_ONCE_MIN = 8;

    /** Limits that suit {@code concurrency} tasks in all and {@code perQueue} of one queue. */
    public static LaneSettings of(int concurrency, int perQueue) {
        int atOnce = Math.clamp(4L * perQueue, LOAD_AT_ONCE_MIN, LOAD_AT_ONCE_MAX);
        return new LaneSettings(concurrency, LOADED_MAX, atOnce);
    }
}
