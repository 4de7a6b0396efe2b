package dev.fetchback.work;

import dev.fetchback.task.Seen;
import org.jspecify.annotations.Nullable;

/**
 * What a fetch begins with.
 *
 * @param last what is remembered of the page, if it counts only when it changed; null for nothing
 * @param permit the key of the {@linkplain Permits place} that was taken for it at an address; null for none
 */
public record FetchInput(@Nullable Seen last, @Nullable Object permit) {
    /** Nothing is remembered, and no place was taken. */
    public static final FetchInput NONE = new FetchInput(null, null);

    static FetchInput of(@Nullable Seen last, @Nullable Object permit) {
        return last == null && permit == null ? NONE : new FetchInput(last, permit);
    }
}
