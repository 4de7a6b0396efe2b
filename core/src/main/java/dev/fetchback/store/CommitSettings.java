package dev.fetchback.store;

import java.time.Duration;

/**
 * How {@link GroupCommit} works.
 *
 * @param capacity how many changes may wait; 8 or more
 * @param batch how many changes one commit takes at most
 * @param pruneEvery how often the store is asked to forget what is old; while it has more to forget, pruning takes at most a
 *     tenth of the writer's time
 */
public record CommitSettings(int capacity, int batch, Duration pruneEvery) {
    /** 65,536 changes (about 40 MB of plain tasks), 4,096 in a commit, pruned every minute. */
    public static final CommitSettings DEFAULT = new CommitSettings(1 << 16, 1 << 12, Duration.ofMinutes(1));

    private static final int CAPACITY_MIN = 8; // an eighth must be at least one

    public CommitSettings {
        if (capacity < CAPACITY_MIN || batch < 1) {
            throw new IllegalArgumentException("capacity is " + capacity + " and batch " + batch + "; they must be at least "
                    + CAPACITY_MIN + " and 1");
        }
        if (pruneEvery.isNegative() || pruneEvery.isZero()) {
            throw new IllegalArgumentException("pruneEvery is " + pruneEvery + "; it must be longer than nothing");
        }
    }

    /** New tasks and bodies are refused beyond this many waiting changes: the rest is for settles, which bring relief. */
    int capacityOfIntake() {
        return capacity - capacity / 4;
    }
}
