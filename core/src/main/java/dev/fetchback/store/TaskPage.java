package dev.fetchback.store;

import dev.fetchback.task.TaskId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list.
 *
 * @param tasks newest first; may be short although there is more, when the scan budget ran out or the tasks are large
 * @param next the cursor of the next page; null at the end
 */
public record TaskPage(List<StoredTask> tasks, @Nullable TaskId next) {}
