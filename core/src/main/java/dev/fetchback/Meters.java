package dev.fetchback;

import dev.fetchback.fetch.RobotsMeters;
import dev.fetchback.outbound.OutboundMeters;
import dev.fetchback.store.Store;
import dev.fetchback.task.Stage;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.Worker;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** The metrics of a queue that an operator looks at first; read when they are scraped. docs/operations.md lists them all. */
final class Meters {
    private static final double MILLIS = 1_000;

    private Meters() {}

    /** Where the numbers come from. */
    record Sources(
            Store store,
            Worker worker,
            ByteBudget budget,
            OutboundMeters pages,
            OutboundMeters receivers,
            RobotsMeters robots,
            LongSupplier clock) {}

    static void register(PrometheusRegistry registry, Sources from) {
        GaugeWithCallback.builder()
                .name("fetchback_tasks_waiting").help("Tasks that wait in the store.").labelNames("stage")
                .callback(out -> {
                    Store.Totals totals = from.store().totals();
                    out.call(totals.waitingFetch(), "fetch");
                    out.call(totals.waitingProcess(), "process");
                    out.call(totals.waitingDeliver(), "deliver");
                })
                .register(registry);
        GaugeWithCallback.builder()
                .name("fetchback_due_age_seconds").help("How long the oldest due task has waited.").labelNames("stage")
                .callback(out -> {
                    for (Stage stage : Stage.values()) {
                        out.call(dueAge(from, stage), stage.name().toLowerCase(java.util.Locale.ROOT));
                    }
                })
                .register(registry);
        work(registry, from.worker());
        gauge(registry, "fetchback_tasks_dead", "Outcomes that no receiver took.", () -> from.store().totals().dead());
        gauge(registry, "fetchback_spool_bytes", "Stored pages.", () -> from.store().totals().bodyBytes());
        gauge(registry, "fetchback_store_bytes", "Files of the store.", () -> from.store().totals().fileBytes());
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

    private static double dueAge(Sources from, Stage stage) {
        long now = from.clock().getAsLong();
        List<dev.fetchback.store.DueQueue> oldest = from.store().dueQueues(stage, Optional.empty(), now, 1);
        return oldest.isEmpty() ? 0 : (now - oldest.getFirst().dueAt()) / MILLIS;
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
