package dev.fetchback;

import dev.fetchback.deliver.Receiver;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.task.TaskSpec.Tags;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A task in the making: a URL, and what is to be other than by default. Can be submitted more than once; not for many threads.
 *
 * {@snippet :
 * fetchback.submit(Fetch.of("https://example.com/p/1").process("text").deliverTo("prices").metadata("order", "42"));
 * }
 */
public final class Fetch {
    private static final int PRIORITY_MAX = 9;
    private static final int KEY_MAX = 255; // what the HTTP API takes

    private final String url;
    private String method = "GET";
    private @Nullable String body;
    private final List<Header> headers = new ArrayList<>();
    private FetchOptions options = FetchOptions.DEFAULT;
    private final List<ProcessorUse> process = new ArrayList<>();
    private @Nullable DeliverOptions deliver;
    private boolean pickUp;
    private @Nullable Duration keep;
    private Duration delay = Duration.ZERO;
    private @Nullable Duration expiresAfter;
    private int priority = TaskSpec.Schedule.PRIORITY_DEFAULT;
    private final List<String> labels = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private @Nullable String idempotencyKey;

    private Fetch(String url) {
        this.url = url;
    }

    /** A GET of {@code url}, which must be http or https. */
    public static Fetch of(String url) {
        return new Fetch(url);
    }

    /**
     * Another method than GET; a task that is fetched again after a crash repeats it.
     *
     * @param name GET, HEAD, POST, PUT, PATCH or DELETE
     * @param content sent as UTF-8; null for none
     */
    public Fetch method(String name, @Nullable String content) {
        this.method = name;
        this.body = content;
        return this;
    }

    /** One more header of the request. */
    public Fetch header(String name, String value) {
        headers.add(new Header(name, value));
        return this;
    }

    /** Timeouts, limits, attempts, robots.txt. */
    public Fetch options(FetchOptions other) {
        this.options = other;
        return this;
    }

    /** One more processor that the page goes through, in this order, with its defaults. */
    public Fetch process(String use) {
        return process(ProcessorUse.of(use));
    }

    /** The same, with options: a JSON object as text, such as {@code {"css":"h1"}}. */
    public Fetch process(String use, String json) {
        return process(new ProcessorUse(use, use, json, ProcessorUse.OnError.FAIL, null));
    }

    /** The same, with everything that can be said of it. */
    public Fetch process(ProcessorUse use) {
        if (process.size() >= ProcessorUse.MAX) {
            throw new IllegalArgumentException("a task goes through at most " + ProcessorUse.MAX + " processors");
        }
        if (process.stream().anyMatch(one -> one.name().equals(use.name()))) {
            throw new IllegalArgumentException("two results have the name '" + use.name() + "'; give one of them another");
        }
        process.add(use);
        return this;
    }

    /** Where the outcome goes: the name of a receiver that was given to the builder, or the URL of an endpoint. */
    public Fetch deliverTo(String receiver) {
        return deliver(receiver.contains(":") ? DeliverOptions.to(receiver) : DeliverOptions.inProcess(receiver));
    }

    /** The same, with everything that can be said of it. */
    public Fetch deliver(DeliverOptions other) {
        this.deliver = other;
        this.pickUp = false;
        return this;
    }

    /** Nobody is told: the page is kept for {@link Tasks#body}. So it is anyway where there is no receiver. */
    public Fetch pickUp() {
        this.deliver = null;
        this.pickUp = true;
        return this;
    }

    /** How long the page stays for {@link Tasks#body}, whether it is delivered or not. */
    public Fetch keep(Duration time) {
        this.keep = positive("keep", time);
        return this;
    }

    /** When it may begin, from the submit. */
    public Fetch delay(Duration time) {
        this.delay = positive("delay", time);
        return this;
    }

    /** How long the whole is worth anything, from the submit; the receiver is told when it was not done by then. */
    public Fetch expiresAfter(Duration time) {
        this.expiresAfter = positive("expiresAfter", time);
        return this;
    }

    /** 0 to 9, higher first among the tasks of one host; 5 unless set. */
    public Fetch priority(int value) {
        if (value < 0 || value > PRIORITY_MAX) {
            throw new IllegalArgumentException("the priority is " + value + "; it must be 0 to " + PRIORITY_MAX);
        }
        this.priority = value;
        return this;
    }

    /**
     * One more label, which lists can be filtered by.
     *
     * @param label 1 to 64 characters; at most 16 labels
     */
    public Fetch label(String label) {
        if (label.isEmpty() || label.length() > Tags.LABEL_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "the label has " + label.length() + " characters; it must have 1 to " + Tags.LABEL_LENGTH_MAX);
        }
        if (labels.size() >= Tags.LABELS_MAX) {
            throw new IllegalArgumentException("a task has at most " + Tags.LABELS_MAX + " labels");
        }
        labels.add(label);
        return this;
    }

    /** Something that the receiver gets as it is; at most 64 entries, and 8 KiB of names and values together in UTF-8. */
    public Fetch metadata(String name, String value) {
        Map<String, String> all = new LinkedHashMap<>(metadata);
        all.put(name, value);
        if (all.size() > Tags.METADATA_ENTRIES_MAX) {
            throw new IllegalArgumentException("a task has at most " + Tags.METADATA_ENTRIES_MAX + " entries of metadata");
        }
        int bytes = all.entrySet().stream().mapToInt(entry -> bytes(entry.getKey()) + bytes(entry.getValue())).sum();
        if (bytes > Tags.METADATA_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "with '" + name + "' the metadata has " + bytes + " bytes; it may have " + Tags.METADATA_BYTES_MAX);
        }
        metadata.put(name, value);
        return this;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Within 24 hours only the first task of this key is stored, and submitting the same again gives its id. */
    public Fetch idempotencyKey(String key) {
        if (key.isEmpty() || key.length() > KEY_MAX) {
            throw new IllegalArgumentException("the idempotency key has " + key.length() + " characters; it must have 1 to " + KEY_MAX);
        }
        this.idempotencyKey = key;
        return this;
    }

    private static Duration positive(String name, Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException(name + " is " + time + "; it must be longer than nothing");
        }
        return time;
    }

    /**
     * What is submitted.
     *
     * @param hasDefault whether there is a receiver for tasks that name none
     * @param now Unix milliseconds
     */
    Tasks.Submission submission(boolean hasDefault, long now) {
        DeliverOptions to = deliver != null || pickUp || !hasDefault ? deliver : DeliverOptions.inProcess(Receiver.DEFAULT);
        TaskSpec spec = new TaskSpec(url, new TaskSpec.Request(method, headers, body), options, process, to,
                new TaskSpec.Schedule(delay.isZero() ? 0 : now + delay.toMillis(),
                        expiresAfter == null ? 0 : now + expiresAfter.toMillis(), priority, keep),
                new Tags(null, null, labels, metadata));
        return new Tasks.Submission(spec, idempotencyKey == null ? null : new Tasks.Key("", idempotencyKey, fingerprint(to)));
    }

    /** Of what was asked for, which the times of the submit are no part of. */
    private byte[] fingerprint(@Nullable DeliverOptions to) {
        String asked = String.join("\n", url, method, String.valueOf(body), headers.toString(), options.toString(), process.toString(),
                String.valueOf(to), String.valueOf(keep), delay.toString(), String.valueOf(expiresAfter), Integer.toString(priority),
                labels.toString(), metadata.toString());
        try {
            return MessageDigest.getInstance("SHA-256").digest(asked.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
