package dev.fetchback.server.intake;

import dev.fetchback.store.StoredTask;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Delivery;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.Stage;
import dev.fetchback.task.State;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.WaitingOn;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a task's status. Secrets never get into it: a receiver's secret is left out, headers that may hold one are masked. */
final class StatusView {
    private static final String MASK = "[hidden]";
    /** Parts of header names whose values are masked; rather one too many. */
    private static final List<String> SECRET_PARTS =
            List.of("auth", "cookie", "token", "secret", "key", "password", "session", "credential", "signature");

    private final Kit kit;

    StatusView(Kit kit) {
        this.kit = kit;
    }

    void write(JsonBytes json, StoredTask stored, long now) {
        Task task = stored.task();
        TaskSpec spec = stored.spec();
        String id = task.id().toString();
        Task.Progress progress = task.progress();
        json.object()
                .field("id", id)
                .field("state", State.of(task, now).wire())
                .field("outcome", outcome(task))
                .field("delivery", Delivery.of(task).wire())
                .field("url", spec.url())
                .field("method", spec.request().method());
        headers(json, spec.request().headers());
        json.name("attempts")
                .object()
                .field("fetch", progress.fetchAttempts())
                .field("process", progress.processAttempts())
                .field("deliver", progress.deliverAttempts())
                .endObject();
        times(json, task, now);
        waitingOn(json, task);
        json.name("last_error");
        problem(json, progress.lastError());
        came(json, task, now, id);
        process(json, spec.process(), progress.outcome());
        deliver(json, spec.deliver());
        json.field("priority", spec.schedule().priority());
        tags(json, spec.tags());
        json.endObject();
    }

    /** A page that is still to be processed may yet become a failure. */
    private static @Nullable String outcome(Task task) {
        if (!task.phase().terminal() && task.phase().stage() == Stage.PROCESS) {
            return null;
        }
        return switch (task.progress().outcome()) {
            case null -> null;
            case Outcome.Fetched fetched -> "page";
            case Outcome.Failed failed -> "failure";
            case Outcome.Unchanged unchanged -> "unchanged";
        };
    }

    private static void times(JsonBytes json, Task task, long now) {
        Task.Progress progress = task.progress();
        long created = task.id().timeMillis();
        boolean waits = task.phase().waiting();
        json.name("created_at").time(created);
        json.name("next_attempt_at").time(waits ? task.readyAt() : 0);
        json.name("expires_at").time(task.plan().expiresAt());
        json.name("finished_at").time(progress.finishedAt());
        json.name("timings").object();
        switch (progress.outcome()) {
            case Outcome.Fetched fetched -> json.field("fetch_ms", fetched.page().totalMillis());
            case Outcome.Unchanged unchanged -> json.field("fetch_ms", unchanged.page().totalMillis());
            case Outcome.Failed failed -> {}
            case null -> {}
        }
        json.field("total_ms", Math.max(0, (progress.finishedAt() == 0 ? now : progress.finishedAt()) - created));
        json.endObject();
    }

    private void waitingOn(JsonBytes json, Task task) {
        json.name("waiting_on");
        if (!task.phase().waiting()) {
            json.value(null);
            return;
        }
        WaitingOn on = kit.tasks().waitingOn(task);
        json.object()
                .field("kind", on.kind().wire())
                .field(task.phase().stage() == Stage.DELIVER ? "receiver" : "host", task.queue());
        json.name("until").time(on.until()).endObject();
    }

    private static void problem(JsonBytes json, @Nullable Problem problem) {
        if (problem == null) {
            json.value(null);
            return;
        }
        json.object().field("code", problem.code()).field("detail", problem.detail());
        if (problem.status() != 0) {
            json.field("status", problem.status());
        }
        json.endObject();
    }

    private void came(JsonBytes json, Task task, long now, String id) {
        switch (task.progress().outcome()) {
            case Outcome.Fetched fetched -> {
                page(json, fetched.page());
                if (fetched.storedUntil() > now) {
                    json.field("result_url", kit.link("/v1/tasks/" + id + "/result"));
                    if (fetched.processed() != null) {
                        json.field("processed_url", kit.link("/v1/tasks/" + id + "/processed"));
                    }
                    boolean known = fetched.storedUntil() != Outcome.Fetched.WHILE_NEEDED;
                    json.name("result_until").time(known ? fetched.storedUntil() : 0);
                }
            }
            case Outcome.Failed failed -> {
                json.name("error");
                problem(json, failed.problem());
            }
            case Outcome.Unchanged unchanged -> page(json, unchanged.page());
            case null -> {}
        }
    }

    private static void page(JsonBytes json, Page page) {
        json.name("page")
                .object()
                .field("status", page.status())
                .field("final_url", page.finalUrl())
                .field("content_type", page.contentType())
                .field("bytes", page.bytes())
                .field("sha256", page.sha256());
        json.name("fetched_at").time(page.fetchedAt()).endObject();
    }

    private static void process(JsonBytes json, List<ProcessorUse> uses, @Nullable Outcome outcome) {
        json.name("process").array();
        Processed processed = outcome instanceof Outcome.Fetched fetched ? fetched.processed() : null;
        for (ProcessorUse use : uses) {
            json.object().field("use", use.use()).field("as", use.name());
            json.name("error");
            problem(json, processed == null ? null : processed.failures().get(use.name()));
            json.endObject();
        }
        json.endArray();
    }

    private static void deliver(JsonBytes json, @Nullable DeliverOptions deliver) {
        json.name("deliver");
        if (deliver == null) {
            json.value(null);
            return;
        }
        json.object()
                .field("to", deliver.to())
                .field("mode", deliver.mode().name().toLowerCase(Locale.ROOT));
        headers(json, deliver.headers());
        json.endObject();
    }

    private static void headers(JsonBytes json, List<Header> headers) {
        json.name("headers").object();
        for (Header header : headers) {
            json.field(header.name(), secret(header.name()) ? MASK : header.value());
        }
        json.endObject();
    }

    private static boolean secret(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (String part : SECRET_PARTS) {
            if (lower.contains(part)) {
                return true;
            }
        }
        return false;
    }

    private static void tags(JsonBytes json, TaskSpec.Tags tags) {
        json.field("batch", tags.batch() == null ? null : tags.batch().toString());
        json.name("labels").array();
        tags.labels().forEach(json::value);
        json.endArray().name("metadata").object();
        for (Map.Entry<String, String> entry : tags.metadata().entrySet()) {
            json.field(entry.getKey(), entry.getValue());
        }
        json.endObject();
    }
}
