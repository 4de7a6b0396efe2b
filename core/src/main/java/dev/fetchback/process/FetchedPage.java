package dev.fetchback.process;

import dev.fetchback.task.Header;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A page as processors get it. All processors of one task get the same one, one after the other on one thread. */
public final class FetchedPage {
    private final Facts facts;
    private final byte[] bytes;
    private final Map<Class<?>, Object> made = new HashMap<>();

    /**
     * What is known of a page beside its bytes.
     *
     * @param taskId of the task that fetched it
     * @param url as the task gave it
     * @param finalUrl after redirects
     * @param status of the HTTP answer
     * @param contentType of the answer; null when it had none
     * @param headers of the answer, as received
     */
    public record Facts(
            String taskId, String url, String finalUrl, int status, @Nullable String contentType, List<Header> headers) {
        /** Copies the headers. */
        public Facts {
            headers = List.copyOf(headers);
        }
    }

    /** @param bytes the decoded body; not copied, so neither the caller nor a processor may change them */
    public FetchedPage(Facts facts, byte[] bytes) {
        this.facts = facts;
        this.bytes = bytes;
    }

    /** What is known beside the bytes. */
    public Facts facts() {
        return facts;
    }

    /** The decoded body, the very array: not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    /**
     * What several processors need and only the first makes, such as the parsed document. Whoever gets it must not change it.
     *
     * @param type what it is kept by
     * @param make makes it of this page
     */
    public <T> T once(Class<T> type, Function<FetchedPage, T> make) {
        Object kept = made.get(type);
        if (kept == null) {
            kept = make.apply(this);
            made.put(type, kept);
        }
        return type.cast(kept);
    }
}
