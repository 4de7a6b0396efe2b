package dev.fetchback.task;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** Makes ids whose time never goes back, whatever the clock does. Safe for many threads. */
public final class Ids {
    private static final int CELL_BITS_MAX = 255;

    private final int cell;
    private final LongSupplier clock;
    private final RandomGenerator random;
    private long lastMillis;

    /**
     * @param cell 0 to 255; 0 while there is one cell
     * @param floorMillis the newest time found in stored ids: a clock that was set back must not make ids older than those
     * @param clock Unix milliseconds
     */
    public Ids(int cell, long floorMillis, LongSupplier clock, RandomGenerator random) {
        if (cell < 0 || cell > CELL_BITS_MAX) {
            throw new IllegalArgumentException("cell is " + cell + "; it must be 0 to " + CELL_BITS_MAX);
        }
        this.cell = cell;
        this.lastMillis = floorMillis;
        this.clock = clock;
        this.random = random;
    }

    /** A new task id. */
    public synchronized TaskId task() {
        return new TaskId(high(), random.nextLong());
    }

    /** So many new task ids in ascending order: a store that keeps tasks by id adds them at its end. */
    public synchronized List<TaskId> tasks(int count) {
        TaskId[] made = new TaskId[count];
        for (int i = 0; i < count; i++) {
            made[i] = task();
        }
        Arrays.sort(made);
        return List.of(made);
    }

    /** A new batch id. */
    public synchronized BatchId batch() {
        return new BatchId(high(), random.nextLong());
    }

    private long high() {
        lastMillis = Math.max(lastMillis, clock.getAsLong());
        return lastMillis << 16 | (long) cell << 8 | random.nextInt(256);
    }
}
