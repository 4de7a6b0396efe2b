package dev.fetchback.process;

import dev.fetchback.process.Ran.Broken;
import dev.fetchback.process.Ran.Busy;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.task.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs chains on threads of the system, for code that is trusted and light: a virtual thread that computes would keep a carrier.
 * A use that takes too long is interrupted. A thread that goes on all the same is left alone and another takes its place, as
 * nothing can end it; of those there may be as many as there are places.
 */
final class ThreadPool implements Pool {
    private static final System.Logger LOG = System.getLogger(ThreadPool.class.getName());
    private static final long IDLE_SECONDS = 10;
    private static final long GRACE_MILLIS = 100; // for code that ends when it is interrupted
    private static final long UNAVAILABLE_MILLIS = 5_000; // until a thread that was left alone may have ended

    private final Places places;
    private final int abandonedMax;
    private final AtomicInteger abandoned = new AtomicInteger();
    private final Function<String, @Nullable Processor> processors;
    private final ThreadPoolExecutor threads;
    private final ProcessMetrics metrics;

    ThreadPool(ProcessSettings settings, Function<String, @Nullable Processor> processors, ProcessMetrics metrics) {
        this.metrics = metrics;
        int most = settings.threads();
        this.places = new Places(most, settings.queue(), settings.patience());
        this.abandonedMax = most;
        this.processors = processors;
        this.threads = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
                Thread.ofPlatform().name("process-", 0).daemon().factory());
    }

    @Override
    public Ran run(Chain chain) throws InterruptedException {
        if (abandoned.get() >= abandonedMax) {
            return new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "processors on threads do not end"), UNAVAILABLE_MILLIS);
        }
        if (!places.enter(chain.stored())) {
            return new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "all threads for processors are busy"), 0);
        }
        long began = System.nanoTime();
        try {
            Attempt attempt = new Attempt(chain);
            threads.execute(attempt);
            return attempt.await();
        } catch (RejectedExecutionException e) {
            return new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "the server stops"), UNAVAILABLE_MILLIS);
        } finally {
            places.leave();
            metrics.took("threads", System.nanoTime() - began);
        }
    }

    @Override
    public int capacity() {
        return places.capacity();
    }

    Places places() {
        return places;
    }

    /** Threads that were left alone and have not ended. */
    int abandoned() {
        return abandoned.get();
    }

    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(GRACE_MILLIS, TimeUnit.MILLISECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "processors did not end threads={0}", threads.getActiveCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One chain on its thread, and the caller that waits for it. */
    private final class Attempt implements Runnable, ChainRun.Progress {
        private final Chain chain;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final List<Outcome> outcomes = new ArrayList<>();
        private @Nullable Thread runner;
        private int begun = -1;
        private boolean done;
        private boolean left;

        Attempt(Chain chain) {
            this.chain = chain;
        }

        @Override
        public void run() {
            set(() -> runner = Thread.currentThread());
            try {
                ChainRun.run(chain, processors, this);
            } finally {
                set(() -> {
                    done = true;
                    runner = null;
                    if (left) {
                        abandoned.decrementAndGet();
                    }
                });
                Thread.interrupted(); // the next chain on this thread is not meant
            }
        }

        @Override
        public void begins(int index) {
            set(() -> begun = index);
        }

        @Override
        public void ended(Outcome outcome) {
            set(() -> outcomes.add(outcome));
        }

        private void set(Runnable change) {
            lock.lock();
            try {
                change.run();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        Ran await() throws InterruptedException {
            lock.lock();
            try {
                for (int index = 0; !done; index++) {
                    if (!awaitUse(index)) {
                        List<Outcome> before = List.copyOf(outcomes);
                        end();
                        return new Ended(before, new Broken(Failures.of(Problem.PROCESS_TIMEOUT,
                                "it took longer than " + chain.links().get(index).timeout().toMillis() + " ms"), false));
                    }
                }
                return new Ended(outcomes, null);
            } catch (InterruptedException e) {
                end();
                throw e;
            } finally {
                lock.unlock();
            }
        }

        /** Waits until the use has ended; false when its time was up. */
        private boolean awaitUse(int index) throws InterruptedException {
            while (!done && begun < index) {
                changed.await();
            }
            long left = done ? 0 : chain.links().get(index).timeout().toNanos();
            while (!done && begun == index && outcomes.size() <= index) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        }

        /** Interrupts the thread; one that does not end soon is left alone. */
        private void end() {
            Thread thread = runner;
            if (done || thread == null) {
                return;
            }
            thread.interrupt();
            long nanos = TimeUnit.MILLISECONDS.toNanos(GRACE_MILLIS);
            try {
                while (!done && nanos > 0) {
                    nanos = changed.awaitNanos(nanos);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (!done) {
                left = true;
                abandoned.incrementAndGet();
                LOG.log(System.Logger.Level.WARNING, "processor does not end task={0} abandoned={1}",
                        chain.facts().taskId(), abandoned.get());
            }
        }
    }
}
