package dev.fetchback.work;

import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import java.util.Locale;

/**
 * What a waiting task waits for.
 *
 * @param kind what
 * @param until when that ends, Unix milliseconds; 0 when it is not known. Others of the same queue may go first then
 */
public record WaitingOn(Kind kind, long until) {
    /**
     * What one task waits for: its own time, unless that is the time that its host or its receiver set.
     *
     * @param queue what its queue waits for
     * @param stopped whether its receiver is
     */
    static WaitingOn of(Task waiting, WaitingOn queue, boolean stopped, long now) {
        if (waiting.readyAt() <= now) {
            return queue;
        }
        boolean put = stopped
                || queue.kind() == Kind.RECEIVER
                || queue.kind() == Kind.HOST_BACKOFF && queue.until() >= waiting.readyAt();
        if (put) {
            Kind other = waiting.phase().stage() == Stage.DELIVER ? Kind.RECEIVER : Kind.HOST_BACKOFF;
            return new WaitingOn(other, Math.max(waiting.readyAt(), queue.until()));
        }
        Task.Progress progress = waiting.progress();
        int tried = switch (waiting.phase().stage()) {
            case FETCH -> progress.fetchAttempts();
            case PROCESS -> progress.processAttempts();
            case DELIVER -> progress.deliverAttempts();
        };
        return new WaitingOn(tried == 0 && progress.lastError() == null ? Kind.DELAY : Kind.RETRY, waiting.readyAt());
    }

    /** What there is to wait for. */
    public enum Kind {
        /** The time that its caller set. */
        DELAY,
        /** Its next attempt. */
        RETRY,
        /** The distance between two fetches from its host. */
        HOST_GAP,
        /** As many fetches from its host are in flight as may be. */
        HOST_LIMIT,
        /** The host asked to be left alone: Retry-After, 429 or 503. */
        HOST_BACKOFF,
        /** As many fetches are in flight to the address of its host as may be. */
        ADDRESS,
        /** All places of its stage are taken. */
        GLOBAL_LIMIT,
        /** Its receiver is stopped, asked for time, or is being probed. */
        RECEIVER,
        /** As many deliveries to its receiver are in flight as may be. */
        RECEIVER_LIMIT,
        /** Its turn: nothing keeps its queue, and those before it go first. */
        TURN;

        /** As the API names it: the name in lower case. */
        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
