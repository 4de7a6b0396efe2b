package dev.fetchback.store;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.TaskId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which tasks a list shows, newest first.
 *
 * @param owner only this token's; null for everybody's
 * @param phases only in one of these; empty for all
 * @param host only of this host (host and port, or host alone); null for all
 * @param label only with this label; null for all
 * @param batch only of this batch; null for all
 * @param createdAfter Unix milliseconds; 0 for all
 * @param before only tasks with a smaller id: the cursor; null for the newest
 * @param limit 1 to {@link #LIMIT_MAX} tasks
 */
public record TaskQuery(
        @Nullable String owner,
        Set<Phase> phases,
        @Nullable String host,
        @Nullable String label,
        @Nullable BatchId batch,
        long createdAfter,
        @Nullable TaskId before,
        int limit) {
    /** The longest page of a list. */
    public static final int LIMIT_MAX = 1000;

    /**
     * A page ends with the task that brings it to this many stored bytes: one task may have a mebibyte, and a few lists asked for
     * at once must not take the heap.
     */
    public static final int PAGE_BYTES = 4 << 20;

    /** Whether the list shows this task, wherever its page begins; its time is not looked at. */
    public boolean matches(StoredTask task) {
        return (phases.isEmpty() || phases.contains(task.task().phase()))
                && (owner == null || owner.equals(task.spec().tags().owner()))
                && (label == null || task.spec().tags().labels().contains(label))
                && (batch == null || batch.equals(task.spec().tags().batch()))
                && (host == null || ofHost(task.task().plan().host(), host));
    }

    /** Whether the queue's {@code host:port} is of {@code host}, given with or without a port. */
    private static boolean ofHost(String hostAndPort, String host) {
        return hostAndPort.equals(host)
                || hostAndPort.length() > host.length()
                        && hostAndPort.startsWith(host)
                        && hostAndPort.charAt(host.length()) == ':'
                        && hostAndPort.lastIndexOf(':') == host.length();
    }
}
