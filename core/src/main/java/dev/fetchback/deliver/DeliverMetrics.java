package dev.fetchback.deliver;

import dev.fetchback.store.ReceiverRecord;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What an operator sees of deliveries. */
final class DeliverMetrics {
    private static final double[] SECONDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60};

    private final Map<Kind, CounterDataPoint> deliveries = new EnumMap<>(Kind.class);
    private final DistributionDataPoint seconds;

    DeliverMetrics(PrometheusRegistry registry, Endpoints endpoints) {
        Counter counter = Counter.builder()
                .name("fetchback_deliveries_total")
                .help("Attempts to deliver, by what came of them.")
                .labelNames("result")
                .register(registry);
        for (Kind kind : Kind.values()) {
            deliveries.put(kind, counter.labelValues(kind.name().toLowerCase(Locale.ROOT)));
        }
        Histogram histogram = Histogram.builder()
                .name("fetchback_delivery_seconds")
                .help("How long an exchange with a receiver took, whatever came of it.")
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
        seconds = histogram.labelValues();
        GaugeWithCallback.builder()
                .name("fetchback_receivers")
                .help("Receivers remembered, by status.")
                .labelNames("status")
                .callback(callback -> {
                    Map<ReceiverRecord.Status, Long> counts = endpoints.records().stream()
                            .collect(Collectors.groupingBy(ReceiverRecord::status, Collectors.counting()));
                    for (ReceiverRecord.Status status : ReceiverRecord.Status.values()) {
                        callback.call(counts.getOrDefault(status, 0L), status.name().toLowerCase(Locale.ROOT));
                    }
                })
                .register(registry);
    }

    void count(Kind kind) {
        CounterDataPoint point = deliveries.get(kind);
        if (point != null) {
            point.inc();
        }
    }

    void took(long nanos) {
        seconds.observe(nanos / 1e9);
    }

    /** What came of an attempt. */
    enum Kind {
        /** 2xx. */
        ACCEPTED,
        /** An answer that is not 2xx. */
        REFUSED,
        /** No answer. */
        FAILED,
        /** The receiver is stopped or its breaker is open: nothing was sent. */
        STOPPED,
        /** It must be stored first, or the receiver is busy: nothing was sent. */
        DEFERRED
    }
}
