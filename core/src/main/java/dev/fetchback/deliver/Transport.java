package dev.fetchback.deliver;

import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Parcel;
import java.io.IOException;

/**
 * A way to receivers: a webhook is posted, a function of this process is called. All else, such as places, health and retries, is
 * the step's and the same for both. Safe for many threads.
 */
interface Transport {
    /** Whether the receiver is given a link to the page, so that the page must be stored first. */
    boolean links(DeliverOptions deliver, Outcome outcome);

    /** About how many bytes of memory {@link #prepare} and the exchange will need. */
    long estimate(DeliverOptions deliver, Parcel parcel);

    /**
     * Gets everything ready that is not the receiver's time.
     *
     * @throws IOException when the page cannot be read
     */
    Exchange prepare(Task task, TaskSpec spec, DeliverOptions deliver, Parcel parcel) throws IOException;

    /** One try to hand an outcome over, made once. */
    @FunctionalInterface
    interface Exchange {
        /**
         * Blocks until the receiver has answered or its time is up.
         *
         * @throws IOException when the page cannot be read
         * @throws InterruptedException when the server drains, or nobody is to be told any more
         */
        Reply make() throws IOException, InterruptedException;
    }

    /** What came of it. */
    sealed interface Reply {
        /** The receiver has it; {@code linked} when it was given a link to the page. */
        record Taken(boolean linked) implements Reply {}

        /**
         * The receiver said that it has it not.
         *
         * @param verdict what that says of it
         * @param notBefore what it asked for, Unix milliseconds; 0 for nothing
         */
        record Refused(Problem problem, Verdict verdict, long notBefore) implements Reply {}

        /** The receiver said nothing. */
        record NoAnswer(Problem problem) implements Reply {}
    }
}
