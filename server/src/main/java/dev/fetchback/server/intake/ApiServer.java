package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.server.ops.RequestMetrics;
import dev.fetchback.work.ByteBudget;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;

/** The HTTP API on one address. Started once, closed any number of times. */
public final class ApiServer implements AutoCloseable {
    /** Threads that read from the network; none of them ever waits for the disk. */
    private static final int THREADS_MAX = 32;
    /** One accepts, one selects. */
    private static final int THREADS_MIN = 2;
    /** One reads and answers 40,000 requests a second on half a core; more than a few only add switches. */
    private static final int SELECTORS_MAX = 4;

    /** A few probes and collectors; more wait in the system's accept queue. */
    private static final int OPS_CONNECTIONS_MAX = 64;

    private static final int BUFFER_BYTES = 16 << 10;
    private static final long POOL_HEAP_BYTES = 32L << 20;
    private static final long POOL_DIRECT_BYTES = 32L << 20;

    private static final System.Logger LOG = System.getLogger(ApiServer.class.getName());

    private final ApiSettings settings;
    private final Server server;
    private final ServerConnector connector;
    private final @Nullable ServerConnector ops;
    private final Gate gate;
    private final Kit kit;
    private final SubmitLane lane;
    private final Waits waits;
    private final ThreadPoolExecutor uploads;
    private final ExecutorService submitters;
    private boolean closed;

    /** Builds the server; nothing is bound before {@link #start}. */
    public ApiServer(ApiSettings settings, Tasks tasks, Tokens tokens, ApiParts parts) {
        this.settings = settings;
        ApiLimits limits = settings.limits();
        server = server();
        connector = connector(settings, settings.address().port(), limits.crowd().connections());
        int opsPort = settings.address().opsPort();
        ops = opsPort == ApiSettings.Address.NO_OPS_PORT ? null : connector(settings, opsPort, OPS_CONNECTIONS_MAX);
        gate = new Gate(limits.crowd().inFlight());
        kit = new Kit(settings, tasks, parts);
        lane = new SubmitLane(tasks, limits.crowd().inFlight());
        waits = new Waits(kit, limits.crowd().waits());
        uploads = new ThreadPoolExecutor(
                0,
                limits.crowd().uploads(),
                10,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform().name("api-upload-", 0).daemon().factory());
        submitters = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("api-chunk-", 0).factory());
        TaskReader reader = new TaskReader(settings.intake(), parts.urls(), parts.processors());
        ByteBudget budget = new ByteBudget(limits.bodies().memory());
        BodyReader.Bodies bodies = new BodyReader.Bodies(budget, limits.patience(), parts.nanos());
        ApiHandler.Routes routes = new ApiHandler.Routes(
                new SubmitRoute(kit, lane, reader, bodies, waits),
                new TaskRoutes(kit, waits),
                new BatchRoutes(kit, reader, budget, limits.bodies().batch(), submitters, uploads),
                new ResultRoute(kit, parts.links()),
                new DeadRoutes(kit, submitters),
                new NodeRoutes(kit),
                new ReceiverRoutes(kit),
                new CheckRoute(kit, new UrlReader(parts.urls()), parts.guard()));
        RequestMetrics metrics = new RequestMetrics(parts.ops().registry(), Route.LABELS, gate::inside);
        Guard guard = new Guard(tokens, loopback(settings.address().host()), hosts(settings));
        server.setHandler(new ApiHandler(kit, gate, guard, routes, metrics, ops));
        server.setErrorHandler(new JettyErrors());
        for (Connector one : server.getConnectors()) {
            ServerConnector each = (ServerConnector) one;
            SlowHeaders slow = new SlowHeaders(each, limits.patience().headers().toNanos(), parts.nanos());
            each.addBean(new Looks(each, slow::look));
        }
    }

    private static Server server() {
        ArrayByteBufferPool buffers =
                new ArrayByteBufferPool(0, 4096, 256 << 10, Integer.MAX_VALUE, POOL_HEAP_BYTES, POOL_DIRECT_BYTES);
        Server server = new Server(new ApiThreads(THREADS_MAX, THREADS_MIN), new ScheduledExecutorScheduler("api-timer", true), buffers);
        server.setStopTimeout(0); // draining is done here, where it is known what waits for what
        return server;
    }

    private ServerConnector connector(ApiSettings settings, int port, int connectionsMax) {
        HttpConfiguration http = new HttpConfiguration();
        http.setRequestHeaderSize(ApiLimits.HEADER_BYTES);
        http.setInputBufferSize(BUFFER_BYTES);
        http.setSendServerVersion(false);
        http.setSendDateHeader(true);
        int selectors = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, SELECTORS_MAX);
        HttpConnectionFactory factory = new HttpConnectionFactory(http);
        ServerConnector connector = new ServerConnector(server, 1, selectors, factory);
        connector.setHost(settings.address().host());
        connector.setPort(port);
        connector.setIdleTimeout(settings.limits().patience().idle().toMillis());
        connector.setAcceptQueueSize(1024);
        connector.setShutdownIdleTimeout(Math.max(1, settings.drain().toMillis())); // close() decides who is cut while draining
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(connectionsMax, connector));
        return connector;
    }

    private static boolean loopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (IOException e) {
            return false; // binding will fail and tell
        }
    }

    private static Set<String> hosts(ApiSettings settings) {
        Set<String> hosts = new HashSet<>();
        for (String host : settings.address().hosts()) {
            hosts.add(host.toLowerCase(Locale.ROOT));
        }
        String own = Guard.hostOf(settings.address().publicUrl());
        if (own != null) {
            hosts.add(own);
        }
        return hosts;
    }

    /**
     * Binds and takes requests.
     *
     * @throws IOException when the address cannot be bound; nothing is left running
     */
    public void start() throws IOException {
        lane.start();
        try {
            server.start();
        } catch (Exception e) {
            close();
            throw new IOException(
                    "The API cannot listen on " + settings.address().host() + ":" + settings.address().port()
                            + (ops == null ? "" : " and " + settings.address().opsPort()) + " (" + e.getMessage()
                            + "); choose another host or port, or stop what listens there.",
                    e);
        }
        LOG.log(Level.DEBUG, "The API listens on {0}:{1,number,#}.", settings.address().host(), port());
    }

    /** The port that is bound; -1 before. */
    public int port() {
        return connector.getLocalPort();
    }

    /** The port for health checks and metrics that is bound; -1 before, or when there is none. */
    public int opsPort() {
        return ops == null ? -1 : ops.getLocalPort();
    }

    /** Stops taking requests, lets those inside finish for as long as the settings say, then cuts what is left. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        gate.close();
        connector.shutdown(); // the other one goes on telling that the server drains
        waits.close();
        uploads.shutdown();
        Duration half = settings.drain().dividedBy(2);
        try {
            if (!gate.awaitEmpty(half)) {
                uploads.shutdownNow(); // those that go on for ever are told how far they came
            }
            if (!gate.awaitEmpty(half)) {
                LOG.log(
                        Level.WARNING,
                        "{0} requests were cut: they took longer than {1} to finish.",
                        gate.inside(),
                        settings.drain());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // whoever closes is in a hurry: no more waiting
        }
        uploads.shutdownNow();
        lane.close();
        submitters.shutdownNow();
        kit.close();
        try {
            server.stop();
        } catch (Exception e) {
            LOG.log(Level.WARNING, "Stopping the API failed; its port may stay taken until the process ends.", e);
        }
    }
}
