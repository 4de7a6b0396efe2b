package dev.fetchback.architecture.wrong.outbound;

import dev.fetchback.task.Task;
import org.jspecify.annotations.Nullable;

/** A way out that knows tasks. */
public final class TaskOutbound {
    @Nullable Task task;
}
