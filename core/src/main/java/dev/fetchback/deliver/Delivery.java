package dev.fetchback.deliver;

import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Processed;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import dev.fetchback.work.JsonValues;
import dev.fetchback.work.Parcel;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * An outcome as a {@link Receiver} gets it: what a webhook tells, but the page is read only when it is asked for. Good until {@link
 * Receiver#receive} returns; for its thread.
 */
public final class Delivery {
    /** How much is read, and how deep it is nested, was bounded when it was written. */
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private final Task task;
    private final TaskSpec spec;
    private final Parcel parcel;
    private volatile @Nullable IOException unreadable;

    Delivery(Task task, TaskSpec spec, Parcel parcel) {
        this.task = task;
        this.spec = spec;
        this.parcel = parcel;
    }

    /**
     * What to know a repetition by: the same for every attempt to deliver one outcome, and after a crash; another one when the task
     * was run again. The {@code webhook-id} of a webhook.
     */
    public String id() {
        return Webhook.id(task, parcel.outcome());
    }

    /** The task that came to this. */
    public TaskId taskId() {
        return task.id();
    }

    /** Which attempt to deliver it this is, from 1. */
    public int attempt() {
        return parcel.attempt();
    }

    /** {@code task.succeeded}, {@code task.failed} or {@code task.expired}. */
    public String type() {
        return Envelope.type(parcel.outcome());
    }

    /** Whether there is a page: {@code task.succeeded}. */
    public boolean succeeded() {
        return page().isPresent();
    }

    /** The URL that was submitted. */
    public String url() {
        return spec.url();
    }

    /** As it was submitted. */
    public Map<String, String> metadata() {
        return spec.tags().metadata();
    }

    /** As they were submitted. */
    public List<String> labels() {
        return spec.tags().labels();
    }

    /** What is known of the page: status, headers, type, final URL and more; empty when there is none. */
    public Optional<Page> page() {
        return fetched().map(Outcome.Fetched::page);
    }

    private Optional<Outcome.Fetched> fetched() {
        return parcel.outcome() instanceof Outcome.Fetched fetched ? Optional.of(fetched) : Optional.empty();
    }

    /** Why there is no page; empty when there is one. */
    public Optional<Problem> error() {
        return parcel.outcome() instanceof Outcome.Failed failed ? Optional.of(failed.problem()) : Optional.empty();
    }

    /**
     * The page, decoded, whole in memory; not a copy, so it must not be changed. It has as many bytes as {@link Page#bytes} says.
     *
     * @throws IOException when it cannot be read back from disk; if that is thrown on, the delivery comes again and the receiver
     *     is not blamed
     * @throws IllegalStateException when there is none
     */
    public byte[] body() throws IOException {
        Body page = existing();
        return read(page::bytes);
    }

    /** The same as a stream, for pages that are not to be in memory whole; whoever opens it closes it. */
    public InputStream open() throws IOException {
        Body page = existing();
        return new Watched(read(page::open));
    }

    private Body existing() {
        Body page = parcel.body();
        if (page == null) {
            throw new IllegalStateException("task " + task.id() + " has no page, as it is " + type() + "; look at succeeded() first");
        }
        return page;
    }

    /**
     * What came of processing the page, by the processors' names in the task: strings, numbers, booleans, null, lists and maps of
     * such. Empty when the task asks for none.
     *
     * @throws IOException as for {@link #body}
     */
    public Map<String, @Nullable Object> processed() throws IOException {
        byte[] results = processedJson();
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), results)) {
            json.nextToken();
            return JsonValues.object(json);
        } catch (JacksonException e) {
            throw unreadable(new IOException("the results of task " + task.id() + " cannot be read: " + e.getOriginalMessage(), e));
        }
    }

    /** The same as JSON in UTF-8, as it is stored; not to be changed. */
    public byte[] processedJson() throws IOException {
        Body results = parcel.results();
        return results == null ? new byte[] {'{', '}'} : read(results::bytes);
    }

    /** Why there is no result of a processor whose failure the task wants delivered, by its name in the task. */
    public Map<String, Problem> processErrors() {
        Processed processed = fetched().map(Outcome.Fetched::processed).orElse(null);
        return processed == null ? Map.of() : processed.failures();
    }

    /** What kept the receiver from reading it; null for nothing. */
    @Nullable IOException unreadable() {
        return unreadable;
    }

    private IOException unreadable(IOException e) {
        unreadable = e;
        return e;
    }

    private <T> T read(Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    @FunctionalInterface
    private interface Reading<T> {
        T read() throws IOException;
    }

    /** Tells a page that cannot be read from a receiver that fails. */
    private final class Watched extends FilterInputStream {
        Watched(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            return Delivery.this.read(super::read);
        }

        @Override
        public int read(byte[] buffer, int offset, int count) throws IOException {
            return Delivery.this.read(() -> super.read(buffer, offset, count));
        }
    }
}
