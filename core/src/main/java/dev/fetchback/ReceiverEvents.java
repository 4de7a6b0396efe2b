package dev.fetchback;

import dev.fetchback.deliver.Endpoints;
import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.work.Worker;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** What deliveries learn of receivers: it is stored, and the worker is told. */
final class ReceiverEvents implements Endpoints.Listener {
    private static final System.Logger LOG = System.getLogger(ReceiverEvents.class.getName());

    private final Committer committer;
    private final Supplier<Worker> worker;

    /** @param worker which is made after the endpoints */
    ReceiverEvents(Committer committer, Supplier<Worker> worker) {
        this.committer = committer;
        this.worker = worker;
    }

    /** Keeps an endpoint's health over a restart; if it is lost, the endpoint's next failures bring it back. */
    @Override
    public void changed(ReceiverRecord record) {
        try {
            committer.submit(List.of(new Change.SaveReceiver(record)), new Committer.Completion() {
                @Override
                public void done(List<Result> results) {}

                @Override
                public void failed(StoreException reason) {}
            });
        } catch (StoreBusy | StoreException e) {
            LOG.log(Level.WARNING, "the health of receiver " + record.id() + " could not be saved", e);
        }
    }

    @Override
    public CompletableFuture<Void> ordered(ReceiverRecord record) {
        CompletableFuture<Void> stored = new CompletableFuture<>();
        committer.submit(List.of(new Change.SaveReceiver(record, true)), new Committer.Completion() {
            @Override
            public void done(List<Result> results) {
                stored.complete(null);
            }

            @Override
            public void failed(StoreException reason) {
                stored.completeExceptionally(reason);
            }
        });
        return stored;
    }

    @Override
    public void opened(String id) {
        worker.get().opened(id);
    }

    @Override
    public void recovered(String id) {
        worker.get().recovered(id);
    }
}
