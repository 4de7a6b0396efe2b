package dev.fetchback.server.intake;

import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.TaskSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A task while it is read: what was given so far, over what holds without it. Used by one thread. */
final class Draft {
    static final long NO_DELAY = -1;

    @Nullable String url;
    String method = "GET";
    List<Header> headers = List.of();
    @Nullable String body;
    FetchOptions fetch;
    List<ProcessorUse> process = List.of();
    @Nullable DeliverOptions deliver;
    long delayMillis = NO_DELAY;
    long notBefore;
    long expiresAt;
    int priority = TaskSpec.Schedule.PRIORITY_DEFAULT;
    @Nullable Duration keep;
    List<String> labels = List.of();
    Map<String, String> metadata = Map.of();
    @Nullable String key;

    Draft(FetchOptions fetch, @Nullable DeliverOptions deliver) {
        this.fetch = fetch;
        this.deliver = deliver;
    }

    /** A new draft that begins with what this one holds; the key is each task's own. */
    Draft copy() {
        Draft copy = new Draft(fetch, deliver);
        copy.url = url;
        copy.method = method;
        copy.headers = headers;
        copy.body = body;
        copy.process = process;
        copy.delayMillis = delayMillis;
        copy.notBefore = notBefore;
        copy.expiresAt = expiresAt;
        copy.priority = priority;
        copy.keep = keep;
        copy.labels = labels;
        copy.metadata = metadata;
        return copy;
    }

    /** The finished spec, after the checks that need more than one field. */
    TaskSpec spec(Duration keepDefault, Origin origin, long now) {
        if (url == null) {
            throw new Refusal(ApiError.MISSING_FIELD, "/url", "There is no \"url\"; give the URL of the page to fetch.");
        }
        if (body != null && (method.equals("GET") || method.equals("HEAD"))) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    "/body",
                    "A " + method + " has no body; leave it out or set \"method\" to POST, PUT, PATCH or DELETE.");
        }
        if (fetch.ifChanged()) {
            checkIfChanged();
        }
        if (deliver != null) {
            checkMode(deliver.mode());
        }
        TaskSpec.Schedule schedule = schedule(keepDefault, now); // before the tags, which begin a batch
        TaskSpec.Tags plain = origin.tags().get();
        TaskSpec.Tags tags = labels.isEmpty() && metadata.isEmpty()
                ? plain
                : new TaskSpec.Tags(plain.owner(), plain.batch(), labels, metadata);
        return new TaskSpec(url, request(), fetch, process, deliver, schedule, tags);
    }

    /** Only what a GET brings can be compared with the last time, and only we know what to compare it with. */
    private void checkIfChanged() {
        if (!method.equals("GET")) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    "/fetch/if_changed",
                    "\"if_changed\" goes with GET only, and this is a " + method + "; leave it out, or set \"method\" to GET.");
        }
        for (Header header : headers) {
            if (HeaderRules.conditional(header.name())) {
                throw new Refusal(
                        ApiError.CONFLICTING_FIELDS,
                        "/headers/" + Names.segment(header.name()),
                        "With \"if_changed\" Fetchback sets the conditions itself; leave out the header " + header.name()
                                + ", or leave out \"if_changed\".");
            }
        }
    }

    private void checkMode(DeliverOptions.Mode mode) {
        if (mode == DeliverOptions.Mode.PROCESSED && process.isEmpty()) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    "/deliver/mode",
                    "\"processed\" sends what processors return, and there is no \"process\"; name some there, or use another mode.");
        }
        if (mode == DeliverOptions.Mode.RAW && !process.isEmpty()) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    "/deliver/mode",
                    "\"raw\" sends the page alone, so nobody would hear of what \"process\" makes of it;"
                            + " use \"envelope\", \"notify\" or \"processed\".");
        }
    }

    private TaskSpec.Request request() {
        boolean plain = body == null && headers.isEmpty() && method.equals("GET");
        return plain ? TaskSpec.Request.GET : new TaskSpec.Request(method, headers, body);
    }

    private TaskSpec.Schedule schedule(Duration keepDefault, long now) {
        long start = delayMillis > 0 ? now + delayMillis : notBefore > now ? notBefore : 0;
        if (expiresAt > 0 && expiresAt <= now) {
            throw new Refusal(ApiError.OUT_OF_RANGE, "/expires_at", "This point in time is over; give one in the future.");
        }
        if (expiresAt > 0 && expiresAt <= start) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    "/expires_at",
                    "The task would expire before it may start; let it expire later, or start earlier.");
        }
        Duration kept = keep == null && deliver == null ? keepDefault : keep;
        if (start == 0 && expiresAt == 0 && kept == null && priority == TaskSpec.Schedule.PRIORITY_DEFAULT) {
            return TaskSpec.Schedule.NOW;
        }
        return new TaskSpec.Schedule(start, expiresAt, priority, kept);
    }
}
