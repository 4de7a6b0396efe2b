package dev.fetchback.store;

import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task.Progress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** A task's progress as one JSON object. */
final class ProgressJson {
    private ProgressJson() {}

    static void write(JsonGenerator json, Progress progress) {
        json.writeStartObject();
        JsonFields.number(json, "round", progress.round(), 0);
        JsonFields.number(json, "fetches", progress.fetchAttempts(), 0);
        JsonFields.number(json, "processings", progress.processAttempts(), 0);
        JsonFields.number(json, "deliveries", progress.deliverAttempts(), 0);
        switch (progress.outcome()) {
            case null -> {}
            case Outcome.Fetched fetched -> {
                page(json, "page", fetched.page());
                JsonFields.number(json, "stored", fetched.storedUntil(), 0);
                Processed processed = fetched.processed();
                if (processed != null) {
                    processed(json, processed);
                }
            }
            case Outcome.Unchanged unchanged -> page(json, "unchanged", unchanged.page());
            case Outcome.Failed failed -> {
                problem(json, "failed", failed.problem());
                JsonFields.number(json, "failed_at", failed.at(), 0);
            }
        }
        Problem error = progress.lastError();
        if (error != null) {
            problem(json, "error", error);
        }
        JsonFields.flag(json, "told", progress.told());
        JsonFields.number(json, "finished", progress.finishedAt(), 0);
        json.writeEndObject();
    }

    private static void page(JsonGenerator json, String name, Page page) {
        json.writeObjectPropertyStart(name);
        json.writeNumberProperty("status", page.status());
        json.writeStringProperty("url", page.finalUrl());
        JsonFields.headers(json, "headers", page.headers());
        JsonFields.text(json, "type", page.contentType());
        json.writeNumberProperty("bytes", page.bytes());
        json.writeStringProperty("sha256", page.sha256());
        json.writeNumberProperty("at", page.fetchedAt());
        json.writeNumberProperty("millis", page.totalMillis());
        json.writeEndObject();
    }

    private static void processed(JsonGenerator json, Processed processed) {
        json.writeObjectPropertyStart("processed");
        json.writeNumberProperty("bytes", processed.bytes());
        if (!processed.failures().isEmpty()) {
            json.writeObjectPropertyStart("failures");
            processed.failures().forEach((name, problem) -> problem(json, name, problem));
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private static void problem(JsonGenerator json, String name, Problem problem) {
        json.writeObjectPropertyStart(name);
        json.writeStringProperty("code", problem.code());
        JsonFields.text(json, "detail", problem.detail());
        JsonFields.number(json, "status", problem.status(), 0);
        json.writeEndObject();
    }

    static Progress read(JsonParser json) {
        int round = 0;
        int fetches = 0;
        int processings = 0;
        int deliveries = 0;
        Page page = null;
        Page unchanged = null;
        Problem failed = null;
        long stored = 0;
        Processed processed = null;
        long failedAt = 0;
        Problem error = null;
        boolean told = false;
        long finished = 0;
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "round" -> round = json.getIntValue();
                case "fetches" -> fetches = json.getIntValue();
                case "processings" -> processings = json.getIntValue();
                case "deliveries" -> deliveries = json.getIntValue();
                case "page" -> page = readPage(json);
                case "stored" -> stored = json.getLongValue();
                case "processed" -> processed = readProcessed(json);
                case "unchanged" -> unchanged = readPage(json);
                case "failed" -> failed = readProblem(json);
                case "failed_at" -> failedAt = json.getLongValue();
                case "error" -> error = readProblem(json);
                case "told" -> told = json.getBooleanValue();
                case "finished" -> finished = json.getLongValue();
                default -> json.skipChildren();
            }
        }
        Outcome outcome = page != null
                ? new Outcome.Fetched(page, stored, processed)
                : unchanged != null
                        ? new Outcome.Unchanged(unchanged)
                        : failed != null ? new Outcome.Failed(failed, failedAt) : null;
        return new Progress(round, fetches, processings, deliveries, outcome, error, told, finished);
    }

    private static Page readPage(JsonParser json) {
        int status = 0;
        String url = "";
        List<Header> headers = List.of();
        @Nullable String type = null;
        long bytes = 0;
        String sha256 = "";
        long at = 0;
        long millis = 0;
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "status" -> status = json.getIntValue();
                case "url" -> url = json.getString();
                case "headers" -> headers = JsonFields.headers(json);
                case "type" -> type = json.getString();
                case "bytes" -> bytes = json.getLongValue();
                case "sha256" -> sha256 = json.getString();
                case "at" -> at = json.getLongValue();
                case "millis" -> millis = json.getLongValue();
                default -> json.skipChildren();
            }
        }
        return new Page(status, url, headers, type, bytes, sha256, at, millis);
    }

    private static Processed readProcessed(JsonParser json) {
        long bytes = 0;
        Map<String, Problem> failures = new LinkedHashMap<>();
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "bytes" -> bytes = json.getLongValue();
                case "failures" -> {
                    for (String use = JsonFields.next(json); use != null; use = JsonFields.next(json)) {
                        failures.put(use, readProblem(json));
                    }
                }
                default -> json.skipChildren();
            }
        }
        return new Processed(bytes, failures);
    }

    private static Problem readProblem(JsonParser json) {
        String code = Problem.INTERNAL;
        @Nullable String detail = null;
        int status = 0;
        for (String name = JsonFields.next(json); name != null; name = JsonFields.next(json)) {
            switch (name) {
                case "code" -> code = json.getString();
                case "detail" -> detail = json.getString();
                case "status" -> status = json.getIntValue();
                default -> json.skipChildren();
            }
        }
        return new Problem(code, detail, status);
    }
}
