package dev.fetchback.work;

import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;

/**
 * One stage of a task's way: blocking code that turns an input into a result and never throws for what the outside world does.
 *
 * @param <I> what the stage before handed over
 * @param <O> what came of it
 */
@FunctionalInterface
public interface Step<I, O> {
    /**
     * Runs one attempt, bounded by the task's own timeout.
     *
     * @throws InterruptedException when the server drains: the attempt is handed back
     */
    O run(Task task, TaskSpec spec, I input) throws InterruptedException;
}
