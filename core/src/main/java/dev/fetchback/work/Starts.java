package dev.fetchback.work;

import dev.fetchback.work.LaneQueue.Item;
import java.util.ArrayList;
import java.util.List;

/** What was picked under the lane's lock, to be done without it. */
final class Starts {
    private final Lane.Starter starter;
    private final List<Item> begun = new ArrayList<>(1);
    private final List<Item> waiting = new ArrayList<>(0);
    private final List<Item> returned = new ArrayList<>(0);

    Starts(Lane.Starter starter) {
        this.starter = starter;
    }

    void add(Item item) {
        (item.begun ? begun : waiting).add(item);
    }

    /** One was begun ahead and is not to wait in memory. */
    void giveBack(Item item) {
        returned.add(item);
    }

    void run() {
        for (Item item : begun) {
            starter.launch(item);
        }
        if (!waiting.isEmpty()) {
            starter.start(waiting);
        }
        for (Item item : returned) {
            starter.giveBack(item);
        }
    }
}
