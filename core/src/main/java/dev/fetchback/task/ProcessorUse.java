package dev.fetchback.task;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One processor that a task's page goes through.
 *
 * @param use the processor's name
 * @param name under which the result is delivered; one task uses no name twice
 * @param options what the task gave beside it, a JSON object as text
 * @param onError what a failure of this processor means for the task
 * @param timeout of one run; null for the operator's
 */
public record ProcessorUse(String use, String name, String options, OnError onError, @Nullable Duration timeout) {
    /** The most that one task may use, so that its way stays bounded. */
    public static final int MAX = 16;

    /** The options of a processor that is given none. */
    public static final String NO_OPTIONS = "{}";

    /** The name with every default. */
    public static ProcessorUse of(String use) {
        return new ProcessorUse(use, use, NO_OPTIONS, OnError.FAIL, null);
    }

    /** What a failure means for the task. */
    public enum OnError {
        /** The task fails. */
        FAIL,
        /** The page and all other results are delivered, with the error beside them. */
        DELIVER
    }
}
