package dev.fetchback.work;

import dev.fetchback.task.Outcome;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts the tasks that ended since the start. */
final class Endings {
    private final Map<Phase, LongAdder> byPhase = new EnumMap<>(Phase.class);
    private final LongAdder unchanged = new LongAdder();

    Endings() {
        for (Phase phase : Phase.values()) {
            if (phase.terminal()) {
                byPhase.put(phase, new LongAdder());
            }
        }
    }

    void count(Task ended) {
        byPhase.get(ended.phase()).increment();
        if (ended.progress().outcome() instanceof Outcome.Unchanged) {
            unchanged.increment();
        }
    }

    Map<Phase, Long> byPhase() {
        Map<Phase, Long> counts = new EnumMap<>(Phase.class);
        byPhase.forEach((phase, count) -> counts.put(phase, count.sum()));
        return counts;
    }

    long unchanged() {
        return unchanged.sum();
    }
}
