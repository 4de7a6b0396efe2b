package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.Result;
import dev.fetchback.store.StoreBusy;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Commits what came of work that is done and must not be lost: where too much waits to be written, the caller waits for room. Not for
 * the writer's own thread, which makes the room.
 */
final class PatientCommitter implements Committer {
    private static final long NAP_NANOS = 5_000_000; // a few commits

    private final Committer committer;

    PatientCommitter(Committer committer) {
        this.committer = committer;
    }

    @Override
    public List<Result> commit(List<Change> changes) {
        return whenThereIsRoom(() -> committer.commit(changes));
    }

    @Override
    public void submit(List<Change> changes, Completion completion) {
        whenThereIsRoom(() -> {
            committer.submit(changes, completion);
            return true;
        });
    }

    /** An interrupt does not end the wait; it is left set. */
    private static <T> T whenThereIsRoom(Supplier<T> commit) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return commit.get();
                } catch (StoreBusy e) {
                    interrupted |= Thread.interrupted(); // with it set, parking would return at once
                    LockSupport.parkNanos(NAP_NANOS);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
