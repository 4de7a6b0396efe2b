package dev.fetchback.server.intake;

import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What can be asked about and done with tasks that are there. Every method blocks. */
final class TaskRoutes {
    /** Longest poll; see {@link Preferences#WAIT_SECONDS_MAX}. */
    private static final Duration WAIT_MAX = Duration.ofSeconds(Preferences.WAIT_SECONDS_MAX);

    private static final int STATUS_BYTES = 1024;

    private final Kit kit;
    private final Waits waits;
    private final StatusView view;

    TaskRoutes(Kit kit, Waits waits) {
        this.kit = kit;
        this.waits = waits;
        this.view = new StatusView(kit);
    }

    /** {@code GET /v1/tasks/{id}}, with {@code wait} as soon as the task is finished. */
    void status(Call call) throws IOException {
        QueryParams params = new QueryParams(call.request().getHttpURI().getQuery(), List.of("wait"));
        Duration wait = params.span("wait", WAIT_MAX);
        StoredTask task = find(kit, call);
        if (wait.isZero() || task.task().phase().terminal()) {
            answer(call, 200, task);
            return;
        }
        call.patient();
        waits.begin(call, () -> answer(call, 200, waits.await(task.task().id(), wait).orElse(task)));
    }

    /** {@code GET /v1/tasks}. */
    void list(Call call) throws IOException {
        QueryParams params = new QueryParams(call.request().getHttpURI().getQuery(), Filter.LIST_PARAMETERS);
        Filter filter = Filter.of(params, call.caller().listed());
        long now = kit.now();
        TaskPage page = kit.tasks().list(filter.query());
        answer(call, page.tasks().stream().filter(task -> filter.shows(task, now)).toList(), page.next(), now);
    }

    /** {@code GET /v1/dead}. */
    void dead(Call call) throws IOException {
        QueryParams params = new QueryParams(call.request().getHttpURI().getQuery(), Filter.DEAD_PARAMETERS);
        TaskQuery query = Filter.dead(params, call.caller().listed());
        TaskPage page = kit.tasks().list(query);
        answer(call, page.tasks(), page.next(), kit.now());
    }

    private void answer(Call call, List<StoredTask> tasks, @Nullable TaskId next, long now)
            throws IOException {
        JsonBytes json = new JsonBytes(STATUS_BYTES * Math.max(1, tasks.size())).object().name("tasks").array();
        for (StoredTask task : tasks) {
            view.write(json, task, now);
        }
        json.endArray().field("next_cursor", next == null ? null : Cursor.write(next));
        SlowWrite.whole(call, 200, Call.JSON, json.endObject().buffer(), kit);
    }

    /** {@code POST /v1/tasks/{id}/cancel}. */
    void cancel(Call call) throws IOException {
        change(call, 200, kit.tasks()::cancel, ApiError.TASK_FINISHED, "cannot be cancelled any more; it is finished.");
    }

    /** {@code POST /v1/tasks/{id}/retry}. */
    void retry(Call call) throws IOException {
        change(
                call,
                202,
                kit.tasks()::retry,
                ApiError.TASK_NOT_FINISHED,
                "is still under way; cancel it or wait before you retry it.");
    }

    /** {@code POST /v1/tasks/{id}/redrive}. */
    void redrive(Call call) throws IOException {
        change(
                call,
                202,
                kit.tasks()::redrive,
                ApiError.TASK_NOT_DEAD,
                "is not dead; only an outcome that no receiver took is redriven.");
    }

    private void change(Call call, int status, Function<TaskId, Optional<Boolean>> change, ApiError error, String detail)
            throws IOException {
        nothingAsked(call);
        StoredTask task = find(kit, call);
        TaskId id = task.task().id();
        if (!change.apply(id).orElseThrow(() -> unknown(call.id()))) {
            throw new Refusal(error, "The task " + id + " " + detail);
        }
        answer(call, status, kit.tasks().find(id).orElse(task));
    }

    /** {@code DELETE /v1/tasks/{id}}. */
    void delete(Call call) {
        nothingAsked(call);
        TaskId id = find(kit, call).task().id();
        if (!kit.tasks().delete(id).orElseThrow(() -> unknown(call.id()))) {
            throw new Refusal(
                    ApiError.TASK_NOT_FINISHED, "The task " + id + " is still under way; cancel it before you delete it.");
        }
        call.answer(204, null, ByteBuffer.allocate(0));
    }

    private static void nothingAsked(Call call) {
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
    }

    private void answer(Call call, int status, StoredTask task) throws IOException {
        JsonBytes json = new JsonBytes(STATUS_BYTES);
        view.write(json, task, kit.now());
        SlowWrite.whole(call, status, Call.JSON, json.buffer(), kit);
    }

    /** The task that the path names, if the caller may see it. */
    static StoredTask find(Kit kit, Call call) {
        TaskId id = TaskId.parse(call.id()).orElseThrow(() -> unknown(call.id()));
        return kit.tasks()
                .find(id)
                .filter(task -> call.caller().sees(task.spec().tags().owner()))
                .orElseThrow(() -> unknown(call.id()));
    }

    static Refusal unknown(String id) {
        return new Refusal(
                ApiError.TASK_NOT_FOUND,
                "There is no task " + Names.quote(id) + " that you may see; finished tasks are forgotten after a while.");
    }
}
