package dev.fetchback;

import dev.fetchback.deliver.DeliverStep;
import dev.fetchback.deliver.Endpoints;
import dev.fetchback.deliver.Envelope;
import dev.fetchback.deliver.InProcess;
import dev.fetchback.deliver.LinkSigner;
import dev.fetchback.deliver.Receiver;
import dev.fetchback.fetch.AddressPermits;
import dev.fetchback.fetch.FetchStep;
import dev.fetchback.fetch.PolicyTable;
import dev.fetchback.outbound.DnsResolver;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.outbound.SystemResolver;
import dev.fetchback.outbound.Vetting;
import dev.fetchback.process.ProcessStep;
import dev.fetchback.process.Processors;
import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.Change;
import dev.fetchback.store.GroupCommit;
import dev.fetchback.store.NodeRecord;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Event;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.work.Body;
import dev.fetchback.work.ByteBudget;
import dev.fetchback.work.HostPolicies;
import dev.fetchback.work.HostPolicy;
import dev.fetchback.work.StoredBody;
import dev.fetchback.work.WaitingOn;
import dev.fetchback.work.WorkSettings;
import dev.fetchback.work.Worker;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running Fetchback in this process: durable tasks, fetched in the background and delivered. {@link #close} drains. The server is
 * a thin shell around this.
 *
 * {@snippet :
 * try (Fetchback fetchback = Fetchback.builder()
 *         .dataDir(Path.of("data"))
 *         .deliverTo(page -> System.out.println(page.url() + " " + page.type()))
 *         .start()) {
 *     TaskId id = fetchback.submit("https://example.com/");
 *     fetchback.await(id, Duration.ofMinutes(1));
 * }
 * }
 */
public final class Fetchback implements Tasks, AutoCloseable {
    /** What goes into one commit; more would not make an fsync cheaper for each. */
    public static final int SUBMIT_AT_ONCE = 1_000;

    private final Resources resources = new Resources();
    private final LongSupplier clock;
    private final StoreNumbers numbers;
    private final Admission admission;
    private final Store store;
    private final GroupCommit commits;
    private final Worker worker;
    private final Endpoints endpoints;
    private final Outbound pages;
    private final Outbound receivers;
    private final Envelope envelope;
    private final LinkSigner links;
    private final ProcessStep process;
    private final Ids ids;
    private final InProcess functions;
    private final NewTasks newTasks;

    Fetchback(Builder with) {
        this.clock = with.clock;
        try {
            SecureRandom random = new SecureRandom();
            this.process = resources.add(ProcessStep.open(with.process, with.processors, with.commands, clock, with.registry));
            this.functions = resources.add(new InProcess(with.receivers(this), clock, with.work.drain()));
            this.newTasks = new NewTasks(process.processors(), functions, with.keep);
            with.hold().ifPresent(resources::add);
            this.store = resources.add(Transfer.whole(with.engine()));
            Optional<byte[]> linkKey = store.secret(Transfer.LINK, LinkSigner.key(random));
            this.links = linkKey.isPresent() ? new LinkSigner(linkKey.get(), with.publicUrl)
                    : LinkSigner.open(with.dataDir(), with.publicUrl, random);
            this.commits = resources.add(new GroupCommit(store, with.commits, clock, with.registry));
            this.numbers = resources.add(new StoreNumbers(store, commits::refusal, clock));
            this.admission = new Admission(store, numbers, with.spoolBytesMax, with.waitingMax);
            this.endpoints = new Endpoints(with.deliver, functions, clock, new ReceiverEvents(commits, this::worker));
            List<String> back = endpoints.load(store.receivers());
            this.envelope = new Envelope(with.deliver.inlineMax(), links);
            this.ids = new Ids(0, store.newestId(), clock, random);
            ByteBudget budget = new ByteBudget(with.bodyMemory);
            Outbound.Names names = new Outbound.Names(resources.add(new DnsResolver(with.dns)), resources.add(new SystemResolver()));
            this.pages = resources.add(pages(with, names));
            this.receivers = resources.add(receivers(with, names));
            Path bodies = Files.createDirectories(with.dataDir().resolve("bodies"));
            DeliverStep deliver = new DeliverStep(receivers, functions, endpoints, envelope, with.deliver,
                    new DeliverStep.Surroundings(clock, System::nanoTime, random), with.registry);
            HostPolicies policies = policies(with).sharedBy(store::owners);
            FetchStep fetch = new FetchStep(
                    pages, new FetchStep.Manners(policies, (host, millis) -> worker().slowTo(host, millis), with.userAgent), budget, bodies, clock);
            Worker.Steps steps = new Worker.Steps(fetch, with.processing(process, budget), deliver);
            Worker.HostRules hosts = new Worker.HostRules(policies, new AddressPermits(pages.gate()));
            Executor threads = Thread::startVirtualThread;
            this.worker = new Worker(with.work, new Worker.Parts(store, commits, new TaskMachine(with.retries), steps,
                    hosts, deliver, new Worker.Surroundings(clock, random, threads)));
            resources.add(worker::drain);
            Meters.register(with.registry, new Meters.Sources(
                    store, numbers, worker, budget, pages.meters(), receivers.meters(), fetch.robots()));
            worker.start();
            back.forEach(worker::recovered);
        } catch (IOException e) {
            resources.close();
            throw new UncheckedIOException("the data folder " + with.dataDir() + " cannot be used: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            resources.close();
            throw e;
        }
    }

    private static Outbound pages(Builder with, Outbound.Names names) {
        OutboundSettings settings = with.outbound.withExchanges(with.work.fetchConcurrency());
        return new Outbound(settings, with.fetchPolicy.closing(with.ownPorts), names);
    }

    private static Outbound receivers(Builder with, Outbound.Names names) {
        OutboundSettings settings = with.outbound.withPerAddress(0).withExchanges(with.work.deliverConcurrency());
        return new Outbound(settings, with.deliverPolicy.closing(with.ownPorts), names);
    }

    private static HostPolicies policies(Builder with) {
        WorkSettings work = with.work;
        HostPolicy others = new HostPolicy(work.perHostConcurrency(), work.perHostGap(), with.outbound.perAddress(), with.robots);
        return new PolicyTable(others, with.policies);
    }

    /** Puts one together. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public List<Submitted> submit(List<Submission> submissions) {
        admission.check();
        long now = clock.getAsLong();
        List<TaskId> fresh = ids.tasks(submissions.size());
        List<Worker.NewTask> tasks = new ArrayList<>(submissions.size());
        for (Submission submission : submissions) {
            tasks.add(newTasks.of(submission, fresh.get(tasks.size()), now, store.epoch()));
        }
        return NewTasks.answers(tasks, unlessBusy(() -> worker.submit(tasks)));
    }

    /** Submits one page to fetch, with every default: to the receiver named {@link Receiver#DEFAULT}, or kept where there is none. */
    public TaskId submit(String url) {
        return submit(Fetch.of(url));
    }

    /**
     * Submits one task; returns when it is on disk.
     *
     * @return its id, or that of the task which came under the same idempotency key before
     * @throws IllegalArgumentException when something of it cannot be: the URL, a receiver that is not there, an idempotency key that
     *     another request had
     */
    public TaskId submit(Fetch fetch) {
        return submitAll(List.of(fetch)).getFirst();
    }

    /**
     * Submits any number, {@value #SUBMIT_AT_ONCE} in each durable step; the ids are in the same order. When one cannot be, nothing of
     * its step is stored, but for an idempotency key that another request had: then all others of it are.
     */
    public List<TaskId> submitAll(Collection<Fetch> fetches) {
        long now = clock.getAsLong();
        List<Submission> all = fetches.stream().map(fetch -> fetch.submission(functions.hasDefault(), now)).toList();
        List<TaskId> tasks = new ArrayList<>(all.size());
        for (int from = 0; from < all.size(); from += SUBMIT_AT_ONCE) {
            submit(all.subList(from, Math.min(all.size(), from + SUBMIT_AT_ONCE))).forEach(answer -> tasks.add(NewTasks.id(answer)));
        }
        return tasks;
    }

    @Override
    public BatchId newBatch(@Nullable String owner) {
        BatchId id = ids.batch();
        commit(new Change.NewBatch(id, owner));
        return id;
    }

    @Override
    public Optional<BatchRecord> batch(BatchId id) {
        return store.batch(id);
    }

    @Override
    public Optional<StoredTask> find(TaskId id) {
        return store.find(id);
    }

    @Override
    public Optional<StoredTask> await(TaskId id, Duration patience) throws InterruptedException {
        return worker.await(id, patience);
    }

    @Override
    public WaitingOn waitingOn(Task waiting) {
        return worker.waitingOn(waiting);
    }

    @Override
    public TaskPage list(TaskQuery query) {
        return store.list(query);
    }

    @Override
    public Optional<InputStream> body(TaskId id, long offset) {
        return fetched(id).flatMap(came -> store.body(id, offset, Math.max(0, came.page().bytes() - offset))); // not what follows it
    }

    @Override
    public Optional<InputStream> results(TaskId id) {
        return fetched(id).flatMap(came -> {
            Processed processed = came.processed();
            return processed == null ? Optional.empty() : store.body(id, came.page().bytes(), processed.bytes());
        });
    }

    private Optional<Outcome.Fetched> fetched(TaskId id) {
        return store.find(id).map(found -> found.task().progress().outcome()).map(came -> came instanceof Outcome.Fetched f ? f : null);
    }

    @Override
    public Optional<Boolean> cancel(TaskId id) {
        return worker.move(id, new Event.Cancel());
    }

    @Override
    public Optional<Boolean> retry(TaskId id) {
        return worker.move(id, new Event.Retry());
    }

    @Override
    public Optional<Boolean> redrive(TaskId id) {
        return worker.move(id, new Event.Redrive());
    }

    @Override
    public Optional<Boolean> delete(TaskId id) {
        return store.find(id).map(there -> commit(new Change.Delete(id)) instanceof Result.Applied);
    }

    @Override
    public List<NodeRecord> nodes() {
        return store.nodes();
    }

    @Override
    public List<ReceiverRecord> receivers() {
        return endpoints.records();
    }

    @Override
    public boolean resumeReceiver(String id) {
        return unlessBusy(() -> {
            boolean there = endpoints.resume(id);
            if (there) {
                worker.hurry(id);
            }
            return there;
        });
    }

    @Override
    public boolean pauseReceiver(String id) {
        return unlessBusy(() -> endpoints.pause(id));
    }

    private Result commit(Change change) {
        return unlessBusy(() -> commits.commit(List.of(change)).getFirst());
    }

    private static <T> T unlessBusy(Supplier<T> call) {
        try {
            return call.get();
        } catch (StoreBusy e) {
            throw new Overloaded(e.getMessage());
        }
    }

    /** Made last: what is made before it asks here. */
    private Worker worker() {
        return worker;
    }

    /** Why new tasks are refused just now, a sentence; empty while they are taken. Answers at once, whatever the store does. */
    public Optional<String> refusal() {
        Optional<String> store = commits.failure().or(numbers::away).or(commits::refusal).map(e -> String.valueOf(e.getMessage()));
        if (store.isPresent()) {
            return store;
        }
        try {
            admission.checkKnown();
            return Optional.empty();
        } catch (StoreException | Overloaded e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** How long the oldest due task has waited; empty when the store does not say. A lower bound of a queue may overstate it. */
    public Optional<Duration> backlogAge() {
        return numbers.now().map(known -> Duration.ofMillis(known.oldest()));
    }

    /**
     * What the guard of connections would say just now if {@code url} were fetched, or delivered to; nothing is sent there.
     *
     * @param stage what the URL would be used for
     * @throws IllegalArgumentException when the URL cannot be used at all, saying why
     */
    public Vetting check(String url, Stage stage) throws InterruptedException {
        return (stage == Stage.FETCH ? pages : receivers).check(NewTasks.target(url));
    }

    /**
     * The outcome of a finished task as its receiver gets it: the {@code data} of the envelope, JSON in UTF-8, with what is stored of
     * its page and of what came of processing it.
     *
     * @throws IOException when that cannot be read any more
     */
    public byte[] outcome(StoredTask finished) throws IOException {
        Body page = null;
        Body results = null;
        if (finished.task().progress().outcome() instanceof Outcome.Fetched fetched && fetched.stored()) {
            page = StoredBody.page(store, finished.task().id(), fetched);
            results = StoredBody.results(store, finished.task().id(), fetched);
        }
        return envelope.data(finished.task(), finished.spec(), page, results);
    }

    /** The processors that tasks may use. */
    public Processors processors() {
        return process.processors();
    }

    /** Each layer of isolation of worker processes, and whether it is in force or why not; empty when no processor runs in one. */
    public Map<String, String> isolation() {
        return process.isolation();
    }

    /** Why no page is processed in worker processes just now, a sentence; empty while they are. Tasks wait meanwhile. */
    public Optional<String> processingSuspended() {
        return process.suspended();
    }

    /** Signs links to kept pages. */
    public LinkSigner links() {
        return links;
    }

    /**
     * Starts nothing more, waits for what is under way as long as the drain time says, hands the rest back, and closes everything.
     *
     * @throws IllegalStateException when a receiver calls it, for which it would have to wait
     */
    @Override
    public void close() {
        if (InProcess.onReceiverThread()) {
            throw new IllegalStateException("a receiver called close, which waits for receivers; call it from another thread");
        }
        resources.close();
    }
}
