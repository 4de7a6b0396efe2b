package dev.fetchback.store;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.IntSupplier;

/** What an operator sees of the writer. */
final class CommitMetrics {
    private static final double NANOS = 1e9;
    private static final double[] CHANGES = {1, 4, 16, 64, 256, 1024, 4096};
    private static final double[] SECONDS = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

    private final Histogram changes;
    private final Histogram seconds;
    private final Counter pruneSeconds;

    CommitMetrics(PrometheusRegistry registry, IntSupplier waiting) {
        changes = Histogram.builder()
                .name("fetchback_commit_changes")
                .help("Changes written by one commit.")
                .classicOnly()
                .classicUpperBounds(CHANGES)
                .register(registry);
        seconds = Histogram.builder()
                .name("fetchback_commit_seconds")
                .help("Time of one commit, until it is on disk.")
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
        pruneSeconds = Counter.builder()
                .name("fetchback_prune_seconds_total")
                .help("Time spent with forgetting old tasks.")
                .register(registry);
        GaugeWithCallback.builder()
                .name("fetchback_commit_waiting_changes")
                .help("Changes that wait to be written.")
                .callback(gauge -> gauge.call(waiting.getAsInt()))
                .register(registry);
    }

    void committed(int size, long nanos) {
        changes.observe(size);
        seconds.observe(nanos / NANOS);
    }

    void pruned(long nanos) {
        pruneSeconds.inc(nanos / NANOS);
    }
}
