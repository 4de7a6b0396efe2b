package dev.fetchback.server.intake;

import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;

/**
 * What {@code POST /v1/dead/redrive} asks for.
 *
 * @param host null for all
 * @param label null for all
 * @param batch null for all
 * @param createdAfter Unix milliseconds; 0 for all
 * @param limit the most outcomes to redrive
 * @param dryRun whether they are only counted
 */
record RedriveRequest(
        @Nullable String host, @Nullable String label, @Nullable BatchId batch, long createdAfter, int limit, boolean dryRun) {
    /** Outcomes redriven by one call: each is a change on disk, and the call must be answered in time. */
    static final int LIMIT_MAX = 10_000;

    private static final int LIMIT_DEFAULT = 1_000;
    private static final List<String> FIELDS = List.of("host", "label", "batch", "created_after", "limit", "dry_run");

    /** Reads {@code json}; empty asks for all dead outcomes, up to the default limit. */
    static RedriveRequest read(byte[] json) {
        if (json.length == 0) {
            return new RedriveRequest(null, null, null, 0, LIMIT_DEFAULT, false);
        }
        try (JsonParser p = JsonIn.parser(Slice.of(json))) {
            p.nextToken();
            JsonIn.object(p, "");
            RedriveRequest request = fields(p);
            TaskReader.endOfText(p);
            return request;
        } catch (JacksonException e) {
            throw JsonIn.malformed(e);
        }
    }

    private static RedriveRequest fields(JsonParser p) {
        String host = null;
        String label = null;
        BatchId batch = null;
        long createdAfter = 0;
        int limit = LIMIT_DEFAULT;
        boolean dryRun = false;
        int seen = 0;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            seen = OptionReader.see(seen, FIELDS, name, "");
            p.nextToken();
            switch (name) {
                case "host" -> host = JsonIn.text(p, "/host", false).toLowerCase(Locale.ROOT);
                case "label" -> label = JsonIn.text(p, "/label", false);
                case "batch" -> batch = batch(JsonIn.string(p, "/batch"));
                case "created_after" -> createdAfter = JsonIn.time(p, "/created_after");
                case "limit" -> limit = (int) JsonIn.integer(p, "/limit", 1, LIMIT_MAX);
                case "dry_run" -> dryRun = JsonIn.bool(p, "/dry_run");
                default -> throw new AssertionError(name);
            }
        }
        return new RedriveRequest(host, label, batch, createdAfter, limit, dryRun);
    }

    private static BatchId batch(String text) {
        return BatchId.parse(text)
                .orElseThrow(() -> new Refusal(
                        ApiError.INVALID_VALUE,
                        "/batch",
                        Names.quote(text) + " is not the id of a batch; it is bat_ and 26 characters."));
    }

    /** The dead tasks that are meant, of every owner. */
    TaskQuery query() {
        return new TaskQuery(null, EnumSet.of(Phase.DEAD), host, label, batch, createdAfter, null, TaskQuery.LIMIT_MAX);
    }
}
