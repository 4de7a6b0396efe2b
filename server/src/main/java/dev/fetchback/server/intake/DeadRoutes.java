package dev.fetchback.server.intake;

import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/dead/redrive}: many dead outcomes at once, a bounded amount of work for each call. Blocks. */
final class DeadRoutes {
    /** Tasks that one call looks at; beyond this the count is a lower bound. */
    static final int SCAN_MAX = 100_000;
    /** One call's time for redriving; what is left is told and can be asked for again. */
    private static final long TIME_NANOS = 10_000_000_000L;
    /** Redrives under way: together they fill a group commit. */
    private static final int UNDER_WAY = 64;

    private final Kit kit;
    private final ExecutorService workers;

    /** @param workers runs one redrive a thread; the threads may block */
    DeadRoutes(Kit kit, ExecutorService workers) {
        this.kit = kit;
        this.workers = workers;
    }

    void redrive(Call call) throws IOException, InterruptedException {
        Guard.admin(call);
        MediaType.requireJson(call);
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        RedriveRequest request = RedriveRequest.read(SmallBody.read(call, kit));
        Walk walk = new Walk(request);
        walk.run();
        JsonBytes json = new JsonBytes(192)
                .object()
                .field("dry_run", request.dryRun())
                .field("matched", walk.redriven + walk.remaining)
                .field("redriven", walk.redriven)
                .field("remaining", walk.remaining)
                .field("complete", walk.complete);
        call.json(200, json.endObject());
    }

    /** Walks the dead tasks once: redrives up to the limit, counts the rest. */
    private final class Walk {
        private final RedriveRequest request;
        private final long began = kit.nanos();
        private final Deque<Future<Boolean>> underWay = new ArrayDeque<>(UNDER_WAY);
        private long started;
        private long redriven;
        private long remaining;
        private boolean complete;

        Walk(RedriveRequest request) {
            this.request = request;
        }

        void run() throws InterruptedException {
            TaskQuery query = request.query();
            @Nullable TaskId next = null;
            long seen = 0;
            do {
                TaskPage page = kit.tasks().list(after(query, next));
                for (StoredTask task : page.tasks()) {
                    take(task.task().id());
                }
                seen += page.tasks().size();
                next = page.next();
            } while (next != null && seen < SCAN_MAX && kit.nanos() - began < 2 * TIME_NANOS);
            while (!underWay.isEmpty()) {
                settle();
            }
            complete = next == null;
        }

        private static TaskQuery after(TaskQuery query, @Nullable TaskId before) {
            return new TaskQuery(
                    query.owner(),
                    query.phases(),
                    query.host(),
                    query.label(),
                    query.batch(),
                    query.createdAfter(),
                    before,
                    query.limit());
        }

        private void take(TaskId id) throws InterruptedException {
            if (request.dryRun() || started == request.limit() || kit.nanos() - began > TIME_NANOS) {
                remaining++;
                return;
            }
            started++;
            if (underWay.size() == UNDER_WAY) {
                settle();
            }
            underWay.add(workers.submit(() -> kit.tasks().redrive(id).orElse(false)));
        }

        private void settle() throws InterruptedException {
            try {
                if (underWay.remove().get()) {
                    redriven++;
                }
            } catch (ExecutionException e) {
                underWay.forEach(future -> future.cancel(true));
                if (e.getCause() instanceof RuntimeException fault) {
                    throw fault;
                }
                throw new IllegalStateException("redriving failed", e);
            }
        }
    }
}
