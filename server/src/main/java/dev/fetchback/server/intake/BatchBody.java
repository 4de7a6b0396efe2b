package dev.fetchback.server.intake;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A batch as one JSON text: found well-formed as a whole before any of its tasks is read, so that a broken text stores nothing.
 *
 * @param defaults where they stand; null when there are none
 * @param offsets where each item begins; -1 for one that is no object
 * @param lengths of the items
 * @param count of items
 */
record BatchBody(@Nullable Slice defaults, int[] offsets, int[] lengths, int count) {
    /** Items of one text; more are to be streamed. */
    static final int ITEMS_MAX = 100_000;

    private static final List<String> FIELDS = List.of("defaults", "items");
    private static final int FIRST_ITEMS = 256;

    /** Finds the parts of {@code json}, which begins at its array's first byte. */
    static BatchBody of(Slice json) {
        try (JsonParser p = JsonIn.parser(json)) {
            if (p.nextToken() == null) {
                throw new Refusal(ApiError.MALFORMED_JSON, "", "There is no JSON; send an object such as {\"items\":[…]}.");
            }
            JsonIn.object(p, "");
            BatchBody body = read(p, json.bytes());
            TaskReader.endOfText(p);
            return body;
        } catch (JacksonException e) {
            throw JsonIn.malformed(e);
        }
    }

    private static BatchBody read(JsonParser p, byte[] json) {
        Slice defaults = null;
        BatchBody items = null;
        for (String name = p.nextName(); name != null; name = p.nextName()) {
            p.nextToken();
            switch (name) {
                case "defaults" -> {
                    if (defaults != null) {
                        throw JsonIn.twice("/defaults");
                    }
                    JsonIn.object(p, "/defaults");
                    int from = begin(p);
                    p.skipChildren();
                    defaults = new Slice(json, from, end(p) - from);
                }
                case "items" -> {
                    if (items != null) {
                        throw JsonIn.twice("/items");
                    }
                    items = items(p);
                }
                default -> throw JsonIn.unknown("", name, FIELDS);
            }
        }
        if (items == null) {
            throw new Refusal(ApiError.MISSING_FIELD, "/items", "There is no \"items\"; give the tasks as an array.");
        }
        return new BatchBody(defaults, items.offsets, items.lengths, items.count);
    }

    private static BatchBody items(JsonParser p) {
        JsonIn.array(p, "/items");
        int[] offsets = new int[FIRST_ITEMS];
        int[] lengths = new int[FIRST_ITEMS];
        int count = 0;
        for (JsonToken token = p.nextToken(); token != JsonToken.END_ARRAY; token = p.nextToken()) {
            if (count == ITEMS_MAX) {
                throw new Refusal(
                        ApiError.OUT_OF_RANGE,
                        "/items",
                        "There are more than " + ITEMS_MAX + " items; send them as application/x-ndjson, which has no limit.");
            }
            if (count == offsets.length) {
                offsets = Arrays.copyOf(offsets, count * 2);
                lengths = Arrays.copyOf(lengths, count * 2);
            }
            int from = begin(p);
            boolean object = token == JsonToken.START_OBJECT;
            p.skipChildren();
            offsets[count] = object ? from : -1;
            lengths[count] = object ? end(p) - from : 0;
            count++;
        }
        return new BatchBody(null, offsets, lengths, count);
    }

    private static int begin(JsonParser p) {
        return (int) p.currentTokenLocation().getByteOffset();
    }

    private static int end(JsonParser p) {
        return (int) p.currentLocation().getByteOffset();
    }
}
