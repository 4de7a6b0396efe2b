package dev.fetchback.deliver;

import dev.fetchback.deliver.Post.Content;
import dev.fetchback.deliver.Post.Letter;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.DeliverOptions.Mode;
import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import dev.fetchback.work.Parcel;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes and signs what is sent for an outcome. Safe for many threads. */
final class Letters {
    /** A longer page is sent in raw mode as a stream, read twice: once for the signature. */
    static final int RAW_IN_MEMORY_MAX = 1 << 20;

    private static final int STREAM_BUFFER = 64 << 10;
    private static final int REST_OF_ENVELOPE = 4 << 10; // everything but the page, for the estimate of what an envelope needs
    private static final String JSON = "application/json";
    private static final String UNKNOWN_TYPE = "application/octet-stream";

    private final Envelope envelope;
    private final Signers signers;
    private final String userAgent;
    private final Buffers buffers = new Buffers();

    Letters(Envelope envelope, @Nullable String operatorSecret, String userAgent) {
        this.envelope = envelope;
        this.signers = new Signers(operatorSecret);
        this.userAgent = userAgent;
    }

    /** Whether what is sent for this outcome holds a link to the page. */
    boolean linked(DeliverOptions deliver, Outcome outcome) {
        return deliver.mode() == Mode.ENVELOPE && envelope.needsLink(outcome);
    }

    /** About how many bytes {@link #write} will need. */
    long estimate(DeliverOptions deliver, Parcel parcel) {
        Body body = parcel.body();
        Body results = parcel.results();
        if (body != null && deliver.mode() == Mode.RAW) {
            return body.length() > RAW_IN_MEMORY_MAX ? STREAM_BUFFER : body.length();
        }
        boolean inline = body != null && deliver.mode() == Mode.ENVELOPE && !linked(deliver, parcel.outcome());
        long processed = results == null ? 0 : results.length() + results.length(); // as they are read, and in the envelope
        return REST_OF_ENVELOPE + processed + (inline ? body.length() + body.length() / 4 : 0);
    }

    /**
     * Writes one.
     *
     * @param stamp when and as which attempt
     * @throws IOException when the page's body cannot be read
     */
    Written write(Task task, TaskSpec spec, DeliverOptions deliver, Parcel parcel, Stamp stamp) throws IOException {
        Outcome outcome = parcel.outcome();
        String id = Webhook.id(task, outcome);
        Signer signer = signers.of(deliver.secret());
        Signer.Signature signature = signer == null ? null : signer.begin(id, stamp.unixSeconds());
        List<Header> headers = new ArrayList<>(24);
        headers.add(new Header("webhook-id", id));
        headers.add(new Header("webhook-timestamp", Long.toString(stamp.unixSeconds())));
        headers.add(new Header("fetchback-task-id", task.id().toString()));
        headers.add(new Header("fetchback-attempt", Integer.toString(parcel.attempt())));
        headers.add(new Header("traceparent", Webhook.traceparent(task.id(), stamp.span())));
        Webhook.addOwn(headers, deliver.headers());
        if (!Webhook.has(headers, "user-agent")) {
            headers.add(new Header("user-agent", userAgent));
        }
        return deliver.mode() == Mode.RAW && outcome instanceof Outcome.Fetched fetched
                ? raw(spec, deliver, fetched, body(task, parcel), signature, headers)
                : json(task, spec, deliver, parcel, signature, headers);
    }

    private Written json(
            Task task,
            TaskSpec spec,
            DeliverOptions deliver,
            Parcel parcel,
            Signer.@Nullable Signature signature,
            List<Header> headers)
            throws IOException {
        Outcome outcome = parcel.outcome();
        boolean linked = linked(deliver, outcome);
        boolean inline = !linked && deliver.mode() == Mode.ENVELOPE && outcome instanceof Outcome.Fetched;
        Envelope.Content.Page told = linked ? Envelope.Content.Page.LINK
                : inline ? Envelope.Content.Page.INLINE
                : deliver.mode() == Mode.PROCESSED ? Envelope.Content.Page.NEITHER_HEADERS : Envelope.Content.Page.NONE;
        Body results = parcel.results();
        Envelope.Content content = new Envelope.Content(
                told, inline ? body(task, parcel).bytes() : null, results == null ? null : results.bytes());
        JsonBytes json = buffers.take();
        envelope.write(json, task, spec, outcome, content);
        headers.add(new Header("content-type", JSON));
        if (signature != null) {
            headers.add(new Header("webhook-signature", signature.update(json.array(), 0, json.length()).end()));
        }
        Letter letter = new Letter(deliver.to(), headers, new Content.Bytes(json.array(), json.length()), deliver.timeout());
        return new Written(letter, linked, json);
    }

    private static Written raw(
            TaskSpec spec,
            DeliverOptions deliver,
            Outcome.Fetched fetched,
            Body body,
            Signer.@Nullable Signature signature,
            List<Header> headers)
            throws IOException {
        Content content;
        if (body.length() > RAW_IN_MEMORY_MAX) {
            content = new Content.Streamed(body);
            if (signature != null) {
                update(signature, body);
            }
        } else {
            byte[] bytes = body.bytes();
            content = new Content.Bytes(bytes, bytes.length);
            if (signature != null) {
                signature.update(bytes, 0, bytes.length);
            }
        }
        String contentType = fetched.page().contentType();
        headers.add(new Header("content-type", contentType == null || contentType.isBlank() ? UNKNOWN_TYPE : contentType));
        if (signature != null) {
            headers.add(new Header("webhook-signature", signature.end()));
        }
        headers.addAll(RawHeaders.of(spec, fetched));
        return new Written(new Letter(deliver.to(), headers, content, deliver.timeout()), false, null);
    }

    private static void update(Signer.Signature signature, Body body) throws IOException {
        byte[] buffer = new byte[STREAM_BUFFER];
        try (InputStream in = body.open()) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                signature.update(buffer, 0, read);
            }
        }
    }

    private static Body body(Task task, Parcel parcel) {
        Body body = parcel.body();
        if (body == null) {
            throw new IllegalArgumentException("the page of " + task.id() + " came without its body");
        }
        return body;
    }

    /** The exchange is over and nothing reads the letter any more: its buffer may be used for another. */
    void release(Written written) {
        JsonBytes buffer = written.buffer();
        if (buffer != null) {
            buffers.giveBack(buffer);
        }
    }

    /**
     * What differs from attempt to attempt.
     *
     * @param unixSeconds when
     * @param span of the trace; any number
     */
    record Stamp(long unixSeconds, long span) {}

    /**
     * A letter to send.
     *
     * @param linked whether it holds a link to the page, which must stay then
     * @param buffer holds its bytes; null when they belong to the page
     */
    record Written(Letter letter, boolean linked, @Nullable JsonBytes buffer) {}
}
