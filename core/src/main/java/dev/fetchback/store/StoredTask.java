package dev.fetchback.store;

import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;

/**
 * A task with what was asked for.
 *
 * @param task as it stands
 * @param spec as submitted
 */
public record StoredTask(Task task, TaskSpec spec) {}
