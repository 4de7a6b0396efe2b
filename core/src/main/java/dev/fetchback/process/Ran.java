package dev.fetchback.process;

import dev.fetchback.task.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of a chain. */
sealed interface Ran {
    /**
     * It began.
     *
     * @param outcomes one for each use that ended by itself, in order: all of them unless one failed that ends the chain, or it
     *     broke
     * @param broken what ended the next use from outside; null when nothing did
     */
    record Ended(List<Outcome> outcomes, @Nullable Broken broken) implements Ran {
        /** Copies the outcomes. */
        public Ended {
            outcomes = List.copyOf(outcomes);
        }
    }

    /**
     * It did not begin.
     *
     * @param problem why
     * @param waitMillis how long it makes no sense to ask again; 0 when a place may come at any time
     */
    record Busy(Problem problem, long waitMillis) implements Ran {}

    /**
     * A use that was ended.
     *
     * @param problem how
     * @param again whether another try may help: it took its process down, which may have been another's doing, or said so
     */
    record Broken(Problem problem, boolean again) {}

    /** What came of one use. */
    sealed interface Outcome {
        /** @param json one value in UTF-8 */
        record Value(byte[] json) implements Outcome {}

        /** @param problem the processor's own failure, which would come again */
        record Failed(Problem problem) implements Outcome {}
    }
}
