package dev.fetchback;

import dev.fetchback.deliver.DeliverSettings;
import dev.fetchback.deliver.InProcess;
import dev.fetchback.deliver.Receiver;
import dev.fetchback.fetch.PolicyTable;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.DnsServers;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.outbound.Target;
import dev.fetchback.process.CommandProcessor;
import dev.fetchback.process.ProcessSettings;
import dev.fetchback.process.ProcessStep;
import dev.fetchback.process.Processor;
import dev.fetchback.store.Archive;
import dev.fetchback.store.CommitSettings;
import dev.fetchback.store.FolderLock;
import dev.fetchback.store.Retention;
import dev.fetchback.store.Store;
import dev.fetchback.store.postgres.PostgresSettings;
import dev.fetchback.store.postgres.PostgresStore;
import dev.fetchback.store.sqlite.SqliteSettings;
import dev.fetchback.store.sqlite.SqliteStore;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.ProcessInput;
import dev.fetchback.work.ProcessResult;
import dev.fetchback.work.Processing;
import dev.fetchback.work.Step;
import dev.fetchback.work.WorkSettings;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Puts a {@link Fetchback} together; everything but {@link #dataDir} has a default. */
public final class Builder {
    private static final long BODY_MEMORY_DEFAULT = 64L << 20;

    private @Nullable Path dataDir;
    WorkSettings work = WorkSettings.DEFAULT;
    List<PolicyTable.Rule> policies = List.of();
    FetchOptions.@Nullable Robots robots;
    RetryPolicy retries = RetryPolicy.DEFAULT;
    OutboundSettings outbound = OutboundSettings.DEFAULT;
    AddressPolicy fetchPolicy = AddressPolicy.publicOnly();
    AddressPolicy deliverPolicy = AddressPolicy.publicOnly();
    DnsServers dns = DnsServers.system();
    IntPredicate ownPorts = _ -> false;
    DeliverSettings deliver = DeliverSettings.DEFAULT;
    CommitSettings commits = CommitSettings.DEFAULT;
    Retention retention = Retention.DEFAULT;
    SqliteSettings.Limits storeLimits = SqliteSettings.Limits.DEFAULT;
    String userAgent = "Fetchback";
    String publicUrl = "http://127.0.0.1:8080";
    long bodyMemory = BODY_MEMORY_DEFAULT;
    long spoolBytesMax;
    long waitingMax;
    Duration keep = Duration.ofHours(24);
    ProcessSettings process = ProcessSettings.DEFAULT;
    final List<Processor> processors = new ArrayList<>();
    final List<CommandProcessor> commands = new ArrayList<>();
    private @Nullable Function<ByteBudget, Processing> processing;
    PrometheusRegistry registry = new PrometheusRegistry();
    LongSupplier clock = System::currentTimeMillis;
    private final List<Registration> receivers = new ArrayList<>();
    private @Nullable Engine engine;
    private @Nullable Postgres postgres;
    private boolean migrate = true;

    private record Registration(String name, int atOnce, SubmittingReceiver receiver) {}

    private record Postgres(String url, @Nullable String password, String node, Duration lease) {}

    /** Opens the store; the embedded one unless a test or a benchmark puts another in its place. */
    @FunctionalInterface
    public interface Engine {
        /** @throws dev.fetchback.store.StoreException when the store cannot be used, saying what to do */
        Store open();
    }

    Builder() {}

    /** The folder that everything durable is kept in, made if need be; no other process may use it at the same time. */
    public Builder dataDir(Path folder) {
        this.dataDir = folder;
        return this;
    }

    /**
     * The receiver of tasks that name none, in this process: called with one outcome after the other. A {@link Fetch} names none
     * unless it says so; a {@link dev.fetchback.task.TaskSpec} says itself where its page goes.
     *
     * @throws IllegalArgumentException when there is one already
     */
    public Builder deliverTo(Receiver receiver) {
        return deliverTo(Receiver.DEFAULT, 1, receiver);
    }

    /** The same for one that submits what it finds. */
    public Builder deliverTo(SubmittingReceiver receiver) {
        return deliverTo(Receiver.DEFAULT, 1, receiver);
    }

    /** A receiver in this process for tasks that name it. */
    public Builder deliverTo(String name, int atOnce, Receiver receiver) {
        return deliverTo(name, atOnce, (delivery, fetchback) -> receiver.receive(delivery));
    }

    /**
     * A receiver in this process for tasks that name it. Register it at each start: what waits for one that is not there goes on by
     * its schedule, and is dead in the end.
     *
     * @param name a lower-case letter, then lower-case letters, digits and hyphens; at most 32 in all
     * @param atOnce how many outcomes it takes at once, each on a thread of its own; at least 1
     * @throws IllegalArgumentException when name or number are not allowed, or there is one of this name already
     */
    public Builder deliverTo(String name, int atOnce, SubmittingReceiver receiver) {
        InProcess.check(name, atOnce);
        if (receivers.stream().anyMatch(one -> one.name().equals(name))) {
            throw new IllegalArgumentException("there is a receiver '" + name + "' already; give this one another name");
        }
        receivers.add(new Registration(name, atOnce, receiver));
        return this;
    }

    /** How much is done at once. */
    public Builder work(WorkSettings settings) {
        this.work = settings;
        return this;
    }

    /** How hosts are treated that match a pattern; the first that matches counts, all others are treated as {@link #work} says. */
    public Builder policies(List<PolicyTable.Rule> rules) {
        this.policies = List.copyOf(rules);
        return this;
    }

    /** What robots.txt means whatever a task asks for, where no policy says otherwise; null, as it is unless set, when each task decides. */
    public Builder robots(FetchOptions.@Nullable Robots forAll) {
        this.robots = forAll;
        return this;
    }

    /** When a failed attempt is tried again. */
    public Builder retries(RetryPolicy policy) {
        this.retries = policy;
        return this;
    }

    /** Limits of the way out. */
    public Builder outbound(OutboundSettings settings) {
        this.outbound = settings;
        return this;
    }

    /**
     * Networks that pages may be fetched from although they are not public, and networks that they may not be fetched from.
     *
     * @param allow comma-separated CIDR or CIDR:port; empty for none
     * @param deny the same; wins over {@code allow}
     * @throws IllegalArgumentException naming the part that is not one
     */
    public Builder fetchNetworks(String allow, String deny) {
        this.fetchPolicy = AddressPolicy.parse(allow, deny);
        return this;
    }

    /**
     * Networks that results may be delivered to although they are not public, networks that they may not be delivered to, and
     * receivers of the operator's own that are trusted as exact origins.
     *
     * @param allow comma-separated CIDR or CIDR:port; empty for none
     * @param deny the same; wins over {@code allow}
     * @param trusted URLs; their names are looked up by the system, hosts file and search domains included
     * @throws IllegalArgumentException naming the part that is not one
     */
    public Builder deliverNetworks(String allow, String deny, List<String> trusted) {
        this.deliverPolicy = AddressPolicy.parse(allow, deny).trusting(trusted.stream().map(Builder::target).toList());
        return this;
    }

    /** Who is asked for the addresses of names that callers and pages choose; those of the system unless set. */
    public Builder dnsServers(DnsServers servers) {
        this.dns = servers;
        return this;
    }

    /**
     * Ports of this process that nothing may be fetched from or delivered to unless an allowed network names them: those of the
     * API around this library.
     *
     * @param ports whether a port is one of them; asked for each connection
     */
    public Builder ownPorts(IntPredicate ports) {
        this.ownPorts = ports;
        return this;
    }

    private static Target target(String url) {
        try {
            return Target.parse(url);
        } catch (BadUrl e) {
            throw new IllegalArgumentException("the receiver '" + url + "' is not a usable URL: " + e.getMessage(), e);
        }
    }

    /** How results are delivered. */
    public Builder deliver(DeliverSettings settings) {
        this.deliver = settings;
        return this;
    }

    /** What is forgotten by itself. */
    public Builder retention(Retention settings) {
        this.retention = settings;
        return this;
    }

    /** Space and memory of the embedded store. */
    public Builder storeLimits(SqliteSettings.Limits limits) {
        this.storeLimits = limits;
        return this;
    }

    /**
     * Keeps tasks in PostgreSQL 15 or newer, which any number of nodes may share, instead of in the data folder; that is then for what
     * is only on its way, and is still this program's own.
     *
     * @param url {@code jdbc:postgresql://host:port/database?user=name}
     * @param password null when the server asks for none
     * @param node this node's name; no two nodes that run at the same time have the same
     * @param lease how long a node that is not heard of keeps its work
     */
    public Builder postgres(String url, @Nullable String password, String node, Duration lease) {
        this.postgres = new Postgres(url, password, node, lease);
        return this;
    }

    /** Whether the schema in PostgreSQL is brought to the newest version at the start, as it is when this is not called; else it must have it. */
    public Builder migrate(boolean may) {
        this.migrate = may;
        return this;
    }

    /** Another store in the embedded one's place. */
    public Builder engine(Engine other) {
        this.engine = other;
        return this;
    }

    /**
     * When no further task is taken.
     *
     * @param spoolBytesMax bytes of stored pages; 0 for no cap
     * @param waitingMax unfinished tasks; 0 for no cap
     */
    public Builder admission(long spoolBytesMax, long waitingMax) {
        this.spoolBytesMax = spoolBytesMax;
        this.waitingMax = waitingMax;
        return this;
    }

    /** What servers of pages are told who asks; name a page or an address where you can be reached. */
    public Builder userAgent(String agent) {
        this.userAgent = agent;
        return this;
    }

    /** What links to kept pages begin with. */
    public Builder publicUrl(String url) {
        this.publicUrl = url;
        return this;
    }

    /** How many bytes of pages may be in memory at once; what does not fit goes to disk. */
    public Builder bodyMemory(long bytes) {
        this.bodyMemory = bytes;
        return this;
    }

    /** How long a page without a receiver is kept for pick-up unless its task says so. */
    public Builder keep(Duration time) {
        this.keep = time;
        return this;
    }

    /** How pages are processed whose tasks ask for it, and where else processors are looked for than on the class path. */
    public Builder process(ProcessSettings settings) {
        this.process = settings;
        return this;
    }

    /** One more processor, which runs on threads of this process: no other has it. */
    public Builder processor(Processor own) {
        this.processors.add(own);
        return this;
    }

    /** A program of the operator's that tasks may use by its name. */
    public Builder command(CommandProcessor command) {
        this.commands.add(command);
        return this;
    }

    /** Another step than that of the processors, for tests; {@code capacity} pages may be in it, under way or in line. */
    Builder processing(Step<ProcessInput, ProcessResult> step, int capacity) {
        this.processing = memory -> new Processing(step, capacity, memory);
        return this;
    }

    Processing processing(ProcessStep usual, ByteBudget memory) {
        return processing == null ? new Processing(usual, usual.capacity(), memory) : processing.apply(memory);
    }

    /** Where the metrics are registered. */
    public Builder registry(PrometheusRegistry other) {
        this.registry = other;
        return this;
    }

    /** The receivers, which may submit to {@code fetchback}. */
    List<InProcess.Registration> receivers(Fetchback fetchback) {
        return receivers.stream().map(one -> new InProcess.Registration(
                one.name(), one.atOnce(), delivery -> one.receiver().receive(delivery, fetchback))).toList();
    }

    /** Keeps other processes out of the data folder where the store does not. */
    Optional<FolderLock> hold() {
        return postgres != null && engine == null ? Optional.of(FolderLock.hold(dataDir())) : Optional.empty();
    }

    /** Whether there is a store already, or it is not for this program to say. */
    boolean stored() {
        return postgres != null || engine != null || SqliteStore.isIn(dataDir());
    }

    Engine engine() {
        Engine other = engine;
        Postgres shared = postgres;
        if (other == null && shared != null) {
            return () -> PostgresStore.open(PostgresSettings.of(shared.url(), shared.password(), shared.node(), retention, clock)
                    .withLease(shared.lease()).withMigrations(migrate));
        }
        return other != null ? other : () -> SqliteStore.open(
                new SqliteSettings(dataDir(), retention, storeLimits, SqliteSettings.Segmenting.DEFAULT, clock));
    }

    Path dataDir() {
        Path folder = dataDir;
        if (folder == null) {
            throw new IllegalStateException("no data folder is set; call dataDir with a folder that only this program uses");
        }
        return folder;
    }

    /**
     * Writes all that the store holds to a new file, for {@link #importFrom}; nobody else may use the store meanwhile.
     *
     * @param progress is told now and then how many tasks were written
     * @throws dev.fetchback.store.StoreException when the store cannot be used, or is being used, or the file is there already, saying what to do
     * @throws java.io.UncheckedIOException when the file cannot be written, saying so
     */
    public Archive.Moved exportTo(Path file, LongConsumer progress) {
        return new Transfer(this).export(file, progress);
    }

    /**
     * Reads such a file into an empty store, or goes on where the same was cut; until it is over, nothing starts with the store.
     *
     * @param progress is told now and then how many tasks were read
     * @throws dev.fetchback.store.StoreException when the file is damaged or the store is not empty, saying what to do
     * @throws java.io.UncheckedIOException when the file cannot be read
     */
    public Archive.Moved importFrom(Path file, LongConsumer progress) {
        return new Transfer(this).restore(file, progress);
    }

    /**
     * Opens the data folder, takes up what an earlier run left unfinished, and starts.
     *
     * @throws IllegalStateException when no data folder is set
     * @throws dev.fetchback.store.StoreException when the folder cannot be used, saying what to do; nothing keeps running then
     * @throws IllegalArgumentException when a plugin or a processor cannot be used, saying which and what to do
     */
    public Fetchback start() {
        return new Fetchback(this);
    }
}
