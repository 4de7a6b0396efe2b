package dev.fetchback.fetch;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.Request;
import dev.fetchback.outbound.Target;
import dev.fetchback.task.Seen;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks a page's server whether the page changed since it was last seen (RFC 9110 §13), and reads its answer. */
final class Validators {
    static final int NOT_MODIFIED = 304;
    private static final String WEAK = "W/";

    private Validators() {}

    /** What to ask of the URL that the page came from; null when there is nothing to ask with. */
    static Request.@Nullable Condition condition(Seen last) {
        List<Field> fields = new ArrayList<>(2);
        if (last.etag() != null) {
            fields.add(new Field("If-None-Match", last.etag()));
        }
        if (last.lastModified() != null) { // beside the tag, for those that know no tags (RFC 9111 §4.3.1)
            fields.add(new Field("If-Modified-Since", last.lastModified()));
        }
        try {
            return fields.isEmpty() ? null : new Request.Condition(Target.parse(last.url()), fields);
        } catch (BadUrl e) {
            return null; // one that an earlier version took: the hash decides
        }
    }

    /** Whether the answer is that of the one server that was asked. */
    static boolean asked(Exchange.Answer answer, Request.@Nullable Condition condition) {
        return condition != null && condition.target().equals(answer.target());
    }

    /** Whether a 304 names another version than the one that was asked about: it says nothing about ours (RFC 9111 §4.3.4). */
    static boolean anotherVersion(Exchange.Answer notModified, Seen last) {
        String etag = last.etag();
        if (etag != null) {
            String current = notModified.field("etag");
            return current != null && !opaque(current).equals(opaque(etag));
        }
        String modified = notModified.field("last-modified");
        return modified != null && !modified.equals(last.lastModified());
    }

    /** For the weak comparison (RFC 9110 §8.8.3.2), which If-None-Match uses. */
    private static String opaque(String etag) {
        return etag.startsWith(WEAK) ? etag.substring(WEAK.length()) : etag;
    }
}
