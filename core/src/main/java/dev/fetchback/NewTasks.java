package dev.fetchback;

import dev.fetchback.Tasks.Submitted;
import dev.fetchback.deliver.Endpoints;
import dev.fetchback.deliver.InProcess;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.Request;
import dev.fetchback.outbound.Target;
import dev.fetchback.process.BadOption;
import dev.fetchback.process.Processors;
import dev.fetchback.process.UnknownProcessor;
import dev.fetchback.store.Change;
import dev.fetchback.store.Result;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes tasks of what is submitted, and refuses what could never be done. */
final class NewTasks {
    private final Processors processors;
    private final long keepMillis;
    private final ReceiverIds receiverIds;

    /**
     * @param processors that tasks may use
     * @param functions the receivers in this process
     * @param keep how long a page without a receiver is kept for pick-up unless its task says so
     */
    NewTasks(Processors processors, InProcess functions, Duration keep) {
        this.processors = processors;
        this.receiverIds = new ReceiverIds(address -> receiverId(address, functions));
        this.keepMillis = keep.toMillis();
    }

    /**
     * @param now Unix milliseconds
     * @param epoch of the store
     * @throws IllegalArgumentException when a URL cannot be used, or a receiver, processor or option is not known; it says which and what is allowed
     */
    Worker.NewTask of(Tasks.Submission submission, TaskId id, long now, int epoch) {
        TaskSpec spec = submission.spec();
        spec.process().forEach(this::check);
        return new Worker.NewTask(task(id, spec, now, epoch), spec, key(submission.key(), now));
    }

    private void check(ProcessorUse use) {
        try {
            processors.check(use.use(), use.options());
        } catch (UnknownProcessor e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        } catch (BadOption e) {
            throw new IllegalArgumentException("the processor '" + use.use() + "' cannot be used like that"
                    + (e.pointer().isEmpty() ? "" : " (" + e.pointer() + ")") + ": " + e.getMessage(), e);
        }
    }

    /** What could not be sent as it is must not be found out when it is fetched. */
    private static void check(Target target, TaskSpec spec) {
        TaskSpec.Request request = spec.request();
        if (!request.equals(TaskSpec.Request.GET)) {
            List<Field> fields = request.headers().stream().map(header -> new Field(header.name(), header.value())).toList();
            new Request(target, request.method(), fields, null, Request.Limits.page(spec.fetch().timeout(), spec.fetch().maxBytes(), 0));
        }
    }

    private Task task(TaskId id, TaskSpec spec, long now, int epoch) {
        TaskSpec.Schedule schedule = spec.schedule();
        DeliverOptions deliver = spec.deliver();
        Duration keep = schedule.keep();
        Target target = target(spec.url());
        check(target, spec);
        Task.Plan plan = new Task.Plan(
                target.hostPort(),
                deliver == null ? null : receiverIds.of(deliver.to()),
                schedule.priority(), spec.fetch().maxAttempts(),
                deliver == null ? 1 : deliver.maxAttempts(),
                schedule.expiresAt(), keep != null ? keep.toMillis() : deliver == null ? keepMillis : 0, !spec.process().isEmpty(),
                PageKey.of(spec, target));
        long readyAt = Math.max(now, schedule.notBefore());
        long wake = schedule.expiresAt() > 0 ? Math.min(readyAt, schedule.expiresAt()) : readyAt;
        return Task.submitted(id, plan, wake, epoch);
    }

    private static Change.@Nullable IdempotencyKey key(Tasks.@Nullable Key key, long now) {
        return key == null ? null : new Change.IdempotencyKey(key.owner(), key.key(), key.fingerprint(), now);
    }

    private static String receiverId(String address, InProcess functions) {
        functions.check(address);
        try {
            return Endpoints.receiverId(address);
        } catch (BadUrl e) {
            throw unusable(address, e);
        }
    }

    static Target target(String url) {
        try {
            return Target.parse(url);
        } catch (BadUrl e) {
            throw unusable(url, e);
        }
    }

    private static IllegalArgumentException unusable(String url, BadUrl why) {
        return new IllegalArgumentException("the URL '" + url + "' cannot be used: " + why.getMessage(), why);
    }

    /** What became of each, in the same order. */
    static List<Submitted> answers(List<Worker.NewTask> tasks, List<Result> results) {
        List<Submitted> answers = new ArrayList<>(results.size());
        for (int i = 0; i < results.size(); i++) {
            answers.add(answer(tasks.get(i).task(), results.get(i)));
        }
        return answers;
    }

    private static Submitted answer(Task task, Result result) {
        return switch (result) {
            case Result.Applied a -> new Submitted.Accepted(task);
            case Result.Duplicate d -> d.sameRequest() ? new Submitted.Deduplicated(d.id()) : new Submitted.Conflict(d.id());
            case Result.Stale s -> throw new IllegalStateException("the id " + task.id() + " was made twice; submit again");
        };
    }

    /**
     * The task that there is now.
     *
     * @throws IllegalArgumentException when the idempotency key was another request's
     */
    static TaskId id(Submitted answer) {
        return switch (answer) {
            case Submitted.Accepted accepted -> accepted.task().id();
            case Submitted.Deduplicated before -> before.id();
            case Submitted.Conflict conflict -> throw new IllegalArgumentException("an idempotency key was used for another request, task "
                    + conflict.id() + ", within 24 hours; use a new key for each, or submit the same again");
        };
    }
}
