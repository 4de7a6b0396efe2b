package dev.fetchback.work;

import dev.fetchback.store.StoredTask;
import java.util.ArrayList;
import java.util.List;

/** Tasks picked under the lane's lock, to be started without it. */
final class Starts {
    private final Lane.Starter starter;
    private final List<StoredTask> begun = new ArrayList<>(1);
    private final List<StoredTask> waiting = new ArrayList<>(0);

    Starts(Lane.Starter starter) {
        this.starter = starter;
    }

    void add(LaneQueue.Item item) {
        (item.begun() ? begun : waiting).add(item.task());
    }

    void run() {
        for (StoredTask task : begun) {
            starter.launch(task);
        }
        if (!waiting.isEmpty()) {
            starter.start(waiting);
        }
    }
}
