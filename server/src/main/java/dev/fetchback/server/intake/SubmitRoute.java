package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.Tasks.Submission;
import dev.fetchback.Tasks.Submitted;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.State;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;

/**
 * {@code POST /v1/tasks}: reads one task and answers when it is on disk, or when its outcome is there. Blocks no thread but for a
 * wait.
 */
final class SubmitRoute {
    /** Tasks up to this size are read where their last byte came; larger ones would hold up other connections. */
    private static final int READ_AT_ONCE = 16 << 10;
    /** A caller that waits is to see the page although a receiver gets it too; it must stay long enough to be read. */
    private static final Duration KEEP_FOR_WAIT = Duration.ofMinutes(5);

    private final Kit kit;
    private final SubmitLane lane;
    private final TaskReader reader;
    private final BodyReader.Bodies bodies;
    private final Waits waits;

    SubmitRoute(Kit kit, SubmitLane lane, TaskReader reader, BodyReader.Bodies bodies, Waits waits) {
        this.kit = kit;
        this.lane = lane;
        this.reader = reader;
        this.bodies = bodies;
        this.waits = waits;
    }

    /** Begins; never blocks. */
    void begin(Call call) {
        MediaType.requireJson(call);
        new BodyReader(call, ApiLimits.TASK_BYTES, bodies, body -> {
                    if (body.length <= READ_AT_ONCE) {
                        submit(call, body);
                    } else {
                        kit.later(call, () -> submit(call, body));
                    }
                })
                .run();
    }

    private void submit(Call call, byte[] body) {
        Origin origin = Origin.single(call.caller().name());
        Submission submission = reader.single(Slice.of(body), call.header("Idempotency-Key"), origin, kit.now());
        int wait = Preferences.waitSeconds(call.header("Prefer"));
        Submission kept = wait > 0 ? kept(submission) : submission;
        if (!lane.offer(new Pending(call, kept, wait))) {
            throw StoreFaults.refusal(new Tasks.Overloaded("the lane is full"));
        }
    }

    private static Submission kept(Submission submission) {
        TaskSpec spec = submission.spec();
        TaskSpec.Schedule schedule = spec.schedule();
        if (spec.deliver() == null || schedule.keep() != null) {
            return submission;
        }
        TaskSpec.Schedule keeping = new TaskSpec.Schedule(
                schedule.notBefore(), schedule.expiresAt(), schedule.priority(), KEEP_FOR_WAIT);
        return new Submission(
                new TaskSpec(spec.url(), spec.request(), spec.fetch(), spec.process(), spec.deliver(), keeping, spec.tags()), submission.key());
    }

    private void accepted(Call call, TaskId id, State state, boolean again) {
        String text = id.toString();
        String path = kit.link("/v1/tasks/" + text);
        JsonBytes json = new JsonBytes(192)
                .object()
                .field("id", text)
                .field("state", state.wire())
                .field("status_url", path);
        if (again) {
            json.field("deduplicated", true);
        }
        call.response().getHeaders().put(HttpHeader.LOCATION, path);
        call.json(again ? 200 : 202, json.endObject());
    }

    /** Answers with the outcome, or as if nobody had waited when it does not come in time. */
    private void awaitOutcome(Call call, TaskId id, int seconds, boolean again) throws IOException {
        Optional<StoredTask> task = waits.await(id, Duration.ofSeconds(seconds));
        if (task.isEmpty()) {
            accepted(call, id, State.QUEUED, again);
            return;
        }
        if (!task.get().task().phase().terminal()) {
            accepted(call, id, State.of(task.get().task(), kit.now()), again);
            return;
        }
        ByteBuffer data = ByteBuffer.wrap(kit.results().data(task.get()));
        call.response().getHeaders().put("Preference-Applied", "wait=" + seconds);
        call.response().getHeaders().put(HttpHeader.LOCATION, kit.link("/v1/tasks/" + id));
        SlowWrite.whole(call, 200, Call.JSON, data, kit);
    }

    private final class Pending implements SubmitLane.Waiting {
        private final Call call;
        private final Submission submission;
        private final int wait;

        Pending(Call call, Submission submission, int wait) {
            this.call = call;
            this.submission = submission;
            this.wait = wait;
        }

        @Override
        public Submission submission() {
            return submission;
        }

        @Override
        public void submitted(Submitted answer) {
            try {
                switch (answer) {
                    case Submitted.Accepted accepted when wait == 0 ->
                        accepted(call, accepted.task().id(), State.of(accepted.task(), kit.now()), false);
                    case Submitted.Accepted accepted -> await(accepted.task().id(), false);
                    case Submitted.Deduplicated first when wait == 0 -> kit.later(call, () -> again(first.id()));
                    case Submitted.Deduplicated first -> await(first.id(), true);
                    case Submitted.Conflict first ->
                        call.refuse(new Refusal(
                                ApiError.IDEMPOTENCY_CONFLICT,
                                "The key was used for another request, which became " + first.id()
                                        + "; use a new key, or send the same bytes again."));
                }
            } catch (RuntimeException e) {
                kit.failed(call, e);
            }
        }

        private void again(TaskId id) {
            State state = kit.tasks().find(id).map(task -> State.of(task.task(), kit.now())).orElse(State.QUEUED);
            accepted(call, id, state, true);
        }

        private void await(TaskId id, boolean again) {
            call.patient();
            waits.begin(call, () -> awaitOutcome(call, id, wait, again));
        }

        @Override
        public void failed(Throwable why) {
            kit.failed(call, why);
        }
    }
}
