package dev.fetchback.work;

import dev.fetchback.task.Problem;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The step that processes, and how many pages it may have. One half of them is straight from memory, the other from the store, where
 * the pages wait that came when there was no room; so neither holds up the other.
 *
 * @param step takes a page through its task's processors
 * @param capacity how many pages may be in the step at once, under way or in line; at least 1
 * @param memory results are taken from it until they are delivered or stored
 */
public record Processing(Step<ProcessInput, ProcessResult> step, int capacity, ByteBudget memory) {
    /** Where there are no processors: tasks of an earlier run that want some hear so. */
    public static final Processing NONE = new Processing(Processing::unknown, 1, new ByteBudget(Long.MAX_VALUE));

    /** Stored pages that are processed may take one part in so many of the memory for bodies, beside it. */
    private static final int STORED_SHARE = 4;

    /** Pages that are processed straight from memory, or are in line for that, at once; those beyond go by way of the store. */
    int direct() {
        return Math.max(1, capacity - stored());
    }

    /** Stored pages that are processed, or are in line for that, at once. */
    int stored() {
        return Math.max(1, capacity / 2);
    }

    /** Bytes of stored pages that may be in memory while they are processed, at least 1; one that is longer has it for itself. */
    long storedBytes() {
        return Math.max(1, memory.max() / STORED_SHARE);
    }

    private static ProcessResult unknown(Task task, TaskSpec spec, ProcessInput input) {
        List<ProcessResult.Failure> failures = new ArrayList<>();
        for (ProcessorUse use : spec.process()) {
            Problem problem = new Problem(Problem.PROCESS_UNKNOWN, "the processor '" + use.use() + "' is not there any more", 0);
            if (use.onError() == ProcessorUse.OnError.FAIL) {
                return new ProcessResult.Failed(problem, false);
            }
            failures.add(new ProcessResult.Failure(use.name(), problem));
        }
        return new ProcessResult.Processed("{}".getBytes(StandardCharsets.UTF_8), failures);
    }
}
