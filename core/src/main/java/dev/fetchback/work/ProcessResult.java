package dev.fetchback.work;

import dev.fetchback.task.Problem;
import java.util.List;

/** What came of one attempt to process a page. */
public sealed interface ProcessResult {
    /**
     * The page went through.
     *
     * @param results a JSON object in UTF-8: what each processor returned, by its name in the task
     * @param failures of processors whose task wants the page delivered all the same
     */
    record Processed(byte[] results, List<Failure> failures) implements ProcessResult {}

    /**
     * A processor failed for which the task is to fail.
     *
     * @param problem why
     * @param retryable whether another try may help; a page that took its process down is tried once more, and never a third time
     */
    record Failed(Problem problem, boolean retryable) implements ProcessResult {}

    /**
     * No processor was asked, as all are busy or none may be started for now: it counts as not begun.
     *
     * @param problem why
     * @param notBefore when to try again, Unix milliseconds; 0 as soon as there is a place
     */
    record Busy(Problem problem, long notBefore) implements ProcessResult {}

    /**
     * One processor's failure.
     *
     * @param name of the processor in the task
     * @param problem why
     */
    record Failure(String name, Problem problem) {}
}
