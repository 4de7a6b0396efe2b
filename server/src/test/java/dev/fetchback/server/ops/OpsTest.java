package dev.fetchback.server.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class OpsTest {
    private Readiness.Report report = Readiness.Report.ok();
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Ops ops = new Ops(() -> report, registry);

    private static String text(OpsAnswer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    @Test
    void readyTellsTheReasons() {
        assertThat(ops.ready().status()).isEqualTo(200);
        assertThat(text(ops.ready())).isEqualTo("{\"status\":\"ready\",\"reasons\":[],\"backlog_age_seconds\":0.0,"
                + "\"workers\":{\"isolation\":{},\"suspended\":null}}");
        report = new Readiness.Report(List.of("The \"disk\" is full.", "a\nb"), Duration.ofMillis(1500),
                new Readiness.Workers(new TreeMap<>(Map.of("network", "yes", "user", "no: \"su\"")), "They crash."));
        assertThat(ops.ready().status()).isEqualTo(503);
        assertThat(text(ops.ready()))
                .isEqualTo("{\"status\":\"not_ready\",\"reasons\":[\"The \\\"disk\\\" is full.\",\"a b\"],"
                        + "\"backlog_age_seconds\":1.5,\"workers\":{\"isolation\":{\"network\":\"yes\",\"user\":\"no: \\\"su\\\"\"},"
                        + "\"suspended\":\"They crash.\"}}");
    }

    @Test
    void anOldBacklogDoesNotGate() {
        report = new Readiness.Report(List.of(), Duration.ofDays(1), Readiness.Workers.NONE);
        assertThat(ops.ready().status()).isEqualTo(200);
        assertThat(ops.live().status()).isEqualTo(200);
    }

    @Test
    void requestsAreCountedByRouteAndClass() {
        RequestMetrics metrics = new RequestMetrics(registry, List.of("tasks", "dead"), () -> 3);
        metrics.observe(0, 202, 700_000);
        metrics.observe(0, 200, 700_000);
        metrics.observe(1, 503, 2_000_000_000L);
        metrics.observe(1, 0, 1);
        assertThat(text(ops.metrics()))
                .contains("fetchback_http_requests_total{route=\"tasks\",status=\"2xx\"} 2.0")
                .contains("fetchback_http_requests_total{route=\"dead\",status=\"5xx\"} 1.0")
                .contains("fetchback_http_requests_total{route=\"dead\",status=\"0xx\"} 1.0")
                .contains("fetchback_http_request_seconds_bucket{route=\"tasks\",le=\"0.001\"} 2")
                .contains("fetchback_http_requests_in_flight 3.0");
        assertThat(ops.metrics().contentType()).startsWith("text/plain");
    }
}
