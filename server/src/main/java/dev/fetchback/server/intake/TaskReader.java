package dev.fetchback.server.intake;

import dev.fetchback.Tasks.Key;
import dev.fetchback.Tasks.Submission;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.TaskSpec.Tags;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads a task's JSON, strictly and in one pass, without a tree: it is on the way of every task that comes in. Safe for many
 * threads.
 */
final class TaskReader {
    /** Longest wait before a start. */
    static final Duration DELAY_MAX = Duration.ofDays(365);
    /** Longest time a page is kept for pick-up: as long as dead outcomes are kept. */
    static final Duration KEEP_MAX = Duration.ofDays(30);

    static final int PRIORITY_MAX = 9;
    static final int KEY_LENGTH_MAX = 255;

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE");
    private static final byte[] NO_DEFAULTS = {};

    private final IntakeDefaults defaults;
    private final UrlReader urls;
    private final OptionReader options;
    private final ProcessReader processes;
    private final Draft blank;

    TaskReader(IntakeDefaults defaults, UrlCheck urlCheck, ProcessorCheck processors) {
        this.defaults = defaults;
        this.processes = new ProcessReader(processors);
        this.urls = new UrlReader(urlCheck);
        this.options = new OptionReader(defaults, urls);
        String to = defaults.deliverTo();
        this.blank = new Draft(defaults.fetch(), to == null ? null : DeliverOptions.to(to));
    }

    /**
     * One task that stands alone.
     *
     * @param header the {@code Idempotency-Key} header; null without
     * @param now Unix milliseconds
     * @throws Refusal that names what is wrong
     */
    Submission single(Slice json, @Nullable String header, Origin origin, long now) {
        Draft draft = read(json, blank);
        String inBody = draft.key;
        if (header != null && inBody != null && !header.equals(inBody)) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    TaskField.IDEMPOTENCY_KEY.pointer(),
                    "The key differs from the Idempotency-Key header; give one of them.");
        }
        if (header != null) {
            draft.key = checkKey(header, null);
        }
        return submission(draft, NO_DEFAULTS, json, origin, now);
    }

    /** One task of a batch. */
    Submission item(Slice json, BatchDefaults base, Origin origin, long now) {
        return submission(read(json, base.draft()), base.json(), json, origin, now);
    }

    /** The defaults of a batch that gives none. */
    BatchDefaults noDefaults() {
        return new BatchDefaults(blank, NO_DEFAULTS);
    }

    /** Reads the {@code defaults} of a batch. */
    BatchDefaults defaults(Slice json) {
        Draft draft = read(json, blank);
        if (draft.url != null || draft.key != null) {
            TaskField field = draft.url != null ? TaskField.URL : TaskField.IDEMPOTENCY_KEY;
            throw new Refusal(
                    ApiError.INVALID_VALUE,
                    field.pointer(),
                    "\"" + field.wire() + "\" cannot be a default of a batch; give it with each item.");
        }
        return new BatchDefaults(draft, json.copy());
    }

    private Submission submission(Draft draft, byte[] base, Slice json, Origin origin, long now) {
        String key = draft.key;
        String owner = origin.owner() == null ? "" : origin.owner();
        Key owned = key == null ? null : new Key(owner, key, fingerprint(base, json));
        return new Submission(draft.spec(defaults.keep(), origin, now), owned);
    }

    /** Of the bytes as they came: whoever repeats a request sends the same ones. */
    private static byte[] fingerprint(byte[] base, Slice json) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(base);
            sha.update(json.bytes(), json.offset(), json.length());
            return sha.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    private Draft read(Slice json, Draft base) {
        try (JsonParser p = JsonIn.parser(json)) {
            if (p.nextToken() == null) {
                throw new Refusal(
                        ApiError.MALFORMED_JSON,
                        "",
                        "There is no JSON; send an object such as {\"url\":\"https://example.com/\"}.");
            }
            JsonIn.object(p, "");
            Draft draft = base.copy();
            fields(p, draft);
            endOfText(p);
            return draft;
        } catch (JacksonException e) {
            throw JsonIn.malformed(e);
        }
    }

    /** Makes sure that nothing but white space follows. */
    static void endOfText(JsonParser p) {
        boolean more;
        try {
            more = p.nextToken() != null;
        } catch (JacksonException e) {
            more = true;
        }
        if (more) {
            throw new Refusal(
                    ApiError.TRAILING_TEXT, "", "There is text after the JSON object; send one object and nothing else.");
        }
    }

    private void fields(JsonParser p, Draft draft) {
        int seen = 0;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            TaskField field = TaskField.of(name);
            if (field == null) {
                throw JsonIn.unknown("", name, TaskField.NAMES);
            }
            int bit = 1 << field.ordinal();
            if ((seen & bit) != 0) {
                throw JsonIn.twice(field.pointer());
            }
            seen |= bit;
            p.nextToken();
            field(p, field, draft);
        }
        int both = 1 << TaskField.DELAY.ordinal() | 1 << TaskField.NOT_BEFORE.ordinal();
        if ((seen & both) == both && draft.delayMillis != Draft.NO_DELAY && draft.notBefore != 0) {
            throw new Refusal(
                    ApiError.CONFLICTING_FIELDS,
                    "/not_before",
                    "\"delay\" and \"not_before\" exclude each other; give one of them.");
        }
        if ((seen & both) == 1 << TaskField.DELAY.ordinal()) {
            draft.notBefore = 0; // the batch's default gives way
        } else if ((seen & both) == 1 << TaskField.NOT_BEFORE.ordinal()) {
            draft.delayMillis = Draft.NO_DELAY;
        }
    }

    private void field(JsonParser p, TaskField field, Draft draft) {
        String at = field.pointer();
        switch (field) {
            case URL -> draft.url = urls.read(p, at);
            case METHOD -> draft.method = method(p, at);
            case HEADERS -> draft.headers = JsonIn.headers(p, at, HeaderRules.FETCH);
            case BODY -> draft.body = JsonIn.isNull(p) ? null : JsonIn.text(p, at, true);
            case FETCH -> draft.fetch = options.fetch(p, draft.fetch);
            case PROCESS -> draft.process = processes.read(p);
            case DELIVER -> draft.deliver = JsonIn.isNull(p) ? null : options.deliver(p, receiver(draft));
            case DELAY ->
                draft.delayMillis =
                        JsonIn.isNull(p) ? Draft.NO_DELAY : JsonIn.duration(p, at, Duration.ZERO, DELAY_MAX).toMillis();
            case NOT_BEFORE -> draft.notBefore = JsonIn.isNull(p) ? 0 : JsonIn.time(p, at);
            case EXPIRES_AT -> draft.expiresAt = JsonIn.isNull(p) ? 0 : JsonIn.time(p, at);
            case PRIORITY -> draft.priority = (int) JsonIn.integer(p, at, 0, PRIORITY_MAX);
            case KEEP -> draft.keep = JsonIn.isNull(p) ? null : JsonIn.duration(p, at, Duration.ZERO, KEEP_MAX);
            case LABELS -> draft.labels = labels(p, at);
            case METADATA -> draft.metadata = metadata(p, at);
            case IDEMPOTENCY_KEY -> draft.key = checkKey(JsonIn.string(p, at), at);
            case LIMITS, ORDER_KEY -> throw JsonIn.notSupported(at, "\"" + field.wire() + "\"");
        }
    }

    /** What {@code deliver} builds upon: the batch's default, else the operator's receiver. */
    private @Nullable DeliverOptions receiver(Draft draft) {
        return draft.deliver == null ? blank.deliver : draft.deliver;
    }

    private static String method(JsonParser p, String pointer) {
        String method = JsonIn.string(p, pointer);
        if (!METHODS.contains(method)) {
            throw new Refusal(
                    ApiError.INVALID_VALUE,
                    pointer,
                    Names.quote(method) + " is not allowed; use " + String.join(", ", new TreeSet<>(METHODS)) + ".");
        }
        return method;
    }

    private static List<String> labels(JsonParser p, String pointer) {
        JsonIn.array(p, pointer);
        List<String> labels = new ArrayList<>();
        while (p.nextToken() != JsonToken.END_ARRAY) {
            String at = pointer + "/" + labels.size();
            String label = JsonIn.text(p, at, false);
            if (label.isEmpty() || label.length() > Tags.LABEL_LENGTH_MAX) {
                throw new Refusal(
                        ApiError.OUT_OF_RANGE,
                        at,
                        "The label has " + label.length() + " characters; it must have 1 to " + Tags.LABEL_LENGTH_MAX + ".");
            }
            labels.add(label);
            if (labels.size() > Tags.LABELS_MAX) {
                throw new Refusal(
                        ApiError.OUT_OF_RANGE,
                        pointer,
                        "There are more than " + Tags.LABELS_MAX + " labels; give at most " + Tags.LABELS_MAX + ".");
            }
        }
        return labels;
    }

    private static Map<String, String> metadata(JsonParser p, String pointer) {
        JsonIn.object(p, pointer);
        Map<String, String> metadata = new LinkedHashMap<>();
        int bytes = 0;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            p.nextToken();
            String at = pointer + "/" + Names.segment(name);
            String value = JsonIn.text(p, at, true);
            if (metadata.put(checkName(name, at), value) != null) {
                throw JsonIn.twice(at);
            }
            bytes += Utf8.length(name) + Utf8.length(value);
            if (metadata.size() > Tags.METADATA_ENTRIES_MAX || bytes > Tags.METADATA_BYTES_MAX) {
                throw new Refusal(
                        ApiError.OUT_OF_RANGE,
                        pointer,
                        "The metadata is too large; at most " + Tags.METADATA_ENTRIES_MAX + " entries of "
                                + Tags.METADATA_BYTES_MAX + " bytes together are allowed.");
            }
        }
        return metadata;
    }

    private static String checkName(String name, String pointer) {
        if (!Utf8.clean(name)) {
            throw new Refusal(
                    ApiError.INVALID_VALUE, pointer, Names.quote(name) + " holds a control character; use a plain name.");
        }
        return name;
    }

    private static String checkKey(String key, @Nullable String pointer) {
        boolean good = !key.isEmpty() && key.length() <= KEY_LENGTH_MAX;
        for (int i = 0; good && i < key.length(); i++) {
            good = key.charAt(i) >= ' ' && key.charAt(i) <= '~';
        }
        if (!good) {
            throw new Refusal(
                    ApiError.INVALID_IDEMPOTENCY_KEY,
                    pointer,
                    Names.quote(key) + " cannot be a key; use 1 to " + KEY_LENGTH_MAX + " printable ASCII characters.");
        }
        return key;
    }

    /**
     * What the tasks of a batch begin with.
     *
     * @param draft read once, copied for each task
     * @param json as it came; part of the fingerprint of a task's idempotency key
     */
    record BatchDefaults(Draft draft, byte[] json) {}
}
