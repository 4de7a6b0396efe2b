package dev.fetchback.deliver;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Takes the outcomes of tasks in the program's own process, as an endpoint takes webhooks: at least once, so that it may see one
 * again after a crash or when its time was up. What must happen once is made so by {@link Delivery#id}.
 *
 * <p>An outcome is taken when {@link #receive} returns. When it throws, the delivery is tried again by the schedule of retries, and
 * the outcome is dead after the last attempt, which can be redriven. Failures in a row leave the receiver alone for a while, as they
 * would an endpoint.
 */
@FunctionalInterface
public interface Receiver {
    /** The name of the one that tasks go to which name none. */
    String DEFAULT = "default";

    /**
     * Takes one outcome, on a thread of its own that may block. Interrupted when its time is up (20 s unless the task says
     * otherwise), when the task is cancelled, and when Fetchback has waited long enough for it while it closes. It may submit
     * further tasks, but not close Fetchback.
     *
     * @throws RetryLater to be left alone for a time
     * @throws Gone to get nothing more
     * @throws Exception when the outcome was not taken; its message is shown as the task's last error
     */
    void receive(Delivery delivery) throws Exception;

    /** Asks that nothing be delivered for a time, as 503 with {@code Retry-After} does; the outcome comes again then. */
    final class RetryLater extends Exception {
        private static final long serialVersionUID = 1;

        private final Duration pause;

        /**
         * @param pause at most 24 hours count
         * @param message why
         */
        public RetryLater(Duration pause, String message) {
            this(pause, message, null);
        }

        /** The same, with what it was that failed. */
        public RetryLater(Duration pause, String message, @Nullable Throwable cause) {
            super(message, cause);
            this.pause = pause;
        }

        Duration pause() {
            return pause;
        }
    }

    /** Says that the receiver wants nothing more, as 410 does: it is stopped until it is resumed, and its tasks go on by their schedule. */
    final class Gone extends Exception {
        private static final long serialVersionUID = 1;

        /** @param message why */
        public Gone(String message) {
            super(message);
        }
    }
}
