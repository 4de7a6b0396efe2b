package dev.fetchback.process;

import dev.fetchback.process.Processors.Place;
import dev.fetchback.process.Ran.Broken;
import dev.fetchback.process.Ran.Busy;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.ProcessInput;
import dev.fetchback.work.ProcessResult;
import dev.fetchback.work.Step;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes a page through its task's processors, in order; those that follow each other and run in the same place go there together.
 * What each returns is JSON at once, so that nothing of a processor stays but bytes.
 */
public final class ProcessStep implements Step<ProcessInput, ProcessResult>, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ProcessStep.class.getName());

    private final Processors processors;
    private final ProcessSettings settings;
    private final LongSupplier clock;
    private final Map<Place, Pool> pools = new EnumMap<>(Place.class);
    private final WorkerPool workers;
    private final ProcessMetrics metrics;
    private final Crashes crashes = new Crashes();

    /**
     * @param processors closed with the step
     * @param settings limits and pools
     * @param clock Unix milliseconds
     * @param registry where the metrics are registered
     */
    ProcessStep(Processors processors, ProcessSettings settings, LongSupplier clock, PrometheusRegistry registry) {
        this.processors = processors;
        this.settings = settings;
        this.clock = clock;
        this.metrics = new ProcessMetrics(registry);
        ThreadPool threads = new ThreadPool(settings, processors::processor, metrics);
        this.workers = new WorkerPool(settings, metrics);
        if (processors.anyIn(Place.PROCESS)) {
            workers.prepare();
        }
        pools.put(Place.THREAD, threads);
        pools.put(Place.PROCESS, workers);
        CommandPool commands = new CommandPool(settings, processors::processor, metrics);
        pools.put(Place.COMMAND, commands);
        metrics.watch(Map.of("threads", threads.crew(), "processes", workers.crew(), "commands", commands.crew()), workers::workers);
    }

    /**
     * Finds the processors and opens the step over them.
     *
     * @param settings limits and pools
     * @param own processors that run on threads of this process
     * @param commands programs of the operator's
     * @param clock Unix milliseconds
     * @param registry where the metrics are registered
     * @throws IllegalArgumentException when a jar or a processor cannot be used; it says which and what to do
     */
    public static ProcessStep open(ProcessSettings settings, Collection<Processor> own, Collection<CommandProcessor> commands,
            LongSupplier clock, PrometheusRegistry registry) {
        Processors processors = Processors.find(settings, own, commands);
        try {
            return new ProcessStep(processors, settings, clock, registry);
        } catch (RuntimeException e) {
            processors.close();
            throw e;
        }
    }

    /** The processors that there are. */
    public Processors processors() {
        return processors;
    }

    /** Each layer of isolation of worker processes, and whether it is in force or why not; empty when no processor runs in one. */
    public Map<String, String> isolation() {
        return processors.anyIn(Place.PROCESS) ? workers.isolation() : Map.of();
    }

    /** Why nothing runs in worker processes just now, a sentence; empty while it does. */
    public Optional<String> suspended() {
        return workers.suspended();
    }

    /**
     * How many tasks may be in the step at once: all that the pools take, so that those of one pool, be they ever so slow, leave room for
     * those of another.
     */
    public int capacity() {
        int all = pools.entrySet().stream().filter(e -> processors.anyIn(e.getKey())).mapToInt(e -> e.getValue().capacity()).sum();
        return 2 * Math.max(1, all);
    }

    @Override
    public ProcessResult run(Task task, TaskSpec spec, ProcessInput input) throws InterruptedException {
        ProcessResult result = attempt(task, spec, input);
        metrics.came(switch (result) {
            case ProcessResult.Processed _ -> ProcessMetrics.Attempt.PROCESSED;
            case ProcessResult.Failed _ -> ProcessMetrics.Attempt.FAILED;
            case ProcessResult.Busy _ -> ProcessMetrics.Attempt.BUSY;
        });
        return result;
    }

    private ProcessResult attempt(Task task, TaskSpec spec, ProcessInput input) throws InterruptedException {
        byte[] bytes;
        try {
            bytes = input.body().bytes();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "page could not be read task={0}", task.id(), e);
            return new ProcessResult.Failed(new Problem(Problem.INTERNAL, "the page could not be read back from disk", 0), true);
        }
        return new Way(task, spec.process(), facts(task, spec, input.page()), bytes, input.stored()).go();
    }

    private static FetchedPage.Facts facts(Task task, TaskSpec spec, Page page) {
        return new FetchedPage.Facts(task.id().toString(), spec.url(), page.finalUrl(), page.status(), page.contentType(),
                page.headers());
    }

    /** One task's way through its processors. */
    private final class Way {
        private final String taskId;
        private final boolean last;
        private final List<ProcessorUse> uses;
        private final FetchedPage.Facts facts;
        private final byte[] bytes;
        private final boolean stored;
        private final List<String> names = new ArrayList<>();
        private final List<byte[]> values = new ArrayList<>();
        private final List<ProcessResult.Failure> failures = new ArrayList<>();
        private int room = settings.resultMax();

        Way(Task task, List<ProcessorUse> uses, FetchedPage.Facts facts, byte[] bytes, boolean stored) {
            this.taskId = task.id().toString();
            this.last = task.progress().processAttempts() >= TaskMachine.PROCESS_ATTEMPTS_MAX;
            this.uses = uses;
            this.facts = facts;
            this.bytes = bytes;
            this.stored = stored;
        }

        ProcessResult go() throws InterruptedException {
            int next = 0;
            while (next < uses.size()) {
                Place place = processors.place(uses.get(next));
                int end = next;
                while (end < uses.size() && processors.place(uses.get(end)) == place) {
                    end++;
                }
                List<ProcessorUse> together = uses.subList(next, end);
                switch (pool(place).run(chain(together))) {
                    case Busy(Problem problem, long wait) -> {
                        return new ProcessResult.Busy(problem, wait == 0 ? 0 : clock.getAsLong() + wait);
                    }
                    case Ended ended -> {
                        ProcessResult failed = take(together, ended);
                        if (failed != null) {
                            return failed;
                        }
                        next += ended.outcomes().size() + (ended.broken() == null ? 0 : 1);
                    }
                }
            }
            crashes.forget(taskId);
            return new ProcessResult.Processed(Json.named(names, values), List.copyOf(failures));
        }

        private Chain chain(List<ProcessorUse> together) {
            return new Chain(facts, bytes, together.stream().map(use -> Chain.Link.of(use, timeout(use))).toList(), room, stored);
        }

        /** Keeps what came; the whole attempt's failure if one ends it. */
        private @Nullable ProcessResult take(List<ProcessorUse> together, Ended ended) {
            for (int i = 0; i < ended.outcomes().size(); i++) {
                ProcessorUse use = together.get(i);
                switch (ended.outcomes().get(i)) {
                    case Outcome.Value(byte[] json) -> {
                        names.add(use.name());
                        values.add(json);
                        room -= json.length;
                    }
                    case Outcome.Failed(Problem problem) -> {
                        ProcessResult failed = fail(use, problem, false);
                        if (failed != null) {
                            return failed;
                        }
                    }
                }
            }
            Broken broken = ended.broken();
            if (broken == null) {
                return null;
            }
            boolean again = broken.again() && crashes.firstOf(taskId) && !last;
            return fail(together.get(ended.outcomes().size()), broken.problem(), again);
        }

        private @Nullable ProcessResult fail(ProcessorUse use, Problem problem, boolean again) {
            if (again || use.onError() == ProcessorUse.OnError.FAIL) {
                return new ProcessResult.Failed(naming(use, problem), again);
            }
            failures.add(new ProcessResult.Failure(use.name(), problem));
            return null;
        }

        private static Problem naming(ProcessorUse use, Problem problem) {
            return Failures.of(problem.code(), use.name() + ": " + problem.detail());
        }
    }

    private Pool pool(Place place) {
        Pool pool = pools.get(place);
        if (pool == null) {
            throw new IllegalStateException("there is no pool for " + place);
        }
        return pool;
    }

    private Duration timeout(ProcessorUse use) {
        Duration asked = use.timeout();
        Duration wanted = asked == null ? settings.timeout() : asked;
        return wanted.compareTo(settings.timeoutMax()) > 0 ? settings.timeoutMax() : wanted;
    }

    /** Ends whatever runs, within a bound. */
    @Override
    public void close() {
        pools.values().forEach(Pool::close);
        processors.close();
    }
}
