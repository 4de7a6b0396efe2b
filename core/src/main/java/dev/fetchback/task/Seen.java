package dev.fetchback.task;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is remembered of a page that its receiver took, or that was kept, in order to tell whether it has changed since.
 *
 * @param status the HTTP status
 * @param url the final URL, which the validators belong to
 * @param etag the entity tag as it came (RFC 9110 §8.8.3), which may be weak; null when there was none that can be sent back
 * @param lastModified as it came (RFC 9110 §8.8.2); null when there was none, or none that tells two versions apart
 * @param bytes length of the decoded body
 * @param sha256 of the decoded body, 64 hex digits
 * @param at when the page was last found to be so, Unix milliseconds
 */
public record Seen(
        int status, String url, @Nullable String etag, @Nullable String lastModified, long bytes, String sha256, long at) {
    /** Longer validators and final URLs are not remembered: the hash does without them. */
    static final int CHARS_MAX = 1024;

    private static final int NOT_MODIFIED = 304;
    private static final Pattern ENTITY_TAG = Pattern.compile("(W/)?\"[\\x21\\x23-\\x7e]*\"");
    /** RFC 9110 §8.8.2.2: a page that was sent this long after its last change was not changed again under the same date. */
    private static final Duration STRONG_AFTER = Duration.ofSeconds(1);

    /** What there is to remember of {@code page}, which came whole. */
    public static Seen of(Page page) {
        String etag = first(page.headers(), "etag");
        boolean usable = page.status() / 100 == 2 && page.finalUrl().length() <= CHARS_MAX; // RFC 9110 §13.2.1
        return new Seen(
                page.status(),
                usable ? page.finalUrl() : "",
                usable && etag != null && etag.length() <= CHARS_MAX && ENTITY_TAG.matcher(etag).matches() ? etag : null,
                usable ? lastModified(page.headers()) : null,
                page.bytes(),
                page.sha256(),
                page.fetchedAt());
    }

    /**
     * What is remembered once {@code task} stands as it does: its page, if it was taken or kept and no later one was; the same as
     * before in a newer version, if the page was found unchanged; else what was remembered before.
     *
     * @param last what was remembered before; null for nothing
     */
    public static @Nullable Seen after(@Nullable Seen last, Task task) {
        if (task.phase() != Phase.SUCCEEDED) {
            return last;
        }
        long finishedAt = task.progress().finishedAt();
        return switch (task.progress().outcome()) {
            // A time to come is from before the clock was set back, and must not hold for ever.
            case Outcome.Fetched(Page page, long until, Processed processed)
                    when last == null || page.fetchedAt() >= last.at() || last.at() > finishedAt -> of(page);
            case Outcome.Unchanged(Page page) when last != null && last.same(page) -> last.confirmed(page);
            case Outcome.Fetched f -> last;
            case Outcome.Unchanged u -> last;
            case Outcome.Failed f -> last;
            case null -> last;
        };
    }

    /** Whether {@code page} is the same: it has the same status and body, or its server says so. */
    public boolean same(Page page) {
        return sha256.equals(page.sha256()) && (page.status() == status || page.status() == NOT_MODIFIED);
    }

    /** Servers change validators of a page that stays as it is; the newest ones save the next transfer. */
    private Seen confirmed(Page page) {
        Seen newest = page.status() == NOT_MODIFIED ? this : of(page);
        return new Seen(
                status, newest.url, newest.etag, newest.lastModified, bytes, sha256, Math.max(at, page.fetchedAt()));
    }

    /** Null unless the page can be told by it from one that was changed within the same second. */
    private static @Nullable String lastModified(List<Header> headers) {
        String text = first(headers, "last-modified");
        Instant modified = date(text);
        Instant sent = date(first(headers, "date"));
        return modified != null && sent != null && !sent.isBefore(modified.plus(STRONG_AFTER)) ? text : null;
    }

    /** The preferred form of RFC 9110 §5.6.7; null for others, which are seen no more. */
    private static @Nullable Instant date(@Nullable String text) {
        try {
            return text == null ? null : Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static @Nullable String first(List<Header> headers, String name) {
        for (Header header : headers) {
            if (header.name().equalsIgnoreCase(name)) {
                return header.value();
            }
        }
        return null;
    }
}
