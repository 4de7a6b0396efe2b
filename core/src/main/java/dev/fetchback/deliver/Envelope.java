package dev.fetchback.deliver;

import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON that tells an outcome. What it writes depends on the task, the spec and the page only, so the bytes are the same
 * on every attempt to deliver one outcome, whether the page comes from memory or from the store. Safe for many threads.
 */
public final class Envelope {
    /**
     * How long a link is good for, from the fetch; the page behind it may be gone earlier. Counted from the fetch and not
     * from the attempt, as every attempt sends the same bytes. Longer than a page can wait: 3 days of attempts, 30 days dead,
     * 3 more days of attempts and a day to load it.
     */
    static final Duration LINK_LIFE = Duration.ofDays(40);

    private static final int REST_EXPECTED = 2048; // everything but the page, mostly its headers
    private static final int DATA_CAPACITY = 16 << 10; // a usual page

    private final int inlineMax;
    private final LinkSigner links;

    /**
     * @param inlineMax the longest page that is written inline, in decoded bytes; a longer one becomes a link
     * @param links signs them
     */
    public Envelope(int inlineMax, LinkSigner links) {
        this.inlineMax = inlineMax;
        this.links = links;
    }

    /**
     * The {@code data} object of a finished task, which is also the answer to {@code Prefer: wait}: with the page when it is
     * given and short enough, else with a link to it when it is stored and too long, else without.
     *
     * @param task with an outcome
     * @param body the kept page; null when there is none
     * @param results what came of processing it; null when there is nothing, or no longer
     */
    public byte[] data(Task task, TaskSpec spec, @Nullable Body body, @Nullable Body results) throws IOException {
        Outcome outcome = task.progress().outcome();
        if (outcome == null) {
            throw new IllegalArgumentException(task.id() + " has no outcome yet, so there is nothing to show");
        }
        JsonBytes out = new JsonBytes(DATA_CAPACITY);
        byte[] processed = results == null ? null : results.bytes();
        if (outcome instanceof Outcome.Fetched fetched && fetched.page().bytes() > inlineMax) {
            data(out, task, spec, outcome, new Content(fetched.stored() ? Content.Page.LINK : Content.Page.NONE, null, processed));
        } else {
            data(out, task, spec, outcome, body == null ? new Content(Content.Page.NONE, null, processed)
                    : new Content(Content.Page.INLINE, body.bytes(), processed));
        }
        return out.copy();
    }

    /** Whether the page is too long to be written inline. */
    boolean needsLink(Outcome outcome) {
        return outcome instanceof Outcome.Fetched fetched && fetched.page().bytes() > inlineMax;
    }

    /** Writes the whole envelope. */
    void write(JsonBytes out, Task task, TaskSpec spec, Outcome outcome, Content content) {
        out.ascii("{\"type\":\"").ascii(type(outcome)).ascii("\",\"timestamp\":\"").time(timestamp(outcome));
        out.ascii("\",\"data\":");
        data(out, task, spec, outcome, content);
        out.ascii("}");
    }

    static String type(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Failed(Problem problem, long at) ->
                problem.code().equals(Problem.EXPIRED) ? "task.expired" : "task.failed";
            case Outcome.Fetched f -> "task.succeeded";
            case Outcome.Unchanged u -> "task.succeeded";
        };
    }

    /** When the page was there, or the failure was decided; Unix milliseconds. */
    static long timestamp(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Failed failed -> failed.at();
            case Outcome.Fetched fetched -> fetched.page().fetchedAt();
            case Outcome.Unchanged unchanged -> unchanged.page().fetchedAt();
        };
    }

    private void data(JsonBytes out, Task task, TaskSpec spec, Outcome outcome, Content content) {
        byte[] body = content.body();
        byte[] results = content.results();
        out.reserve(REST_EXPECTED + (body == null ? 0 : body.length + body.length / 8) + (results == null ? 0 : results.length));
        out.ascii("{\"id\":\"").ascii(task.id().toString()).ascii("\",\"url\":").string(spec.url());
        switch (outcome) {
            case Outcome.Failed failed -> error(out, failed.problem());
            case Outcome.Fetched fetched -> {
                page(out, fetched.page(), content.page() != Content.Page.NEITHER_HEADERS);
                content(out, task, fetched.page(), content);
                if (fetched.processed() != null) {
                    processed(out, fetched.processed(), results);
                }
            }
            case Outcome.Unchanged unchanged -> {
                out.ascii(",\"unchanged\":true");
                page(out, unchanged.page(), true);
            }
        }
        out.ascii(",\"fetch\":{\"attempts\":").number(task.progress().fetchAttempts());
        if (outcome instanceof Outcome.Fetched fetched) {
            out.ascii(",\"timing_ms\":{\"total\":").number(fetched.page().totalMillis()).ascii("}");
        }
        out.ascii("},\"metadata\":");
        metadata(out, spec.tags().metadata());
        out.ascii(",\"labels\":");
        labels(out, spec.tags().labels());
        out.ascii("}");
    }

    private static void page(JsonBytes out, Page page, boolean withHeaders) {
        out.ascii(",\"final_url\":").string(page.finalUrl()).ascii(",\"status\":").number(page.status());
        if (withHeaders) {
            headers(out, page.headers());
        }
        out.ascii(",\"content_type\":");
        String contentType = page.contentType();
        if (contentType == null) {
            out.ascii("null");
        } else {
            out.string(contentType);
        }
        out.ascii(",\"bytes\":").number(page.bytes()).ascii(",\"sha256\":\"").ascii(page.sha256()).ascii("\"");
    }

    private static void headers(JsonBytes out, List<Header> headers) {
        out.ascii(",\"headers\":[");
        for (int i = 0; i < headers.size(); i++) {
            Header header = headers.get(i);
            out.ascii(i == 0 ? "[" : ",[").string(header.name()).ascii(",").string(header.value()).ascii("]");
        }
        out.ascii("]");
    }

    /** The results are JSON already, made by the step that processes: they are copied as they are. */
    private static void processed(JsonBytes out, Processed processed, byte @Nullable [] results) {
        if (results != null) {
            out.ascii(",\"processed\":").raw(results);
        }
        if (processed.failures().isEmpty()) {
            return;
        }
        out.ascii(",\"process_errors\":");
        String separator = "{";
        for (Map.Entry<String, Problem> failure : processed.failures().entrySet()) {
            out.ascii(separator).string(failure.getKey()).ascii(":{\"code\":").string(failure.getValue().code());
            String detail = failure.getValue().detail();
            if (detail != null) {
                out.ascii(",\"detail\":").string(detail);
            }
            out.ascii("}");
            separator = ",";
        }
        out.ascii("}");
    }

    private void content(JsonBytes out, Task task, Page page, Content content) {
        byte[] body = content.body();
        switch (content.page()) {
            case INLINE -> inline(out, page, body == null ? new byte[0] : body);
            case LINK -> {
                long expires = page.fetchedAt() / 1000 + LINK_LIFE.toSeconds();
                out.ascii(",\"body_url\":").string(links.sign(task.id(), expires));
            }
            case NONE, NEITHER_HEADERS -> {}
        }
    }

    private static void inline(JsonBytes out, Page page, byte[] body) {
        int mark = out.length();
        out.ascii(",\"body\":\"");
        if (!PageText.of(page.contentType()).write(body, out)) {
            out.truncate(mark);
            out.ascii(",\"body_base64\":\"").raw(Base64.getEncoder().encode(body));
        }
        out.ascii("\"");
    }

    /** The problem object of RFC 9457 §3.1. */
    private static void error(JsonBytes out, Problem problem) {
        String words = problem.code().replace('_', ' ');
        String title = words.isEmpty() ? words : Character.toUpperCase(words.charAt(0)) + words.substring(1);
        out.ascii(",\"error\":{\"type\":").string("urn:fetchback:problem:" + problem.code()).ascii(",\"title\":").string(title);
        if (problem.status() > 0) {
            out.ascii(",\"status\":").number(problem.status());
        }
        out.ascii(",\"code\":").string(problem.code());
        String detail = problem.detail();
        if (detail != null) {
            out.ascii(",\"detail\":").string(detail);
        }
        out.ascii("}");
    }

    private static void metadata(JsonBytes out, Map<String, String> metadata) {
        String separator = "{";
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
            out.ascii(separator).string(entry.getKey()).ascii(":").string(entry.getValue());
            separator = ",";
        }
        out.ascii(metadata.isEmpty() ? "{}" : "}");
    }

    private static void labels(JsonBytes out, List<String> labels) {
        String separator = "[";
        for (String label : labels) {
            out.ascii(separator).string(label);
            separator = ",";
        }
        out.ascii(labels.isEmpty() ? "[]" : "]");
    }

    /**
     * What is told beside the facts.
     *
     * @param page how the page is told
     * @param body the page; null unless it is told inline
     * @param results what came of processing it, a JSON object in UTF-8; null for nothing
     */
    record Content(Content.Page page, byte @Nullable [] body, byte @Nullable [] results) {
        /** How the page is told. */
        enum Page {
            /** In the JSON itself. */
            INLINE,
            /** As a signed link. */
            LINK,
            /** Not at all. */
            NONE,
            /** Not at all, and its headers neither: only what came of processing it is wanted. */
            NEITHER_HEADERS
        }
    }
}
