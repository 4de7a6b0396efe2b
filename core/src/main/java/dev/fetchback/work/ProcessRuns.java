package dev.fetchback.work;

import dev.fetchback.store.Store;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Event;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.task.TaskSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The way of a page through its task's processors and on: straight from memory, or from the store when it had to wait. */
final class ProcessRuns {
    private static final Logger LOG = System.getLogger(ProcessRuns.class.getName());
    private static final int KIB = 1024; // the unit of permits, so that an int is enough

    private final Worker worker;
    private final Store store;
    private final Processing processing;
    private final HandOver handOver;
    private final LongSupplier clock;
    private final Semaphore direct;
    private final int storedPermits;
    private final Semaphore storedMemory;

    ProcessRuns(Worker worker, Worker.Parts parts, HandOver handOver) {
        this.worker = worker;
        this.store = parts.store();
        this.processing = parts.steps().process();
        this.handOver = handOver;
        this.clock = parts.surroundings().clock();
        this.direct = new Semaphore(processing.direct());
        this.storedPermits = permits(processing.storedBytes());
        this.storedMemory = new Semaphore(storedPermits, true);
    }

    private static int permits(long bytes) {
        return Math.clamp(bytes / KIB, 1, Integer.MAX_VALUE);
    }

    /**
     * A page that has just been fetched is processed at once, or stored when there is no room for that.
     *
     * @param starting hears of the start before it is stored
     */
    void fetched(Task task, TaskSpec spec, Load load, Consumer<Task> starting) {
        DeliverOptions deliver = spec.deliver();
        boolean spooled = deliver != null && deliver.spool() == DeliverOptions.Spool.ALWAYS;
        if (spooled || task.expired(clock.getAsLong()) || !direct.tryAcquire()) {
            handOver.store(task, load);
            return;
        }
        Task running;
        @Nullable ProcessResult result;
        try {
            running = worker.startProcessing(task, starting);
            result = run(running, spec, load);
        } finally {
            direct.release();
        }
        settle(running, spec, load, result);
    }

    /** A page from the store. */
    void stored(Task task, TaskSpec spec) {
        if (!(task.progress().outcome() instanceof Outcome.Fetched fetched)) {
            throw new IllegalStateException("task " + task.id() + " waited to be processed without a page");
        }
        Load load = new Load(fetched.page(), StoredBody.page(store, task.id(), fetched), true, null);
        @Nullable ProcessResult result;
        try {
            result = withinMemory(task, spec, load);
        } finally {
            worker.lane(Stage.PROCESS).leave(task.queue(), true);
        }
        settle(task, spec, load, result);
    }

    /** Null when it was interrupted. */
    private @Nullable ProcessResult withinMemory(Task task, TaskSpec spec, Load load) {
        int permits = Math.min(permits(load.body().length()), storedPermits);
        try {
            storedMemory.acquire(permits);
        } catch (InterruptedException e) {
            return null;
        }
        try {
            return run(task, spec, load);
        } finally {
            storedMemory.release(permits);
        }
    }

    private @Nullable ProcessResult run(Task task, TaskSpec spec, Load load) {
        try {
            return processing.step().run(task, spec, new ProcessInput(load.page(), load.body(), load.stored()));
        } catch (InterruptedException e) {
            return null;
        } catch (RuntimeException | Error e) { // out of memory, say
            LOG.log(Level.ERROR, "the processing of task " + task.id() + " met a fault of Fetchback", e);
            return new ProcessResult.Failed(HandOver.internal(), true);
        }
    }

    private void settle(Task task, TaskSpec spec, Load load, @Nullable ProcessResult result) {
        switch (result) {
            case null -> handOver.settle(task, new Event.ProcessPutOff(null, 0, load.unstored()), load);
            case ProcessResult.Busy busy ->
                handOver.settle(task, new Event.ProcessPutOff(busy.problem(), busy.notBefore(), load.unstored()), load);
            case ProcessResult.Failed failed -> {
                boolean again = failed.retryable() && task.progress().processAttempts() < TaskMachine.PROCESS_ATTEMPTS_MAX;
                Event event = new Event.ProcessFailed(failed.problem(), failed.retryable(), again ? load.unstored() : null);
                handOver.settle(task, event, again ? load : null);
            }
            case ProcessResult.Processed processed -> goOn(task, spec, load.with(processed), processed.results().length);
        }
    }

    /** Results that there is no memory for are stored, as pages are. */
    private void goOn(Task task, TaskSpec spec, Load load, int resultBytes) {
        if (!processing.memory().tryTake(resultBytes)) {
            handOver.store(task, load);
            return;
        }
        try {
            handOver.run(task, spec, load, () -> {});
        } finally {
            processing.memory().giveBack(resultBytes);
        }
    }
}
