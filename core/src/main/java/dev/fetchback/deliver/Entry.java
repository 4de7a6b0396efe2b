package dev.fetchback.deliver;

import dev.fetchback.store.ReceiverRecord;
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
    record Stopped(Problem problem, long notBefore) implements Entry {
        static Stopped by(ReceiverRecord record, long notBefore) {
            String why = record.reason();
            String detail = "Deliveries to this receiver are stopped. " + (why == null ? "It is being probed." : why);
            boolean absent = record.status() == ReceiverRecord.Status.ABSENT;
            return new Stopped(new Problem(absent ? Problem.RECEIVER_UNKNOWN : Problem.RECEIVER_STOPPED, detail, 0), notBefore);
        }
    }
}
