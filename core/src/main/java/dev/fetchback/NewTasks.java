package dev.fetchback;

import dev.fetchback.deliver.Endpoints;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Target;
import dev.fetchback.process.BadOption;
import dev.fetchback.process.Processors;
import dev.fetchback.process.UnknownProcessor;
import dev.fetchback.store.Change;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Worker;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Makes tasks of what is submitted, and refuses what could never be done. */
final class NewTasks {
    private final Processors processors;
    private final long keepMillis;
    private final ReceiverIds receiverIds = new ReceiverIds(url -> Endpoints.receiverId(target(url)));

    /**
     * @param processors that tasks may use
     * @param keep how long a page without a receiver is kept for pick-up unless its task says so
     */
    NewTasks(Processors processors, Duration keep) {
        this.processors = processors;
        this.keepMillis = keep.toMillis();
    }

    /**
     * @param now Unix milliseconds
     * @param epoch of the store
     * @throws IllegalArgumentException when a URL cannot be used, or a processor or option is not known; it says which and what is allowed
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

    private Task task(TaskId id, TaskSpec spec, long now, int epoch) {
        TaskSpec.Schedule schedule = spec.schedule();
        DeliverOptions deliver = spec.deliver();
        Duration keep = schedule.keep();
        Target target = target(spec.url());
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

    static Target target(String url) {
        try {
            return Target.parse(url);
        } catch (BadUrl e) {
            throw new IllegalArgumentException("the URL '" + url + "' cannot be used: " + e.getMessage(), e);
        }
    }
}
