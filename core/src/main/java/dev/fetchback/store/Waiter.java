package dev.fetchback.store;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The thread that waits for its own changes. */
final class Waiter implements Committer.Completion {
    private final Thread thread;
    private volatile @Nullable List<Result> results;
    private volatile @Nullable StoreException reason;

    Waiter(Thread thread) {
        this.thread = thread;
    }

    @Override
    public void done(List<Result> done) {
        results = done;
        LockSupport.unpark(thread);
    }

    @Override
    public void failed(StoreException why) {
        reason = why;
        LockSupport.unpark(thread);
    }

    /** An interrupt does not end the wait: whether the changes are stored must be known. It is left set. */
    List<Result> await() {
        boolean interrupted = false;
        while (true) {
            List<Result> done = results;
            StoreException why = reason;
            if (done != null || why != null) {
                if (interrupted) {
                    thread.interrupt();
                }
                if (why != null) {
                    throw GroupCommit.copy(why);
                }
                return done;
            }
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
    }
}
