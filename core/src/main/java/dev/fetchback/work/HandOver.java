package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Event;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Hands a page over: straight to its receiver where that can be, to the store where it must wait or is kept. */
final class HandOver {
    private static final Logger LOG = System.getLogger(HandOver.class.getName());

    /** A hand-over may wait a moment for its receiver; their pages are bounded by the byte budget, not by this. */
    private static final int A_PLACE = 4;

    private final Worker worker;
    private final Store store;
    private final Step<Parcel, DeliverResult> step;
    private final LongSupplier clock;
    /** Deliveries straight from memory; those beyond go by way of the store. */
    private final Semaphore direct;

    HandOver(Worker worker, Worker.Parts parts, WorkSettings settings) {
        this.worker = worker;
        this.store = parts.store();
        this.step = parts.steps().deliver();
        this.clock = parts.surroundings().clock();
        this.direct = new Semaphore(settings.fetchConcurrency() + A_PLACE * settings.deliverConcurrency());
    }

    /**
     * Delivers at once where it can; what must wait is stored.
     *
     * @param letGo see {@link Parcel}
     */
    void run(Task task, TaskSpec spec, Load load, Runnable letGo) {
        DeliverOptions deliver = spec.deliver();
        boolean atOnce = deliver != null
                && deliver.spool() == DeliverOptions.Spool.WHEN_NEEDED
                && !task.expired(clock.getAsLong()) // its receiver is told that instead, by way of the store
                && store.lapse().isEmpty() // another owner may deliver it by now
                && direct.tryAcquire();
        if (!atOnce) {
            letGo.run();
            store(task, load);
            return;
        }
        DeliverResult result;
        try {
            Outcome outcome = new Outcome.Fetched(load.page(), 0, load.processed());
            ProcessResult.Processed results = load.results();
            Body beside = results == null ? null : new Bytes(results.results());
            result = step.run(task, spec, new Parcel(outcome, load.body(), beside, 1, false, letGo));
        } catch (InterruptedException e) {
            result = new DeliverResult.StoreFirst(); // draining: the page is here, so keep it rather than fetch it again
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the delivery of task " + task.id() + " met a fault of Fetchback", e);
            result = new DeliverResult.Refused(internal(), 0);
        } finally {
            direct.release();
            letGo.run();
        }
        switch (result) {
            case DeliverResult.Accepted a -> {
                Event.PageDelivered delivered = new Event.PageDelivered(load.page(), load.processed());
                settle(task, delivered, task.plan().keepMillis() > 0 ? load : null);
            }
            case DeliverResult.Refused r ->
                settle(task, new Event.PageRefused(load.page(), load.processed(), r.problem(), r.notBefore()), load);
            case DeliverResult.StoreFirst s -> store(task, load);
        }
    }

    /** For what must wait, or is picked up. */
    void store(Task task, Load load) {
        settle(task, new Event.PageStored(load.page(), load.processed()), load);
    }

    /** @param load what is stored with it; null for nothing */
    void settle(Task task, Event event, @Nullable Load load) {
        try {
            worker.settle(task, event, load == null ? null : stored(task, load));
        } catch (StoreException e) {
            LOG.log(Level.DEBUG, "page not stored, it is fetched again later task={0} reason={1}", task.id(), e.getMessage());
            worker.settle(task, Worker.lost(task, Worker.problem(e)), null);
        } catch (IOException e) {
            LOG.log(Level.ERROR, "the page of task " + task.id() + " could not be read back from its temporary file", e);
            worker.settle(task, new Event.FetchFailed(internal(), true, 0), null);
        }
    }

    /**
     * What is to be stored with the settle, or null after a large page was stored in pieces ahead of it. What is added to a stored page
     * goes with the settle however long it is: pieces ahead of it would replace the page.
     */
    private byte @Nullable [] stored(Task task, Load load) throws IOException {
        if (load.stored() || load.length() <= Store.PIECE_BYTES) {
            return load.stored() && load.length() == 0 ? null : load.bytes();
        }
        try (InputStream in = load.open()) {
            byte[] piece = in.readNBytes(Store.PIECE_BYTES);
            for (int i = 0; piece.length > 0; i++) {
                worker.put(new Change.PutBody(task.id(), i, piece));
                piece = in.readNBytes(Store.PIECE_BYTES);
            }
        }
        return null;
    }

    static Problem internal() {
        return new Problem(Problem.INTERNAL, "A fault of Fetchback; its log says more.", 0);
    }
}
