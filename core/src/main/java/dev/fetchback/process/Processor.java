package dev.fetchback.process;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a fetched page into more: its text, its links, some of its fields. Implementations are found by {@link
 * java.util.ServiceLoader}, in the server's own jar and in those of its plugin folder, and are then run in worker processes; or
 * they are handed to the builder, and are then run on threads of the server's own process. One instance serves many tasks, on
 * many threads at once.
 */
public interface Processor {
    /** What a task names it by: a lower-case letter, then lower-case letters, digits and hyphens; at most 32 in all. */
    String name();

    /** Where it runs unless the operator decides otherwise; in a process that can be killed unless this says so. */
    default Isolation isolation() {
        return Isolation.PROCESS;
    }

    /**
     * Checks what a task asks of it, when the task is submitted and again where it runs; quick, without I/O.
     *
     * @param options what the task gave beside the name, as it came: strings, numbers, booleans, null, lists and maps of such
     * @throws BadOption when an option is unknown or its value is not allowed; the task is refused with this message
     */
    Job prepare(Map<String, @Nullable Object> options) throws BadOption;

    /** A processor with the options of one task. */
    @FunctionalInterface
    interface Job {
        /**
         * Processes one page; CPU-bound or blocking, ended by an interrupt or with its process when it takes too long.
         *
         * @return what goes into the result: a string, number, boolean, null, a list or a map with strings as keys of such, at
         *     most 64 deep
         * @throws Exception when the page cannot be processed; its message is told to the caller, and it is not tried again
         */
        @Nullable Object run(FetchedPage page) throws Exception;
    }

    /** Where a processor runs. */
    enum Isolation {
        /** On a thread of the server's own process: for code that is trusted and light. */
        THREAD,
        /** In a worker process, which can be killed: for what parses bytes of strangers. */
        PROCESS
    }
}
