package dev.fetchback.server.ops;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.function.IntSupplier;

/** Counts requests by route and class of status, and measures how long they took. Safe for many threads. */
public final class RequestMetrics {
    private static final int CLASSES = 6; // 1xx to 5xx by their first digit; 0 is a request that was cut
    private static final double NANOS = 1e9;
    /** From a submit without disk to a long poll. */
    private static final double[] BUCKETS = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};

    private final CounterDataPoint[][] counts;
    private final DistributionDataPoint[] seconds;

    /**
     * @param routes their names; {@link #observe} takes the index in this list
     * @param inFlight requests that have begun and not ended
     */
    public RequestMetrics(PrometheusRegistry registry, List<String> routes, IntSupplier inFlight) {
        Counter requests = Counter.builder()
                .name("fetchback_http_requests_total")
                .help("Requests to the API by route and class of status; 0xx were cut by the client.")
                .labelNames("route", "status")
                .register(registry);
        Histogram duration = Histogram.builder()
                .name("fetchback_http_request_seconds")
                .help("From a request's headers to the last byte of its answer.")
                .labelNames("route")
                .classicOnly()
                .classicUpperBounds(BUCKETS)
                .register(registry);
        GaugeWithCallback.builder()
                .name("fetchback_http_requests_in_flight")
                .help("Requests to the API that have begun and not ended.")
                .callback(gauge -> gauge.call(inFlight.getAsInt()))
                .register(registry);
        counts = new CounterDataPoint[routes.size()][CLASSES];
        seconds = new DistributionDataPoint[routes.size()];
        for (int route = 0; route < routes.size(); route++) {
            seconds[route] = duration.labelValues(routes.get(route));
            for (int c = 0; c < CLASSES; c++) {
                counts[route][c] = requests.labelValues(routes.get(route), c + "xx");
            }
        }
    }

    /**
     * One request is done.
     *
     * @param route its index in the list of routes
     * @param status as answered; 0 when the client cut it
     */
    public void observe(int route, int status, long nanos) {
        int statusClass = status / 100;
        counts[route][statusClass < CLASSES ? statusClass : 0].inc();
        seconds[route].observe(nanos / NANOS);
    }
}
