package dev.fetchback.process;

import dev.fetchback.process.Ran.Broken;
import dev.fetchback.process.Ran.Busy;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.task.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs chains on threads of the system, for code that is trusted and light: a virtual thread that computes would keep a carrier.
 * A use that takes too long is interrupted. A thread that goes on all the same is left alone and another takes its place, as
 * nothing can end it; of those there may be as many as there are places.
 */
final class ThreadPool implements Pool {
    private static final Duration GRACE = Duration.ofMillis(100); // for code that ends when it is interrupted
    private static final long UNAVAILABLE_MILLIS = 5_000; // until a thread that was left alone may have ended
    private static final Busy FULL = new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "all threads for processors are busy"), 0);

    private final Crew crew;
    private final int abandonedMax;
    private final Function<String, @Nullable Processor> processors;
    private final ProcessMetrics metrics;

    ThreadPool(ProcessSettings settings, Function<String, @Nullable Processor> processors, ProcessMetrics metrics) {
        this.metrics = metrics;
        this.abandonedMax = settings.threads();
        this.crew = new Crew("process", settings.threads(), settings.queue(), settings.patience(), GRACE);
        this.processors = processors;
    }

    @Override
    public Ran run(Chain chain) throws InterruptedException {
        if (crew.abandoned() >= abandonedMax) {
            return new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "processors on threads do not end"), UNAVAILABLE_MILLIS);
        }
        return crew.run(chain, turn -> new Attempt(chain, turn).go(), FULL);
    }

    @Override
    public int capacity() {
        return crew.capacity();
    }

    Crew crew() {
        return crew;
    }

    @Override
    public void close() {
        crew.close();
    }

    /** One chain on its thread. */
    private final class Attempt implements ChainRun.Progress {
        private final Chain chain;
        private final Crew.Turn turn;
        private final List<Outcome> outcomes = new ArrayList<>();

        Attempt(Chain chain, Crew.Turn turn) {
            this.chain = chain;
            this.turn = turn;
        }

        Ran go() {
            long began = System.nanoTime();
            try {
                ChainRun.run(chain, processors, this);
                return new Ended(outcomes, null);
            } finally {
                metrics.took("threads", System.nanoTime() - began);
            }
        }

        @Override
        public boolean begins(int index) {
            Duration timeout = chain.links().get(index).timeout();
            List<Outcome> before = List.copyOf(outcomes);
            return turn.expect(timeout.toNanos(), () -> new Ended(before, new Broken(
                    Failures.of(Problem.PROCESS_TIMEOUT, "it took longer than " + timeout.toMillis() + " ms"), false)));
        }

        @Override
        public void ended(Outcome outcome) {
            turn.calm();
            outcomes.add(outcome);
        }
    }
}
