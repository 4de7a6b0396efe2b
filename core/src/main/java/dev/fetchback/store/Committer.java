package dev.fetchback.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one way to change the store: many callers, one commit at a time. */
public interface Committer {
    /**
     * Commits and waits until the changes are on disk.
     *
     * @return what became of each, in the same order
     * @throws StoreException when nothing of it was done
     */
    List<Result> commit(List<Change> changes);

    /**
     * Commits without waiting; {@code completion} is called on the committing thread and must be short.
     *
     * @throws StoreException when too much waits already, or the store has failed; the completion is not called then
     */
    void submit(List<Change> changes, Completion completion);

    /** Hears what became of a commit. */
    @FunctionalInterface
    interface Completion {
        /**
         * @param results of each change in order; empty when the commit failed
         * @param failure why nothing was done; null when it was
         */
        void done(List<Result> results, @Nullable StoreException failure);
    }
}
