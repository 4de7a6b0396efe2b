package dev.fetchback.deliver;

import dev.fetchback.deliver.Transport.Reply;
import dev.fetchback.outbound.Kind;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One call of a receiver on its thread, and the delivery that waits for it. */
final class ReceiverCall implements Runnable {
    private static final System.Logger LOG = System.getLogger(ReceiverCall.class.getName());
    private static final int DETAIL_MAX = 500; // a sentence, not a stack trace

    private final InProcess.Place place;
    private final Delivery delivery;
    private final LongSupplier clock;
    private final CountDownLatch done = new CountDownLatch(1);
    /** Guarded by this: an interrupt must not reach the thread's next call. */
    private @Nullable Thread runner;
    private boolean unwanted;
    private volatile @Nullable Throwable thrown;

    /** @param place a permit of which is given back when the call has ended */
    ReceiverCall(InProcess.Place place, Delivery delivery, LongSupplier clock) {
        this.place = place;
        this.delivery = delivery;
        this.clock = clock;
    }

    @Override
    public void run() {
        try {
            if (begin()) {
                place.of().receiver().receive(delivery);
            }
        } catch (Throwable e) { // also errors: they are the receiver's, and the delivery waits
            thrown = e;
        } finally {
            synchronized (this) {
                runner = null;
                Thread.interrupted();
            }
            place.free().release();
            done.countDown();
        }
    }

    private synchronized boolean begin() {
        if (unwanted) {
            thrown = new InterruptedException("interrupted before it began");
            return false;
        }
        runner = Thread.currentThread();
        return true;
    }

    private synchronized void interrupt() {
        unwanted = true;
        if (runner != null) {
            runner.interrupt();
        }
    }

    /**
     * Waits for the end. A call that takes too long, or that nobody waits for any more, is interrupted; if it has taken the outcome
     * all the same, that counts.
     */
    Reply await(Duration timeout, Duration grace) throws IOException, InterruptedException {
        boolean inTime;
        try {
            inTime = done.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            if (ended(grace) && thrown == null) {
                return new Reply.Taken(false);
            }
            throw e;
        }
        if (inTime || ended(grace) && thrown == null) {
            return reply();
        }
        return new Reply.NoAnswer(new Problem(
                Kind.DEADLINE.code(), "The receiver did not end within " + timeout.toMillis() + " ms.", 0));
    }

    private boolean ended(Duration grace) throws InterruptedException {
        interrupt();
        boolean ended = done.await(grace.toNanos(), TimeUnit.NANOSECONDS);
        if (!ended) {
            LOG.log(System.Logger.Level.WARNING, "receiver does not end name={0} task={1}", place.of().name(), delivery.taskId());
        }
        return ended;
    }

    private Reply reply() throws IOException {
        IOException unreadable = delivery.unreadable();
        Throwable failure = thrown;
        if (failure == null) {
            return new Reply.Taken(false);
        }
        if (unreadable != null) {
            throw unreadable;
        }
        long now = clock.getAsLong();
        return switch (failure) {
            case Receiver.Gone gone ->
                new Reply.Refused(problem(gone), new Verdict.Gone("It wants nothing more: " + told(gone)), 0);
            case Receiver.RetryLater later -> {
                long until = until(later.pause(), now);
                yield new Reply.Refused(problem(later), new Verdict.Delayed(until), until);
            }
            default -> {
                LOG.log(System.Logger.Level.WARNING, "receiver '" + place.of().name() + "' failed with task " + delivery.taskId(), failure);
                yield new Reply.Refused(problem(failure), new Verdict.Failed("it threw " + failure.getClass().getSimpleName()), 0);
            }
        };
    }

    private static long until(Duration pause, long now) {
        Duration cap = RetryPolicy.DELIVER_HINT_CAP;
        return now + (pause.compareTo(cap) > 0 ? cap : pause.isNegative() ? Duration.ZERO : pause).toMillis();
    }

    private Problem problem(Throwable failure) {
        return new Problem(Problem.RECEIVER_FAILED, "The receiver '" + place.of().name() + "' failed: " + told(failure), 0);
    }

    /** One line that is not long. */
    private static String told(Throwable failure) {
        String message = failure.getMessage();
        String name = failure.getClass().getSimpleName();
        String said = message == null || message.isBlank() ? name : failure instanceof Receiver.Gone ? message : name + ": " + message;
        StringBuilder line = new StringBuilder();
        said.codePoints().limit(DETAIL_MAX).forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
        return line.toString().strip();
    }
}
