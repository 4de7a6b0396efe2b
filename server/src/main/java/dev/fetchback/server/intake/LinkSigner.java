package dev.fetchback.server.intake;

import dev.fetchback.task.TaskId;

/** Knows the signed links to kept pages. */
@FunctionalInterface
public interface LinkSigner {
    /**
     * Whether {@code signature} is this server's for the page of {@code id} until {@code expires}; compares in constant time and
     * does not look at the clock.
     *
     * @param expires as in the link, Unix seconds
     */
    boolean valid(TaskId id, long expires, String signature);
}
