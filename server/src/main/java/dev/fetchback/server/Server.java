package dev.fetchback.server;

import dev.fetchback.Builder;
import dev.fetchback.Fetchback;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Target;
import dev.fetchback.server.cli.RunningServer;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.Settings;
import dev.fetchback.server.intake.ApiParts;
import dev.fetchback.server.intake.ApiServer;
import dev.fetchback.server.intake.Tokens;
import dev.fetchback.server.ops.Ops;
import dev.fetchback.server.ops.Readiness;
import dev.fetchback.store.StoreException;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The composition root: the library, the HTTP API around it, and how both follow from the configuration. */
public final class Server implements RunningServer {
    private final Fetchback fetchback;
    private final ApiServer api;

    private Server(Fetchback fetchback, ApiServer api) {
        this.fetchback = fetchback;
        this.api = api;
    }

    /**
     * Starts everything in order; what was started is stopped again when a later part fails.
     *
     * @throws IOException saying in one line what could not be opened, and what to do
     */
    public static Server start(Config config) throws IOException {
        return start(config, Wiring.builder(config));
    }

    /** The same over another engine: the seam of the benchmark that leaves the store out. */
    public static Server start(Config config, Builder builder) throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        // Until they are bound, when any may have been free.
        AtomicReference<Set<Integer>> ports =
                new AtomicReference<>(ports(config.get(Settings.PORT), config.find(Settings.OPS_PORT).orElse(-1)));
        Fetchback fetchback;
        try {
            fetchback = builder.registry(registry).ownPorts(port -> ports.get().contains(port)).start();
        } catch (StoreException e) {
            throw new IOException(e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        }
        try {
            Ops ops = new Ops(() -> readiness(fetchback), registry);
            ApiParts parts = new ApiParts(
                    Server::refuse,
                    new InstalledProcessors(fetchback.processors(), config.get(Settings.PROCESS_TIMEOUT_MAX)),
                    fetchback::outcome,
                    (id, expires, signature) -> fetchback.links().valid(id, expires, signature, 0),
                    fetchback::check,
                    ops,
                    System::currentTimeMillis,
                    System::nanoTime);
            ApiServer api = new ApiServer(Wiring.api(config), fetchback, tokens(config), parts);
            api.start();
            ports.set(ports(api.port(), api.opsPort()));
            return new Server(fetchback, api);
        } catch (IOException | RuntimeException e) {
            fetchback.close();
            throw e;
        }
    }

    private static Set<Integer> ports(int... ports) {
        return Arrays.stream(ports).boxed().collect(Collectors.toUnmodifiableSet());
    }

    private static Tokens tokens(Config config) throws IOException {
        if (config.find(Settings.API_TOKEN_FILE).isPresent()) {
            return Tokens.file(config.get(Settings.API_TOKEN_FILE), System::currentTimeMillis);
        }
        return config.find(Settings.API_TOKENS).map(text -> Tokens.parse(text, "FETCHBACK_API_TOKENS")).orElse(Tokens.none());
    }

    private static @Nullable String refuse(String url) {
        try {
            Target.parse(url);
            return null;
        } catch (BadUrl e) {
            return e.getMessage();
        }
    }

    private static Readiness.Report readiness(Fetchback fetchback) {
        List<String> reasons = fetchback.refusal().map(List::of).orElse(List.of());
        return new Readiness.Report(reasons, fetchback.backlogAge().orElse(null),
                new Readiness.Workers(isolation(fetchback.isolation()), fetchback.processingSuspended().orElse(null)));
    }

    /** Without the reasons, which name files and which anybody may ask for here; the log has them. */
    private static Map<String, String> isolation(Map<String, String> layers) {
        Map<String, String> told = new LinkedHashMap<>(layers);
        told.replaceAll((layer, state) -> state.startsWith("no:") ? "no" : state);
        return told;
    }

    @Override
    public int port() {
        return api.port();
    }

    /** The port for health checks and metrics; -1 when there is none. */
    public int opsPort() {
        return api.opsPort();
    }

    /** Takes nothing new, finishes or hands back what is under way, and closes in reverse order. */
    @Override
    public void close() {
        api.close();
        fetchback.close();
    }
}
