package dev.fetchback.server;

import dev.fetchback.Builder;
import dev.fetchback.Fetchback;
import dev.fetchback.deliver.DeliverSettings;
import dev.fetchback.fetch.PolicyTable;
import dev.fetchback.outbound.DnsServers;
import dev.fetchback.outbound.HostPattern;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.process.CommandProcessor;
import dev.fetchback.process.ProcessSettings;
import dev.fetchback.process.Processor;
import dev.fetchback.process.WorkerSettings;
import dev.fetchback.server.config.CommandSetting;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.Kind;
import dev.fetchback.server.config.Settings;
import dev.fetchback.server.intake.ApiLimits;
import dev.fetchback.server.intake.ApiSettings;
import dev.fetchback.server.intake.IntakeDefaults;
import dev.fetchback.store.Retention;
import dev.fetchback.store.sqlite.SqliteSettings;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.work.HostPolicy;
import dev.fetchback.work.WorkSettings;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How the settings of each part follow from the configuration. */
public final class Wiring {
    private static final int MEGABYTE_BITS = 20;

    private Wiring() {}

    /** The library as configured. */
    public static Builder builder(Config config) {
        SqliteSettings.Limits limits = SqliteSettings.Limits.DEFAULT;
        long maxBytes = config.get(Settings.STORE_MAX_SIZE);
        Builder builder = Fetchback.builder()
                .dataDir(config.get(Settings.DATA_DIR))
                .work(new WorkSettings(
                        config.get(Settings.FETCH_CONCURRENCY),
                        config.get(Settings.FETCH_PER_HOST_CONCURRENCY),
                        config.get(Settings.FETCH_PER_HOST_GAP),
                        config.get(Settings.DELIVER_CONCURRENCY),
                        config.get(Settings.DRAIN)))
                .policies(policies(config))
                .robots(robots(config))
                .retries(new RetryPolicy(
                        config.get(Settings.FETCH_BACKOFF),
                        RetryPolicy.DEFAULT.fetchCap(),
                        RetryPolicy.DEFAULT.hintCap(),
                        config.get(Settings.DELIVER_SCHEDULE)))
                .outbound(OutboundSettings.DEFAULT.withPerAddress(config.get(Settings.FETCH_PER_ADDRESS_CONCURRENCY)))
                .fetchNetworks(
                        config.find(Settings.FETCH_ALLOW_NETWORKS).orElse(""),
                        config.find(Settings.FETCH_DENY_NETWORKS).orElse(""))
                .deliverNetworks(
                        config.find(Settings.DELIVER_ALLOW_NETWORKS).orElse(""),
                        config.find(Settings.DELIVER_DENY_NETWORKS).orElse(""),
                        config.find(Settings.DELIVER_TO).map(URI::toString).map(List::of).orElse(List.of()))
                .dnsServers(config.find(Settings.DNS_SERVERS).map(DnsServers::parse).orElseGet(DnsServers::system))
                .deliver(deliver(config))
                .retention(new Retention(
                        config.get(Settings.RETAIN_FINISHED),
                        config.get(Settings.RETAIN_DEAD),
                        config.get(Settings.RETAIN_DEAD_SIZE),
                        config.get(Settings.RETAIN_SEEN),
                        config.get(Settings.RETAIN_SEEN_MAX)))
                .storeLimits(new SqliteSettings.Limits(
                        maxBytes == 0 ? Long.MAX_VALUE : maxBytes, limits.reserveBytes(), limits.walBytes(),
                        limits.writerCacheBytes(), limits.readers(), limits.readerCacheBytes()))
                .admission(config.get(Settings.SPOOL_MAX_SIZE), config.get(Settings.MAX_WAITING))
                .userAgent(userAgent(config))
                .publicUrl(publicUrl(config))
                .bodyMemory(config.get(Settings.BODY_MEMORY))
                .keep(config.get(Settings.KEEP_FOR))
                .process(process(config));
        config.find(Settings.PROCESS_COMMANDS).orElse(List.of()).forEach(one -> builder.command(command(one)));
        if (!Kind.embedded(config.get(Settings.STORE))) {
            builder.postgres(config.get(Settings.STORE), config.find(Settings.STORE_PASSWORD).orElse(null),
                    config.find(Settings.NODE_NAME).orElseGet(Wiring::nodeName), config.get(Settings.NODE_LEASE))
                    .migrate(config.get(Settings.MIGRATE) == Settings.Migrate.AUTO);
        }
        return builder;
    }

    /** Unlike any other's, whatever machine it is on. */
    private static String nodeName() {
        return "node-" + UUID.randomUUID().toString().substring(0, 8);
    }

    private static ProcessSettings process(Config config) {
        ProcessSettings usual = ProcessSettings.DEFAULT;
        WorkerSettings workers = usual.workers();
        Map<String, Processor.Isolation> isolation = new HashMap<>();
        config.find(Settings.PROCESS_ISOLATION).orElse(Map.of()).forEach((name, where) ->
                isolation.put(name, Processor.Isolation.valueOf(where.name())));
        return usual.withTimeouts(config.get(Settings.PROCESS_TIMEOUT), config.get(Settings.PROCESS_TIMEOUT_MAX))
                .withResultMax(Math.toIntExact(config.get(Settings.PROCESS_RESULT_MAX)))
                .withPlaces(config.find(Settings.PROCESS_THREADS).orElse(usual.threads()), usual.queue(), usual.patience())
                .withPlugins(plugins(config))
                .withIsolation(isolation)
                .with(workers.withCount(config.find(Settings.PROCESS_WORKERS).orElse(workers.count()))
                        .withHeap(Math.toIntExact(config.get(Settings.PROCESS_WORKER_MEMORY) >> MEGABYTE_BITS))
                        .withLives(config.get(Settings.PROCESS_WORKER_PAGES), workers.ageMax(), workers.idle())
                        .withLayers(WorkerSettings.Layers.valueOf(config.get(Settings.PROCESS_WORKER_ISOLATION).name())));
    }

    /** Null when nobody named one and the usual one is not there. */
    static @Nullable Path plugins(Config config) {
        Path folder = config.get(Settings.PLUGINS_DIR);
        return config.given(Settings.PLUGINS_DIR) || Files.exists(folder) ? folder : null;
    }

    /** @throws IllegalArgumentException when there is no such program, saying what was looked for */
    static CommandProcessor command(CommandSetting setting) {
        Long maxOutput = setting.maxOutput();
        return new CommandProcessor(setting.name(), setting.run(), setting.timeout(),
                maxOutput == null ? CommandProcessor.MAX_OUTPUT_DEFAULT : Math.toIntExact(maxOutput),
                CommandProcessor.Output.valueOf(setting.result().name()));
    }

    /** A host at full speed reaches its address at full speed: many at once of one host are no harm to others there. */
    private static List<PolicyTable.Rule> policies(Config config) {
        return config.find(Settings.FETCH_POLICIES).orElse(List.of()).stream().map(policy -> {
            Integer concurrency = policy.concurrency();
            Duration gap = policy.gap();
            Settings.Robots robots = policy.robots();
            int atAddress = config.get(Settings.FETCH_PER_ADDRESS_CONCURRENCY);
            return new PolicyTable.Rule(
                    policy.hosts().stream().map(HostPattern::parse).toList(),
                    new HostPolicy(
                            concurrency == null ? config.get(Settings.FETCH_PER_HOST_CONCURRENCY) : concurrency,
                            gap == null ? config.get(Settings.FETCH_PER_HOST_GAP) : gap,
                            concurrency == null ? atAddress : Math.max(concurrency, atAddress),
                            robots == null ? robots(config) : FetchOptions.Robots.valueOf(robots.name())));
        }).toList();
    }

    /** Tasks that were taken while robots.txt was ignored may still wait, and must not outlast the operator's change of mind. */
    private static FetchOptions.@Nullable Robots robots(Config config) {
        return config.get(Settings.FETCH_ROBOTS) == Settings.Robots.OBEY ? FetchOptions.Robots.OBEY : null;
    }

    private static DeliverSettings deliver(Config config) {
        DeliverSettings.Limits limits = DeliverSettings.Limits.DEFAULT;
        return new DeliverSettings(
                config.find(Settings.DELIVER_SECRET).orElse(null), // the file's content, if it was given by file
                userAgent(config),
                Math.toIntExact(config.get(Settings.DELIVER_INLINE_MAX)),
                new DeliverSettings.Limits(
                        config.get(Settings.DELIVER_PER_ENDPOINT_CONCURRENCY),
                        config.get(Settings.DELIVER_PER_ORIGIN_CONCURRENCY),
                        limits.patience(),
                        limits.waitersMax(),
                        limits.envelopeBytes(),
                        limits.endpointsMax()),
                DeliverSettings.Breaker.DEFAULT);
    }

    /** With the contact as crawlers give it: {@code Fetchback/0.1 (+https://example.com/bot)}. */
    static String userAgent(Config config) {
        String contact = config.find(Settings.FETCH_CONTACT).map(text -> " (+" + text + ")").orElse("");
        return config.get(Settings.FETCH_USER_AGENT) + contact;
    }

    static String publicUrl(Config config) {
        return config.find(Settings.PUBLIC_URL)
                .map(URI::toString)
                .orElseGet(() -> "http://" + authority(config.get(Settings.HOST)) + ":" + config.get(Settings.PORT));
    }

    private static String authority(String host) {
        return host.contains(":") ? "[" + host + "]" : host;
    }

    static ApiSettings api(Config config) {
        boolean mayIgnore = config.get(Settings.FETCH_ROBOTS) == Settings.Robots.IGNORE;
        FetchOptions plain = FetchOptions.DEFAULT;
        FetchOptions fetch = mayIgnore ? plain.withRobots(FetchOptions.Robots.IGNORE) : plain;
        return new ApiSettings(
                new ApiSettings.Address(
                        config.get(Settings.HOST),
                        config.get(Settings.PORT),
                        config.find(Settings.OPS_PORT).orElse(ApiSettings.Address.NO_OPS_PORT),
                        config.find(Settings.PUBLIC_URL).map(URI::toString).orElse(null),
                        Set.of()),
                new IntakeDefaults(
                        fetch,
                        config.find(Settings.DELIVER_TO).map(URI::toString).orElse(null),
                        config.get(Settings.KEEP_FOR),
                        config.get(Settings.FETCH_MAX_BYTES_MAX),
                        mayIgnore),
                new ApiLimits(
                        new ApiLimits.Crowd(
                                config.get(Settings.API_CONNECTIONS),
                                config.get(Settings.API_REQUESTS),
                                config.get(Settings.API_WAITS),
                                config.get(Settings.API_UPLOADS)),
                        ApiLimits.DEFAULT.bodies(),
                        ApiLimits.DEFAULT.patience()),
                config.get(Settings.DRAIN));
    }
}
