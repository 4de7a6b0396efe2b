package dev.fetchback.task;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a caller asked for: checked, defaults filled in, never changed afterwards.
 *
 * @param url the page's URL, http or https
 * @param request method, headers and body of the fetch
 * @param fetch how it is fetched
 * @param process what the page goes through before it is delivered, in this order; at most {@link ProcessorUse#MAX}
 * @param deliver where the result goes; null keeps the page for pick-up
 * @param schedule when it may start and how long it is worth anything
 * @param tags what the caller wants to see again
 */
public record TaskSpec(
        String url,
        Request request,
        FetchOptions fetch,
        List<ProcessorUse> process,
        @Nullable DeliverOptions deliver,
        Schedule schedule,
        Tags tags) {

    public TaskSpec {
        process = List.copyOf(process);
    }

    /** A plain GET of {@code url} with every default, delivered to {@code deliver} or kept. */
    public static TaskSpec get(String url, @Nullable DeliverOptions deliver) {
        return new TaskSpec(url, Request.GET, FetchOptions.DEFAULT, List.of(), deliver, Schedule.NOW, Tags.NONE);
    }

    /**
     * What is sent to the page's server.
     *
     * @param method GET, HEAD, POST, PUT, PATCH or DELETE
     * @param headers without hop-by-hop fields and Host
     * @param body the request's body as text, sent as UTF-8; null for none
     */
    public record Request(String method, List<Header> headers, @Nullable String body) {
        /** A GET without headers of its own. */
        public static final Request GET = new Request("GET", List.of(), null);

        public Request {
            headers = List.copyOf(headers);
        }
    }

    /**
     * When a task may start, and how long it and its page live.
     *
     * @param notBefore Unix milliseconds; 0 is at once
     * @param expiresAt Unix milliseconds, over the whole way; 0 is never
     * @param priority 0 to 9, higher first
     * @param keep how long the page stays for pick-up; null keeps it only when there is no receiver, for the operator's time
     */
    public record Schedule(long notBefore, long expiresAt, int priority, @Nullable Duration keep) {
        /** The priority of a task that names none. */
        public static final int PRIORITY_DEFAULT = 5;
        /** At once, for ever, default priority. */
        public static final Schedule NOW = new Schedule(0, 0, PRIORITY_DEFAULT, null);
    }

    /**
     * What the caller wants to see again.
     *
     * @param owner the name of the token that submitted; null without tokens
     * @param batch the batch it came in; null for a single
     * @param labels for lists
     * @param metadata returned as it came
     */
    public record Tags(@Nullable String owner, @Nullable BatchId batch, List<String> labels, Map<String, String> metadata) {
        /** Labels of a task, at most. */
        public static final int LABELS_MAX = 16;
        /** Characters of a label, at most. */
        public static final int LABEL_LENGTH_MAX = 64;
        /** Entries of metadata, at most. */
        public static final int METADATA_ENTRIES_MAX = 64;
        /** Names and values of the metadata together in UTF-8, at most. */
        public static final int METADATA_BYTES_MAX = 8 << 10;

        /** No tags at all. */
        public static final Tags NONE = new Tags(null, null, List.of(), Map.of());

        public Tags {
            labels = List.copyOf(labels);
            // Not Map.copyOf: the caller's order is part of what is returned.
            metadata = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(metadata));
        }
    }
}
