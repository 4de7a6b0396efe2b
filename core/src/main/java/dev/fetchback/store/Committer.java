package dev.fetchback.store;

import java.util.List;

/** The one way to change the store: many callers, one commit at a time. */
public interface Committer {
    /**
     * Commits the changes together and returns when they are on disk.
     *
     * @return what became of each, in the same order
     * @throws StoreBusy when too much waits already
     * @throws StoreException when nothing of it was done
     */
    List<Result> commit(List<Change> changes);

    /**
     * Hands the changes over to be committed together, and returns at once.
     *
     * @throws StoreBusy when too much waits already; {@code completion} is not called then
     * @throws StoreException when the store has failed; {@code completion} is not called then
     */
    void submit(List<Change> changes, Completion completion);

    /** Hears what became of submitted changes, on the writer's thread: it must be quick and must not block. */
    interface Completion {
        /** They are on disk; one result each, in their order. */
        void done(List<Result> results);

        /** None of them was stored. */
        void failed(StoreException reason);
    }
}
