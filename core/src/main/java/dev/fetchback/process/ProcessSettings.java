package dev.fetchback.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How pages are processed.
 *
 * @param timeout of one use that names none
 * @param timeoutMax the most that a use may ask for
 * @param resultMax bytes of all results of one task, as JSON
 * @param threads how many chains run on threads of the server's own process at once
 * @param queue how many tasks may wait for a place in each pool, straight from memory and as many from the store; each holds its page
 * @param patience how long each of them waits before its page goes to the store
 * @param isolation where processors run that the operator wants elsewhere than they say themselves, by name
 * @param plugins a folder with jars of processors; null for none
 * @param workers of the pool of processes
 */
public record ProcessSettings(
        Duration timeout,
        Duration timeoutMax,
        int resultMax,
        int threads,
        int queue,
        Duration patience,
        Map<String, Processor.Isolation> isolation,
        @Nullable Path plugins,
        WorkerSettings workers) {
    private static final Duration TIMEOUT = Duration.ofSeconds(30); // a page of 20 MiB is parsed in a few
    private static final Duration TIMEOUT_MAX = Duration.ofMinutes(5);
    private static final int RESULT_MAX = 8 << 20; // more than the text of any page that is fetched by default
    private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors() - 1); // the server keeps one
    private static final int QUEUE = 64; // some 100 ms of usual pages: places never stand empty, and memory is the byte budget's
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** What fits a server of any size. */
    public static final ProcessSettings DEFAULT = new ProcessSettings(
            TIMEOUT, TIMEOUT_MAX, RESULT_MAX, THREADS, QUEUE, PATIENCE, Map.of(), null, WorkerSettings.DEFAULT);

    /** @throws IllegalArgumentException when a number or time is below what makes sense */
    public ProcessSettings {
        isolation = Map.copyOf(isolation);
        if (timeout.isNegative() || timeout.isZero() || timeoutMax.compareTo(timeout) < 0) {
            throw new IllegalArgumentException("timeout is " + timeout + " and timeoutMax " + timeoutMax
                    + "; they must be longer than nothing, and the second not shorter than the first");
        }
        if (resultMax < 2 || threads < 1 || queue < 0 || patience.isNegative()) {
            throw new IllegalArgumentException("resultMax is " + resultMax + ", threads " + threads + ", queue " + queue
                    + " and patience "
                    + patience + "; they must be at least 2, 1, 0 and no time");
        }
    }

    /** Other workers. */
    public ProcessSettings with(WorkerSettings other) {
        return new ProcessSettings(timeout, timeoutMax, resultMax, threads, queue, patience, isolation, plugins, other);
    }

    /** Another folder of plugins. */
    public ProcessSettings withPlugins(@Nullable Path folder) {
        return new ProcessSettings(timeout, timeoutMax, resultMax, threads, queue, patience, isolation, folder, workers);
    }

    /** Other times for each use. */
    public ProcessSettings withTimeouts(Duration usual, Duration most) {
        return new ProcessSettings(usual, most, resultMax, threads, queue, patience, isolation, plugins, workers);
    }

    /** Another bound of results, bytes. */
    public ProcessSettings withResultMax(int bytes) {
        return new ProcessSettings(timeout, timeoutMax, bytes, threads, queue, patience, isolation, plugins, workers);
    }

    /** Other numbers of places and of those who wait for one. */
    public ProcessSettings withPlaces(int threadCount, int queueLength, Duration wait) {
        return new ProcessSettings(timeout, timeoutMax, resultMax, threadCount, queueLength, wait, isolation, plugins, workers);
    }

    /** Other places for processors than they name themselves. */
    public ProcessSettings withIsolation(Map<String, Processor.Isolation> byName) {
        return new ProcessSettings(timeout, timeoutMax, resultMax, threads, queue, patience, byName, plugins, workers);
    }
}
