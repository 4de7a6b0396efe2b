package dev.fetchback.process;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntSupplier;

/** What an operator sees of the step. */
final class ProcessMetrics {
    private static final double[] SECONDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    private final Histogram seconds;
    private final Map<Attempt, CounterDataPoint> attempts = new EnumMap<>(Attempt.class);
    private final CounterDataPoint started;
    private final Map<End, CounterDataPoint> ended = new EnumMap<>(End.class);
    private final PrometheusRegistry registry;

    /** What came of an attempt. */
    enum Attempt {
        /** All processors returned, or those that failed may. */
        PROCESSED,
        /** One failed. */
        FAILED,
        /** Nothing began. */
        BUSY
    }

    /** Why a worker ended. */
    enum End {
        /** By itself, or it gave no sign of life. */
        CRASHED,
        /** A use took too long. */
        TIMEOUT,
        /** After so many chains, so long, so much memory or what a processor left behind. */
        RECYCLED,
        /** There was nothing to do. */
        IDLE,
        /** A task or the server was to stop. */
        STOPPED,
        /** It did not come up. */
        START
    }

    ProcessMetrics(PrometheusRegistry registry) {
        this.registry = registry;
        Counter results = Counter.builder()
                .name("fetchback_process_attempts_total").help("Attempts to process a page, by what came of them.")
                .labelNames("result").register(registry);
        for (Attempt attempt : Attempt.values()) {
            attempts.put(attempt, results.labelValues(attempt.name().toLowerCase(Locale.ROOT)));
        }
        this.seconds = Histogram.builder()
                .name("fetchback_process_seconds").help("How long a page's way through its processors took, without waiting for a place.")
                .labelNames("pool").classicOnly().classicUpperBounds(SECONDS).register(registry);
        this.started = Counter.builder()
                .name("fetchback_workers_started_total").help("Worker processes that were started.").register(registry).labelValues();
        Counter ends = Counter.builder()
                .name("fetchback_workers_ended_total").help("Worker processes that ended, by reason.").labelNames("reason").register(registry);
        for (End end : End.values()) {
            ended.put(end, ends.labelValues(end.name().toLowerCase(Locale.ROOT)));
        }
    }

    /** The pools' state, read when it is asked for. */
    void watch(Map<String, Crew> pools, IntSupplier workers) {
        pools.keySet().forEach(seconds::initLabelValues); // shown before there are any
        GaugeWithCallback.builder().name("fetchback_process_running").help("Chains of processors under way.").labelNames("pool")
                .callback(out -> pools.forEach((name, crew) -> out.call(crew.busy(), name))).register(registry);
        GaugeWithCallback.builder().name("fetchback_process_queued").help("Tasks with their page in memory that wait for a place.")
                .labelNames("pool").callback(out -> pools.forEach((name, crew) -> out.call(crew.waiting(), name))).register(registry);
        GaugeWithCallback.builder().name("fetchback_workers").help("Worker processes that run, idle ones included.")
                .callback(out -> out.call(workers.getAsInt())).register(registry);
        GaugeWithCallback.builder().name("fetchback_process_threads_abandoned").help("Threads whose processor does not end.")
                .callback(out -> out.call(pools.values().stream().mapToInt(Crew::abandoned).sum())).register(registry);
    }

    void came(Attempt attempt) {
        CounterDataPoint point = attempts.get(attempt);
        if (point != null) {
            point.inc();
        }
    }

    void took(String pool, long nanos) {
        seconds.labelValues(pool).observe(nanos / 1e9);
    }

    void started() {
        started.inc();
    }

    void ended(End end) {
        CounterDataPoint point = ended.get(end);
        if (point != null) {
            point.inc();
        }
    }

    /** How many ended so, since the start. */
    long count(End end) {
        CounterDataPoint point = ended.get(end);
        return point == null ? 0 : point.getLongValue();
    }

    long startedCount() {
        return started.getLongValue();
    }
}
