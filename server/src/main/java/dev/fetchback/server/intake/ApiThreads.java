package dev.fetchback.server.intake;

import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Jetty's threads. When an answer has been sent from another thread than its request came on, Jetty has the pool look for the
 * connection's next request; on a thread of {@link SubmitLane} that is done on the spot, since waking another thread to find
 * nothing there yet costs more than looking. The handler never blocks, so neither does this.
 */
final class ApiThreads extends QueuedThreadPool {
    ApiThreads(int max, int min) {
        super(max, min);
        setName("api");
        setReservedThreads(0);
        setDaemon(true);
    }

    @Override
    public void execute(Runnable job) {
        if (job instanceof Connection && SubmitLane.isHere() && isRunning()) {
            job.run();
        } else {
            super.execute(job);
        }
    }
}
