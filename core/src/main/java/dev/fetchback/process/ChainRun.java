package dev.fetchback.process;

import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.task.Problem;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Runs a chain on the calling thread, wherever that is. */
final class ChainRun {
    private ChainRun() {}

    /** Who is told how far it is. */
    interface Progress {
        /** The use at {@code index} begins, and its time with it; whether it may, as the chain may be over for who is told. */
        boolean begins(int index);

        /** The one that began last ended. */
        void ended(Outcome outcome);
    }

    /**
     * Runs all uses, or those up to the first failure that ends the chain.
     *
     * @param processors by name; null when there is none
     * @return whether one failed in a way that may have left more behind than its own failure
     */
    static boolean run(Chain chain, Function<String, @Nullable Processor> processors, Progress progress) {
        FetchedPage page = new FetchedPage(chain.facts(), chain.page());
        int room = chain.resultMax();
        int index = 0;
        boolean broken = false;
        for (Chain.Link link : chain.links()) {
            if (!progress.begins(index++)) {
                break;
            }
            Outcome outcome;
            try {
                outcome = one(link, processors.apply(link.processor()), page, room);
            } catch (StackOverflowError | LinkageError | AssertionError e) {
                outcome = new Outcome.Failed(Failures.thrown(e));
                broken = true;
            }
            progress.ended(outcome);
            if (outcome instanceof Outcome.Value value) {
                room -= value.json().length;
            } else if (!link.goesOn()) {
                break;
            }
        }
        return broken;
    }

    private static Outcome one(Chain.Link link, @Nullable Processor processor, FetchedPage page, int room) {
        if (processor == null) {
            return failed(Problem.PROCESS_UNKNOWN, "the processor '" + link.processor() + "' is not there any more");
        }
        try {
            return new Outcome.Value(Json.bytes(processor.prepare(Json.object(link.options())).run(page), room));
        } catch (BadOption e) {
            return failed(Problem.PROCESS_FAILED, "its option '" + e.pointer() + "' is not allowed any more: " + e.getMessage());
        } catch (BadResult e) {
            return failed(e.code(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Outcome.Failed(Failures.thrown(e));
        } catch (Exception e) {
            return new Outcome.Failed(Failures.thrown(e));
        }
    }

    private static Outcome failed(String code, @Nullable String detail) {
        Problem problem = Failures.of(code, detail == null ? "" : detail);
        return new Outcome.Failed(problem);
    }
}
