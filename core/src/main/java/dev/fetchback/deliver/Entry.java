package dev.fetchback.deliver;

import dev.fetchback.task.Problem;

/** What came of asking an endpoint for a place. */
sealed interface Entry permits Entry.Busy, Entry.Stopped, Endpoint.Permit {
    /** Too much is under way. */
    record Busy() implements Entry {}

    /**
     * Nothing may be sent.
     *
     * @param notBefore when to ask again, Unix milliseconds; 0 when that is not known
     */
    record Stopped(Problem problem, long notBefore) implements Entry {}
}
