package dev.fetchback.process;

import dev.fetchback.process.Ran.Busy;
import dev.fetchback.task.Problem;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads of the system that run what callers bring, first come, first served, and the line before them: of pages from the store and
 * of those straight from a fetch so many each, so that neither kind can keep the other out. A thread that is done goes straight on to
 * the next in line, and its caller is told beside that. One that does not end when it is to is left alone and another takes its place.
 */
final class Crew implements AutoCloseable {
    /** The answer once it is closed. */
    static final Busy STOPS = new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "the server stops"), 1_000);

    private static final System.Logger LOG = System.getLogger(Crew.class.getName());
    private static final long IDLE_SECONDS = 10;
    private static final long FOREVER = Long.MAX_VALUE >> 1;
    private static final int MEAN_OF = 8; // the last so many, about
    private static final long WAIT_MIN_NANOS = TimeUnit.SECONDS.toNanos(1); // less is as good as at any time

    private final int most;
    private final int line;
    private final long patienceNanos;
    private final long graceNanos;
    private final ThreadPoolExecutor threads;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private int running;
    private int fresh;
    private int stored;
    private int abandoned;
    private long meanNanos; // what one takes
    private boolean closed;

    /** What runs on one of the threads; interrupted when it is to end. */
    interface Work {
        Ran run(Turn turn) throws InterruptedException;
    }

    /**
     * @param name of the threads
     * @param most of them at once, at least 1
     * @param line how many of either kind may wait for one
     * @param patience how long each waits at most
     * @param grace how long what is to end may take to do so
     */
    Crew(String name, int most, int line, Duration patience, Duration grace) {
        this.most = most;
        this.line = line;
        this.patienceNanos = patience.toNanos();
        this.graceNanos = grace.toNanos();
        this.threads = new ThreadPoolExecutor(most, most, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name(name + "-", 0).daemon().factory());
        this.threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs the work, waiting for a thread if the line is not full.
     *
     * @param chain that it is about
     * @param none the answer when there was no place for it; it says when the line may have gone, if that takes long
     * @throws InterruptedException when the caller is to stop; what ran was interrupted, and has ended unless it took too long
     */
    Ran run(Chain chain, Work work, Busy none) throws InterruptedException {
        Turn turn = new Turn(chain, work);
        return turn.enter() ? turn.await(none) : full(none);
    }

    /**
     * Pages from the store would else ask again each second, and be stored again each time, while a slow line does not move. None waits
     * in line for longer than its patience, so that there is room by then.
     */
    private Busy full(Busy none) {
        long nanos = locked(() -> Math.min(patienceNanos, meanNanos / most * (fresh + stored)));
        return nanos < WAIT_MIN_NANOS ? none : new Busy(none.problem(), TimeUnit.NANOSECONDS.toMillis(nanos));
    }

    /** How many of either kind may run or wait. */
    int capacity() {
        return most + line;
    }

    int busy() {
        return locked(() -> running);
    }

    int waiting() {
        return locked(() -> fresh + stored);
    }

    /** Threads that were left alone and have not ended. */
    int abandoned() {
        return locked(() -> abandoned);
    }

    private <T> T locked(Supplier<T> what) {
        lock.lock();
        try {
            return what.get();
        } finally {
            lock.unlock();
        }
    }

    /** Interrupts what runs, and waits for its end as long as it may take. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        List<Runnable> waiting = threads.shutdownNow();
        waiting.forEach(turn -> ((Turn) turn).refuse());
        try {
            if (!threads.awaitTermination(graceNanos, TimeUnit.NANOSECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "processors did not end threads={0}", threads.getActiveCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One caller's turn: waits in line, then runs on a thread while the caller waits for it. */
    final class Turn implements Runnable {
        private final Chain chain;
        private final Work work;
        // Guarded by the lock.
        private final Condition changed = lock.newCondition();
        private State state = State.WAITING;
        private boolean free; // a thread was, so that it waits for nothing but the system
        private @Nullable Thread runner;
        private @Nullable Ran ran;
        private @Nullable Throwable fault;
        private @Nullable Supplier<Ran> late;
        private long deadline;
        private long wakes;
        private boolean stopping; // it was to end: what it does from now on is for nobody

        private Turn(Chain chain, Work work) {
            this.chain = chain;
            this.work = work;
        }

        private boolean enter() {
            lock.lock();
            try {
                free = running + fresh + stored < most;
                if (!free && (chain.stored() ? stored : fresh) >= line) {
                    return false;
                }
                inLine(1);
                threads.execute(this); // before the next one enters, who comes after
                return true;
            } catch (RejectedExecutionException e) {
                refuse();
                return true;
            } catch (OutOfMemoryError e) { // the system gives no more threads
                refuse();
                throw e;
            } finally {
                lock.unlock();
            }
        }

        private void inLine(int more) {
            if (chain.stored()) {
                stored += more;
            } else {
                fresh += more;
            }
        }

        /**
         * From now on it must be over by {@link #calm} or the end within that time, or it is ended.
         *
         * @param answer what the caller gets then
         * @return whether it may go on; false when it is to end already
         */
        boolean expect(long nanos, Supplier<Ran> answer) {
            lock.lock();
            try {
                if (stopping) {
                    return false;
                }
                late = answer;
                deadline = System.nanoTime() + nanos;
                if (deadline - wakes < 0) {
                    changed.signal();
                }
                return true;
            } finally {
                lock.unlock();
            }
        }

        /** Nothing is expected any more. */
        void calm() {
            lock.lock();
            late = null;
            lock.unlock();
        }

        @Override
        public void run() {
            lock.lock();
            try {
                if (state != State.WAITING) {
                    return; // its caller has left
                }
                inLine(-1);
                running++;
                state = State.RUNNING;
                runner = Thread.currentThread();
            } finally {
                lock.unlock();
            }
            long began = System.nanoTime();
            Ran result = null;
            Throwable thrown = null;
            try {
                result = work.run(this);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error e) {
                thrown = e;
            } finally {
                end(result, thrown, System.nanoTime() - began);
            }
        }

        private void end(@Nullable Ran result, @Nullable Throwable thrown, long tookNanos) {
            lock.lock();
            try {
                meanNanos += (tookNanos - meanNanos) / MEAN_OF;
                Thread.interrupted(); // it was meant for this turn, and is over with it
                runner = null;
                ran = closed ? null : result; // which may have come of the interrupt, in whatever way it was taken
                fault = thrown;
                if (state == State.ABANDONED) {
                    abandoned--;
                    threads.setCorePoolSize(most + abandoned);
                    threads.setMaximumPoolSize(most + abandoned);
                } else {
                    running--;
                    state = State.ENDED;
                    changed.signal();
                }
            } finally {
                lock.unlock();
            }
        }

        /** There is no thread for it any more. */
        private void refuse() {
            lock.lock();
            try {
                if (state == State.WAITING) {
                    inLine(-1);
                    state = State.ENDED;
                    changed.signal();
                }
            } finally {
                lock.unlock();
            }
        }

        private Ran await(Busy none) throws InterruptedException {
            long came = System.nanoTime();
            lock.lock();
            try {
                while (state != State.ENDED) {
                    long now = System.nanoTime();
                    long left = FOREVER;
                    if (state == State.WAITING && !free) {
                        left = patienceNanos - (now - came);
                    } else if (late != null) {
                        left = deadline - now;
                    }
                    if (left <= 0) {
                        Supplier<Ran> answer = late;
                        return stop() || answer == null ? none : answer.get();
                    }
                    wakes = now + left;
                    changed.awaitNanos(left);
                }
            } catch (InterruptedException e) {
                stop();
                throw e;
            } finally {
                lock.unlock();
            }
            if (fault != null) {
                throw new IllegalStateException("what ran on a thread of the pool failed", fault);
            }
            return ran == null ? STOPS : ran;
        }

        /** Leaves the line, which is true, or ends what runs. */
        private boolean stop() {
            if (state == State.WAITING) {
                inLine(-1);
                state = State.ENDED;
                threads.remove(this);
                return true;
            }
            Thread thread = runner;
            if (thread == null) {
                return false;
            }
            stopping = true;
            thread.interrupt();
            long end = System.nanoTime() + graceNanos;
            boolean interrupted = false;
            for (long left = graceNanos; state != State.ENDED && left > 0; left = end - System.nanoTime()) {
                try {
                    changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (state != State.ENDED) {
                state = State.ABANDONED;
                running--;
                abandoned++;
                threads.setMaximumPoolSize(most + abandoned);
                threads.setCorePoolSize(most + abandoned);
                LOG.log(System.Logger.Level.WARNING, "processor does not end task={0} abandoned={1}",
                        chain.facts().taskId(), abandoned);
            }
            return false;
        }
    }

    private enum State {
        WAITING, RUNNING, ENDED, ABANDONED
    }
}
