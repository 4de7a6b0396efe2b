package dev.fetchback.process;

import java.time.Duration;

/**
 * The processes that run processors.
 *
 * @param count how many run chains at once
 * @param heapMegabytes of each
 * @param spare whether one more is kept ready for when one ends
 * @param tasksMax after how many chains a process is replaced
 * @param ageMax after what time it is
 * @param idle after what time without work it is ended
 * @param stall how long it may give no sign of life
 * @param start how long it may take to start
 * @param layers of isolation to try
 */
public record WorkerSettings(
        int count,
        int heapMegabytes,
        boolean spare,
        int tasksMax,
        Duration ageMax,
        Duration idle,
        Duration stall,
        Duration start,
        Layers layers) {
    private static final int COUNT_MAX = 8; // each takes its heap; who has the memory says so
    private static final int HEAP_MEGABYTES = 256;
    private static final int HEAP_MEGABYTES_MIN = 32;
    private static final int TASKS_MAX = 100_000; // its code is compiled within some thousand pages; growth and age end it before
    private static final Duration AGE_MAX = Duration.ofMinutes(30);
    private static final Duration IDLE = Duration.ofMinutes(2);
    private static final Duration STALL = Duration.ofSeconds(10); // a full collection of its heap takes less than one
    private static final Duration START = Duration.ofSeconds(20); // 0.3 s on a free machine

    /** What to try of what the system offers. */
    public enum Layers {
        /** All of it. */
        ALL,
        /** None of it: only a process of its own, with a bounded heap. */
        NONE
    }

    /** One fewer than there are processors, at most eight. */
    public static final WorkerSettings DEFAULT = new WorkerSettings(
            Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, COUNT_MAX),
            HEAP_MEGABYTES, true, TASKS_MAX, AGE_MAX, IDLE, STALL, START, Layers.ALL);

    /** @throws IllegalArgumentException when a number or time is below what makes sense */
    public WorkerSettings {
        if (count < 1 || heapMegabytes < HEAP_MEGABYTES_MIN || tasksMax < 1) {
            throw new IllegalArgumentException("count is " + count + ", heapMegabytes " + heapMegabytes + " and tasksMax "
                    + tasksMax
                    + "; they must be at least 1, " + HEAP_MEGABYTES_MIN + " and 1");
        }
        for (Duration time : new Duration[] {ageMax, idle, stall, start}) {
            if (time.isNegative() || time.isZero()) {
                throw new IllegalArgumentException("a time of the workers is " + time + "; it must be longer than nothing");
            }
        }
    }

    /** As many as that. */
    public WorkerSettings withCount(int workers) {
        return new WorkerSettings(workers, heapMegabytes, spare, tasksMax, ageMax, idle, stall, start, layers);
    }

    /** With that much heap each. */
    public WorkerSettings withHeap(int megabytes) {
        return new WorkerSettings(count, megabytes, spare, tasksMax, ageMax, idle, stall, start, layers);
    }

    /** With or without one more that is ready. */
    public WorkerSettings withSpare(boolean ready) {
        return new WorkerSettings(count, heapMegabytes, ready, tasksMax, ageMax, idle, stall, start, layers);
    }

    /** Replaced after so many chains or that time, ended after so long without any. */
    public WorkerSettings withLives(int tasks, Duration age, Duration idleTime) {
        return new WorkerSettings(count, heapMegabytes, spare, tasks, age, idleTime, stall, start, layers);
    }

    /** Ended after so long without a sign of life. */
    public WorkerSettings withStall(Duration time) {
        return new WorkerSettings(count, heapMegabytes, spare, tasksMax, ageMax, idle, time, start, layers);
    }

    /** With other layers of isolation. */
    public WorkerSettings withLayers(Layers wanted) {
        return new WorkerSettings(count, heapMegabytes, spare, tasksMax, ageMax, idle, stall, start, wanted);
    }
}
