package dev.fetchback.server.ops;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** Answers health checks and the collector of metrics. Safe for many threads. */
public final class Ops {
    private static final String JSON = "application/json";
    private static final int OK = 200;
    private static final int UNAVAILABLE = 503;
    /** A first guess of the size of all metrics as text. */
    private static final int METRICS_BYTES = 32 << 10;

    private final Readiness readiness;
    private final PrometheusRegistry registry;
    private final PrometheusTextFormatWriter writer =
            PrometheusTextFormatWriter.builder().build();

    /** @param registry what {@code /metrics} shows */
    public Ops(Readiness readiness, PrometheusRegistry registry) {
        this.readiness = readiness;
        this.registry = registry;
    }

    /** The metrics' registry. */
    public PrometheusRegistry registry() {
        return registry;
    }

    /** The process answers: always 200. */
    public OpsAnswer live() {
        return new OpsAnswer(OK, JSON, "{\"status\":\"ok\"}".getBytes(StandardCharsets.US_ASCII));
    }

    /** 200 when tasks can be accepted, else 503 with the reasons; the backlog's age and what is known of worker processes stand beside. */
    public OpsAnswer ready() {
        Readiness.Report report = readiness.report();
        boolean ready = report.reasons().isEmpty();
        StringBuilder json = new StringBuilder("{\"status\":\"").append(ready ? "ready" : "not_ready").append("\",\"reasons\":[");
        for (int i = 0; i < report.reasons().size(); i++) {
            quote(report.reasons().get(i), json.append(i == 0 ? "" : ","));
        }
        Duration backlog = report.backlogAge();
        json.append("],\"backlog_age_seconds\":").append(backlog == null ? "null" : String.valueOf(backlog.toMillis() / 1000.0));
        workers(report.workers(), json.append(",\"workers\":{"));
        return new OpsAnswer(ready ? OK : UNAVAILABLE, JSON, json.append("}}").toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void workers(Readiness.Workers workers, StringBuilder json) {
        json.append("\"isolation\":{");
        boolean first = true;
        for (Map.Entry<String, String> layer : workers.isolation().entrySet()) {
            quote(layer.getKey(), json.append(first ? "" : ","));
            quote(layer.getValue(), json.append(':'));
            first = false;
        }
        json.append("},\"suspended\":");
        String suspended = workers.suspended();
        if (suspended == null) {
            json.append("null");
        } else {
            quote(suspended, json);
        }
    }

    /** All metrics in Prometheus' text format. */
    public OpsAnswer metrics() {
        ByteArrayOutputStream out = new ByteArrayOutputStream(METRICS_BYTES);
        try {
            writer.write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException("writing metrics to memory failed", e);
        }
        return new OpsAnswer(OK, PrometheusTextFormatWriter.CONTENT_TYPE, out.toByteArray());
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else {
                out.append(c < ' ' ? ' ' : c);
            }
        }
        out.append('"');
    }
}
