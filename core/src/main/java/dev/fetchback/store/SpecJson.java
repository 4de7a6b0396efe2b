package dev.fetchback.store;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.StatusSet;
import dev.fetchback.task.Task.Plan;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.task.TaskSpec.Request;
import dev.fetchback.task.TaskSpec.Schedule;
import dev.fetchback.task.TaskSpec.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A task's plan and spec as one JSON object; the plan comes first so that a reader of the plan can stop early. */
final class SpecJson {
    private static final FetchOptions FETCH = FetchOptions.DEFAULT;

    private SpecJson() {}

    static void write(JsonGenerator json, Plan plan, TaskSpec spec) {
        json.writeStartObject();
        json.writeStringProperty("host", plan.host());
        JsonFields.text(json, "receiver", plan.receiver());
        JsonFields.number(json, "priority", plan.priority(), Schedule.PRIORITY_DEFAULT);
        JsonFields.number(json, "fetches", plan.maxFetchAttempts(), FETCH.maxAttempts());
        JsonFields.number(json, "deliveries", plan.maxDeliverAttempts(), DeliverOptions.MAX_ATTEMPTS_DEFAULT);
        JsonFields.number(json, "expires", plan.expiresAt(), 0);
        JsonFields.number(json, "keep", plan.keepMillis(), 0);
        JsonFields.flag(json, "process", plan.processing());
        JsonFields.text(json, "page", plan.pageKey());
        json.writeObjectPropertyStart("spec");
        json.writeStringProperty("url", spec.url());
        request(json, spec.request());
        if (!spec.fetch().equals(FETCH)) {
            fetch(json, spec.fetch());
        }
        process(json, spec.process());
        DeliverOptions deliver = spec.deliver();
        if (deliver != null) {
            deliver(json, deliver);
        }
        schedule(json, spec.schedule());
        tags(json, spec.tags());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void request(JsonGenerator json, Request request) {
        if (!request.method().equals(Request.GET.method())) {
            json.writeStringProperty("method", request.method());
        }
        JsonFields.headers(json, "headers", request.headers());
        JsonFields.text(json, "body", request.body());
    }

    private static void fetch(JsonGenerator json, FetchOptions fetch) {
        json.writeObjectPropertyStart("fetch");
        JsonFields.millis(json, "timeout", fetch.timeout(), FETCH.timeout());
        JsonFields.number(json, "bytes", fetch.maxBytes(), FETCH.maxBytes());
        JsonFields.number(json, "redirects", fetch.maxRedirects(), FETCH.maxRedirects());
        JsonFields.number(json, "attempts", fetch.maxAttempts(), FETCH.maxAttempts());
        if (!fetch.acceptStatus().equals(StatusSet.SUCCESS)) {
            JsonFields.texts(json, "accept", fetch.acceptStatus().patterns());
        }
        JsonFields.choice(json, "robots", fetch.robots(), FETCH.robots());
        JsonFields.flag(json, "if_changed", fetch.ifChanged());
        json.writeEndObject();
    }

    private static void process(JsonGenerator json, List<ProcessorUse> uses) {
        if (uses.isEmpty()) {
            return;
        }
        json.writeArrayPropertyStart("process");
        for (ProcessorUse use : uses) {
            json.writeStartObject();
            json.writeStringProperty("use", use.use());
            if (!use.name().equals(use.use())) {
                json.writeStringProperty("as", use.name());
            }
            if (!use.options().equals(ProcessorUse.NO_OPTIONS)) {
                json.writeStringProperty("options", use.options());
            }
            JsonFields.choice(json, "on_error", use.onError(), ProcessorUse.OnError.FAIL);
            Duration timeout = use.timeout();
            if (timeout != null) {
                json.writeNumberProperty("timeout", timeout.toMillis());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void deliver(JsonGenerator json, DeliverOptions deliver) {
        json.writeObjectPropertyStart("deliver");
        json.writeStringProperty("to", deliver.to());
        JsonFields.choice(json, "mode", deliver.mode(), DeliverOptions.Mode.ENVELOPE);
        JsonFields.headers(json, "headers", deliver.headers());
        JsonFields.text(json, "secret", deliver.secret());
        JsonFields.millis(json, "timeout", deliver.timeout(), DeliverOptions.TIMEOUT_DEFAULT);
        JsonFields.number(json, "attempts", deliver.maxAttempts(), DeliverOptions.MAX_ATTEMPTS_DEFAULT);
        JsonFields.choice(json, "spool", deliver.spool(), DeliverOptions.Spool.WHEN_NEEDED);
        json.writeEndObject();
    }

    private static void schedule(JsonGenerator json, Schedule schedule) {
        JsonFields.number(json, "not_before", schedule.notBefore(), 0);
        JsonFields.number(json, "expires_at", schedule.expiresAt(), 0);
        JsonFields.number(json, "priority", schedule.priority(), Schedule.PRIORITY_DEFAULT);
        Duration keep = schedule.keep();
        if (keep != null) {
            json.writeNumberProperty("keep", keep.toMillis());
        }
    }

    private static void tags(JsonGenerator json, Tags tags) {
        JsonFields.text(json, "owner", tags.owner());
        BatchId batch = tags.batch();
        if (batch != null) {
            json.writeStringProperty("batch", batch.toString());
        }
        JsonFields.texts(json, "labels", tags.labels());
        if (!tags.metadata().isEmpty()) {
            json.writeObjectPropertyStart("metadata");
            tags.metadata().forEach(json::writeStringProperty);
            json.writeEndObject();
        }
    }

    static Plan readPlan(JsonParser json) {
        PlanFields plan = new PlanFields();
        for (String name = JsonFields.next(json); name != null && !name.equals("spec"); name = JsonFields.next(json)) {
            plan.read(name, json);
        }
        return plan.plan();
    }

    static Codec.Facts read(JsonParser json) {
        PlanFields plan = new PlanFields();
        TaskSpec spec = null;
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            if (name.equals("spec")) {
                spec = readSpec(json);
            } else {
                plan.read(name, json);
            }
        }
        return new Codec.Facts(plan.plan(), required("spec", spec));
    }

    private static TaskSpec readSpec(JsonParser json) {
        String url = null;
        String method = Request.GET.method();
        List<Header> headers = List.of();
        String body = null;
        FetchOptions fetch = FETCH;
        List<ProcessorUse> process = List.of();
        DeliverOptions deliver = null;
        long notBefore = 0;
        long expiresAt = 0;
        int priority = Schedule.PRIORITY_DEFAULT;
        Duration keep = null;
        String owner = null;
        BatchId batch = null;
        List<String> labels = List.of();
        Map<String, String> metadata = Map.of();
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "url" -> url = json.getString();
                case "method" -> method = json.getString();
                case "headers" -> headers = JsonFields.headers(json);
                case "body" -> body = json.getString();
                case "fetch" -> fetch = readFetch(json);
                case "process" -> process = readProcess(json);
                case "deliver" -> deliver = readDeliver(json);
                case "not_before" -> notBefore = json.getLongValue();
                case "expires_at" -> expiresAt = json.getLongValue();
                case "priority" -> priority = json.getIntValue();
                case "keep" -> keep = JsonFields.millis(json);
                case "owner" -> owner = json.getString();
                case "batch" -> batch = BatchId.parse(json.getString()).orElse(null);
                case "labels" -> labels = JsonFields.texts(json);
                case "metadata" -> metadata = readMetadata(json);
                default -> json.skipChildren();
            }
        }
        return new TaskSpec(
                required("url", url),
                headers.isEmpty() && body == null && method.equals("GET")
                        ? Request.GET
                        : new Request(method, headers, body),
                fetch,
                process,
                deliver,
                new Schedule(notBefore, expiresAt, priority, keep),
                new Tags(owner, batch, labels, metadata));
    }

    private static FetchOptions readFetch(JsonParser json) {
        Duration timeout = FETCH.timeout();
        long bytes = FETCH.maxBytes();
        int redirects = FETCH.maxRedirects();
        int attempts = FETCH.maxAttempts();
        StatusSet accept = FETCH.acceptStatus();
        FetchOptions.Robots robots = FETCH.robots();
        boolean ifChanged = FETCH.ifChanged();
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "timeout" -> timeout = JsonFields.millis(json);
                case "bytes" -> bytes = json.getLongValue();
                case "redirects" -> redirects = json.getIntValue();
                case "attempts" -> attempts = json.getIntValue();
                case "accept" -> accept = new StatusSet(JsonFields.texts(json));
                case "robots" -> robots = FetchOptions.Robots.valueOf(json.getString());
                case "if_changed" -> ifChanged = json.getBooleanValue();
                default -> json.skipChildren();
            }
        }
        return new FetchOptions(timeout, bytes, redirects, attempts, accept, robots, ifChanged);
    }

    private static List<ProcessorUse> readProcess(JsonParser json) {
        List<ProcessorUse> uses = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            uses.add(readUse(json));
        }
        return uses;
    }

    private static ProcessorUse readUse(JsonParser json) {
        String use = null;
        String as = null;
        String options = ProcessorUse.NO_OPTIONS;
        ProcessorUse.OnError onError = ProcessorUse.OnError.FAIL;
        Duration timeout = null;
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "use" -> use = json.getString();
                case "as" -> as = json.getString();
                case "options" -> options = json.getString();
                case "on_error" -> onError = ProcessorUse.OnError.valueOf(json.getString());
                case "timeout" -> timeout = JsonFields.millis(json);
                default -> json.skipChildren();
            }
        }
        String processor = required("use", use);
        return new ProcessorUse(processor, as == null ? processor : as, options, onError, timeout);
    }

    private static DeliverOptions readDeliver(JsonParser json) {
        String to = null;
        DeliverOptions.Mode mode = DeliverOptions.Mode.ENVELOPE;
        List<Header> headers = List.of();
        String secret = null;
        Duration timeout = DeliverOptions.TIMEOUT_DEFAULT;
        int attempts = DeliverOptions.MAX_ATTEMPTS_DEFAULT;
        DeliverOptions.Spool spool = DeliverOptions.Spool.WHEN_NEEDED;
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "to" -> to = json.getString();
                case "mode" -> mode = DeliverOptions.Mode.valueOf(json.getString());
                case "headers" -> headers = JsonFields.headers(json);
                case "secret" -> secret = json.getString();
                case "timeout" -> timeout = JsonFields.millis(json);
                case "attempts" -> attempts = json.getIntValue();
                case "spool" -> spool = DeliverOptions.Spool.valueOf(json.getString());
                default -> json.skipChildren();
            }
        }
        return new DeliverOptions(required("to", to), mode, headers, secret, timeout, attempts, spool);
    }

    private static Map<String, String> readMetadata(JsonParser json) {
        Map<String, String> metadata = new LinkedHashMap<>();
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            metadata.put(name, json.getString());
        }
        return metadata;
    }

    private static <T> T required(String name, @Nullable T value) {
        if (value == null) {
            throw new IllegalArgumentException("the field " + name + " is missing");
        }
        return Objects.requireNonNull(value);
    }

    /** A plan as it is being read. */
    private static final class PlanFields {
        private @Nullable String host;
        private @Nullable String receiver;
        private int priority = Schedule.PRIORITY_DEFAULT;
        private int fetches = FETCH.maxAttempts();
        private int deliveries = DeliverOptions.MAX_ATTEMPTS_DEFAULT;
        private long expires;
        private long keep;
        private boolean processing;
        private @Nullable String page;

        void read(String name, JsonParser json) {
            switch (name) {
                case "host" -> host = json.getString();
                case "receiver" -> receiver = json.getString();
                case "priority" -> priority = json.getIntValue();
                case "fetches" -> fetches = json.getIntValue();
                case "deliveries" -> deliveries = json.getIntValue();
                case "expires" -> expires = json.getLongValue();
                case "keep" -> keep = json.getLongValue();
                case "process" -> processing = json.getBooleanValue();
                case "page" -> page = json.getString();
                default -> json.skipChildren();
            }
        }

        Plan plan() {
            return new Plan(required("host", host), receiver, priority, fetches, deliveries, expires, keep, processing, page);
        }
    }
}
