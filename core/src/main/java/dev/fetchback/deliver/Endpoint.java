package dev.fetchback.deliver;

import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.deliver.EndpointHealth.Start;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.task.Problem;
import java.util.concurrent.locks.Condition;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * One endpoint as deliveries see it: they enter, wait a little for a place when it is busy, and leave with what they learned.
 * Everything happens under the lock of its origin, which is held for some comparisons only.
 */
final class Endpoint {
    /** How fast the mean time of a delivery follows the newest: an eighth. */
    private static final int MEAN_SHIFT = 3;

    private final EndpointHealth health;
    private final Origin origin;
    private final Limits limits;
    private final LongSupplier clock;
    private final Consumer<ReceiverRecord> listener;
    private final Condition room;

    private int waiting;
    private long meanNanos;

    /**
     * @param clock Unix milliseconds
     * @param listener told what changed, in order, under the lock: it must not block or call back
     */
    Endpoint(EndpointHealth health, Origin origin, Limits limits, LongSupplier clock, Consumer<ReceiverRecord> listener) {
        this.health = health;
        this.origin = origin;
        this.limits = limits;
        this.clock = clock;
        this.listener = listener;
        this.room = origin.lock.newCondition();
    }

    /**
     * Asks for a place and waits for one at most as long as the limits say.
     *
     * @param patient waits in any case. A delivery that holds a page in memory is not patient: it gives up at once when too
     *     many wait already, or when it would wait in vain
     */
    Entry enter(boolean patient) throws InterruptedException {
        long left = limits.patience().toNanos();
        origin.lock.lockInterruptibly();
        try {
            while (true) {
                long now = clock.getAsLong();
                Start start = health.tryBegin(now);
                if (start == Start.STOPPED) {
                    return stopped(now);
                }
                if (start != Start.BUSY && origin.tryTake(health.inFlight() - 1)) {
                    return new Permit(start);
                }
                boolean full = start != Start.BUSY;
                if (full) {
                    health.undo(start);
                }
                if (left <= 0 || !patient && hopeless(left)) {
                    return new Busy();
                }
                left = await(full ? origin.room : room, left);
            }
        } finally {
            origin.lock.unlock();
        }
    }

    private long await(Condition condition, long nanos) throws InterruptedException {
        waiting++;
        try {
            return condition.awaitNanos(nanos);
        } finally {
            waiting--;
        }
    }

    private boolean hopeless(long left) {
        return waiting >= limits.waitersMax() || meanNanos * (waiting + 1) / health.limit() > left;
    }

    private Entry stopped(long now) {
        String why = health.toRecord(now).reason();
        String detail = "Deliveries to this receiver are stopped. " + (why == null ? "It is being probed." : why);
        return new Stopped(new Problem(Problem.RECEIVER_STOPPED, detail, 0), health.until(now));
    }

    private void leave(Start start, Verdict verdict, long tookNanos) {
        origin.lock.lock();
        try {
            long now = clock.getAsLong();
            if (!(verdict instanceof Verdict.Unknown)) {
                meanNanos += tookNanos - meanNanos >> MEAN_SHIFT;
            }
            origin.giveBack();
            boolean changed = health.end(start, verdict, now);
            if (changed) {
                listener.accept(health.toRecord(now));
            }
            if (changed || verdict instanceof Verdict.Delayed) {
                wakeAll(); // they need not wait any longer, or may start
            } else {
                wakeSome();
            }
        } finally {
            origin.lock.unlock();
        }
    }

    private void wakeSome() {
        room.signal();
        if (health.limit() - health.inFlight() > 1) {
            room.signal(); // the limit has grown by more than this place
        }
        origin.room.signalAll();
    }

    private void wakeAll() {
        room.signalAll();
        origin.room.signalAll();
    }

    void pause() {
        change(() -> health.pause(clock.getAsLong()));
    }

    void resume() {
        change(() -> health.resume(clock.getAsLong()));
    }

    private void change(Runnable change) {
        origin.lock.lock();
        try {
            change.run();
            listener.accept(health.toRecord(clock.getAsLong()));
            wakeAll();
        } finally {
            origin.lock.unlock();
        }
    }

    ReceiverRecord toRecord() {
        origin.lock.lock();
        try {
            return health.toRecord(clock.getAsLong());
        } finally {
            origin.lock.unlock();
        }
    }

    /**
     * Whether it can be forgotten: nothing is under way, and it is healthy or, when {@code evenIll}, not stopped by somebody.
     */
    boolean forgettable(boolean evenIll) {
        origin.lock.lock();
        try {
            boolean idle = health.inFlight() == 0 && waiting == 0;
            return idle && (health.forgettable(clock.getAsLong()) || evenIll && health.status() != ReceiverRecord.Status.PAUSED);
        } finally {
            origin.lock.unlock();
        }
    }

    Origin origin() {
        return origin;
    }

    /** What came of asking for a place. */
    sealed interface Entry {}

    /** Too much is under way. */
    record Busy() implements Entry {}

    /**
     * Nothing may be sent.
     *
     * @param notBefore when to ask again, Unix milliseconds; 0 when that is not known
     */
    record Stopped(Problem problem, long notBefore) implements Entry {}

    /** A place; {@link #leave} gives it back, once. */
    final class Permit implements Entry {
        private final Start start;
        private boolean left;

        private Permit(Start start) {
            this.start = start;
        }

        /** Gives the place back, the first time it is called. */
        void leave(Verdict verdict, long tookNanos) {
            if (!left) {
                left = true;
                Endpoint.this.leave(start, verdict, tookNanos);
            }
        }
    }
}
