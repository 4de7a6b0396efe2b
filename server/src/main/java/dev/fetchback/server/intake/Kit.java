package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.server.ops.Ops;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.QuietException;
import org.jspecify.annotations.Nullable;

/** What every route needs: the tasks, the clocks, threads that may block, and one way to answer when something fails. */
final class Kit implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ApiServer.class.getName());

    private final ApiSettings settings;
    private final Tasks tasks;
    private final ApiParts parts;
    private final ExecutorService workers =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("api-", 0).factory());

    Kit(ApiSettings settings, Tasks tasks, ApiParts parts) {
        this.settings = settings;
        this.tasks = tasks;
        this.parts = parts;
    }

    Tasks tasks() {
        return tasks;
    }

    ResultView results() {
        return parts.results();
    }

    /** Health and metrics. */
    Ops ops() {
        return parts.ops();
    }

    /** Unix milliseconds. */
    long now() {
        return parts.clock().getAsLong();
    }

    long nanos() {
        return parts.nanos().getAsLong();
    }

    /** A link to {@code path}, relative unless the operator named a public URL. */
    String link(String path) {
        String base = settings.address().publicUrl();
        return base == null ? path : base + path;
    }

    Pace pace() {
        return new Pace(settings.limits().patience());
    }

    /** Does {@code work} for {@code call} on a thread that may block; what it throws becomes the answer. */
    void later(Call call, Work work) {
        try {
            workers.execute(() -> run(call, work));
        } catch (RejectedExecutionException e) {
            failed(call, e);
        }
    }

    /** Does {@code work} for {@code call} here; what it throws becomes the answer. */
    void run(Call call, Work work) {
        try {
            work.run();
        } catch (Throwable e) {
            failed(call, e);
        }
    }

    /** Answers a call that failed: with the refusal, with what is known of the fault, or with nothing but an apology. */
    void failed(Call call, Throwable why) {
        if (call.answered()) {
            if (!quiet(why)) {
                LOG.log(Level.WARNING, "An answer to " + call.route() + " failed after it was begun.", why);
            }
            call.failed(why); // the connection is cut, which tells the client that the answer is not whole
            return;
        }
        call.refuse(refusal(call, why));
    }

    /** The answer to what went wrong; logs what nobody expected. */
    Refusal refusal(Call call, Throwable why) {
        if (why instanceof Refusal refusal) {
            return refusal;
        }
        if (!StoreFaults.unexpected(why)) {
            return StoreFaults.refusal(why);
        }
        if (why instanceof RejectedExecutionException || why instanceof InterruptedException) {
            return Refusal.retryAfter(ApiError.DRAINING, 1, "The server is shutting down; try again.");
        }
        LOG.log(Level.ERROR, "A request to " + call.route() + " failed unexpectedly.", why);
        return new Refusal(ApiError.INTERNAL, "The request failed for a reason that is in the server's log.");
    }

    private static boolean quiet(@Nullable Throwable why) {
        return why instanceof QuietException || why instanceof IOException;
    }

    /** Ends the threads; called when no request is inside any more, or when their time is up. */
    @Override
    public void close() {
        workers.shutdownNow();
        try {
            workers.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What is done for a call. */
    @FunctionalInterface
    interface Work {
        void run() throws Exception;
    }
}
