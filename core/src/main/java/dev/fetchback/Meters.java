package dev.fetchback;

import dev.fetchback.fetch.RobotsMeters;
import dev.fetchback.outbound.OutboundMeters;
import dev.fetchback.store.Store;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.Worker;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;

/** The metrics of a queue that an operator looks at first; read when they are scraped. docs/operations.md lists them all. */
final class Meters {
    private static final double MILLIS = 1_000;

    private Meters() {}

    /** Where the numbers come from. */
    record Sources(
            Store store,
            StoreNumbers numbers,
            Worker worker,
            ByteBudget budget,
            OutboundMeters pages,
            OutboundMeters receivers,
            RobotsMeters robots) {}

    static void register(PrometheusRegistry registry, Sources from) {
        registry.register(() -> stored(from.numbers().now()));
        work(registry, from.worker());
        gauge(registry, "fetchback_body_memory_bytes", "Pages in memory.", () -> from.budget().used());
        CounterWithCallback.builder()
                .name("fetchback_tasks_finished").help("Tasks that reached a terminal phase.").labelNames("state")
                .callback(out -> from.worker().finished().forEach((phase, count) ->
                        out.call(count, phase.name().toLowerCase(java.util.Locale.ROOT))))
                .register(registry);
        CounterWithCallback.builder()
                .name("fetchback_tasks_unchanged").help("Tasks that ended because their page was the same as the last time.")
                .callback(out -> out.call(from.worker().unchanged()))
                .register(registry);
        CounterWithCallback.builder()
                .name("fetchback_settles_stale").help("Results that changed nothing because the task had moved on.")
                .callback(out -> out.call(from.worker().staleSettles()))
                .register(registry);
        shared(registry, from.store());
        network(registry, from);
    }

    /** What the store has to say, which is left out while it says nothing: metrics are for just then. */
    private static MetricSnapshots stored(Optional<StoreNumbers.Numbers> known) {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        all.metricSnapshot(one("fetchback_store_up", "1 while the store answers, else 0.", known.isPresent() ? 1 : 0));
        known.ifPresent(numbers -> {
            Store.Totals totals = numbers.totals();
            GaugeSnapshot.Builder waiting = GaugeSnapshot.builder().name("fetchback_tasks_waiting").help("Tasks that wait in the store.");
            waiting.dataPoint(point("fetch", totals.waitingFetch()));
            waiting.dataPoint(point("process", totals.waitingProcess()));
            waiting.dataPoint(point("deliver", totals.waitingDeliver()));
            GaugeSnapshot.Builder ages =
                    GaugeSnapshot.builder().name("fetchback_due_age_seconds").help("How long the oldest due task has waited.");
            numbers.dueAge().forEach((stage, age) -> ages.dataPoint(point(stage.name().toLowerCase(Locale.ROOT), age / MILLIS)));
            all.metricSnapshot(waiting.build())
                    .metricSnapshot(ages.build())
                    .metricSnapshot(one("fetchback_tasks_dead", "Outcomes that no receiver took.", totals.dead()))
                    .metricSnapshot(one("fetchback_spool_bytes", "Stored pages.", totals.bodyBytes()))
                    .metricSnapshot(one("fetchback_store_bytes", "Files of the store.", totals.fileBytes()));
        });
        return all.build();
    }

    private static GaugeSnapshot one(String name, String help, double value) {
        return GaugeSnapshot.builder().name(name).help(help)
                .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder().value(value).build()).build();
    }

    private static GaugeSnapshot.GaugeDataPointSnapshot point(String stage, double value) {
        return GaugeSnapshot.GaugeDataPointSnapshot.builder().labels(Labels.of("stage", stage)).value(value).build();
    }

    /** All 0 of an embedded store. */
    private static void shared(PrometheusRegistry registry, Store store) {
        GaugeWithCallback.builder()
                .name("fetchback_store_shards").help("Shards of the work that are this node's.")
                .callback(out -> out.call(store.share().shards()))
                .register(registry);
        CounterWithCallback.builder()
                .name("fetchback_store_shard_moves").help("Shards that this node took over or handed on.").labelNames("direction")
                .callback(out -> {
                    Store.Share share = store.share();
                    out.call(share.gained(), "gained");
                    out.call(share.lost(), "lost");
                })
                .register(registry);
        GaugeWithCallback.builder()
                .name("fetchback_store_dead_rows").help("Versions of rows in the database that are not cleared away yet.")
                .callback(out -> out.call(store.share().deadRows()))
                .register(registry);
    }

    private static void network(PrometheusRegistry registry, Sources from) {
        CounterWithCallback.builder()
                .name("fetchback_robots_read").help("Tries to read a robots.txt.")
                .callback(out -> out.call(from.robots().read()))
                .register(registry);
        CounterWithCallback.builder()
                .name("fetchback_robots_refused").help("Fetches not made because of a robots.txt.").labelNames("reason")
                .callback(out -> {
                    out.call(from.robots().denied(), "denied");
                    out.call(from.robots().unreachable(), "unreachable");
                })
                .register(registry);
        gauge(registry, "fetchback_robots_files", "Servers whose robots.txt is remembered.", () -> from.robots().files());
        gauge(registry, "fetchback_robots_bytes", "Memory for what they say.", () -> from.robots().bytes());
        CounterWithCallback.builder()
                .name("fetchback_connections_opened").help("Connections opened.").labelNames("to")
                .callback(out -> {
                    out.call(from.pages().opened(), "page");
                    out.call(from.receivers().opened(), "receiver");
                })
                .register(registry);
        CounterWithCallback.builder()
                .name("fetchback_connections_blocked").help("Connections refused by the address rule.").labelNames("to")
                .callback(out -> {
                    out.call(from.pages().blocked(), "page");
                    out.call(from.receivers().blocked(), "receiver");
                })
                .register(registry);
        CounterWithCallback.builder()
                .name("fetchback_received_bytes").help("Bytes received over the network.").labelNames("from")
                .callback(out -> {
                    out.call(from.pages().received(), "page");
                    out.call(from.receivers().received(), "receiver");
                })
                .register(registry);
        GaugeWithCallback.builder()
                .name("fetchback_connections_open").help("Connections open now, idle ones included.").labelNames("to")
                .callback(out -> {
                    out.call(from.pages().open(), "page");
                    out.call(from.receivers().open(), "receiver");
                })
                .register(registry);
    }

    private static void work(PrometheusRegistry registry, Worker worker) {
        gauge(registry, "fetchback_tasks_in_flight", "Attempts under way.", worker::running);
        gauge(registry, "fetchback_hosts_paused", "Hosts that asked to be left alone.", () -> worker.hostCounts().paused());
        gauge(registry, "fetchback_hosts_slowed", "Hosts asked less often as they are slow.", () -> worker.hostCounts().slowed());
    }

    private static void gauge(PrometheusRegistry registry, String name, String help, LongSupplier value) {
        GaugeWithCallback.builder().name(name).help(help).callback(out -> out.call(value.getAsLong())).register(registry);
    }
}
