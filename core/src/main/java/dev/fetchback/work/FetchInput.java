package dev.fetchback.work;

import dev.fetchback.task.Seen;
import org.jspecify.annotations.Nullable;

/**
 * What a fetch begins with.
 *
 * @param last what is remembered of the page, if it counts only when it changed; null for nothing
 * @param permit the key of the {@linkplain Permits place} that was taken for it at an address; null for none
 * @param visit asked before each request
 */
public record FetchInput(@Nullable Seen last, @Nullable Object permit, Visit visit) {
    /** Nothing is remembered, no place was taken, and every host may be visited. */
    public static final FetchInput NONE = new FetchInput(null, null, (_, _) -> 0);
}
