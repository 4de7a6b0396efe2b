package dev.fetchback.store.postgres;

import dev.fetchback.task.TaskId;
import java.util.HashSet;
import java.util.Set;

/**
 * The tasks of this node that may have pieces of a body in the store ahead of their move, so that all others need not look. Too many
 * are harmless, and those that are missing are found by the pruner. For the committing thread only.
 */
final class Pending {
    private static final int MAX = 100_000; // as many have moves under way at most, usually none

    private final Set<TaskId> tasks = new HashSet<>();

    void add(TaskId task) {
        if (tasks.size() >= MAX) {
            tasks.clear();
        }
        tasks.add(task);
    }

    boolean has(TaskId task) {
        return !tasks.isEmpty() && tasks.contains(task);
    }

    /** Its move is stored. */
    void remove(TaskId task) {
        tasks.remove(task);
    }
}
