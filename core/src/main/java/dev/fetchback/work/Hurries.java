package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.QueueKey;
import dev.fetchback.store.Result;
import dev.fetchback.task.Stage;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** Makes the tasks due that were put off while their receiver was stopped. Blocks; safe for many threads. */
final class Hurries {
    /** Tasks of one change: a commit of others waits some 10 ms for it. */
    private static final int AT_ONCE = 1_000;
    /** Bounds one run at 10 million tasks, also while more are being put off. */
    private static final int CHANGES_MAX = 10_000;

    private final Committer committer;
    private final LongSupplier clock;
    private final Lane deliveries;
    private final Set<String> underWay = ConcurrentHashMap.newKeySet();

    Hurries(Committer committer, LongSupplier clock, Lane deliveries) {
        this.committer = committer;
        this.clock = clock;
        this.deliveries = deliveries;
    }

    /** Hurries one receiver's tasks, a change after the other; does nothing while that goes on already. */
    void run(String receiver) {
        if (!underWay.add(receiver)) {
            return;
        }
        try {
            QueueKey queue = new QueueKey(Stage.DELIVER, receiver);
            boolean more = true;
            for (int i = 0; more && i < CHANGES_MAX; i++) {
                long now = clock.getAsLong();
                Result result = committer.commit(List.of(new Change.Hurry(queue, now, AT_ONCE))).getFirst();
                more = result instanceof Result.Applied;
                deliveries.waits(receiver, now);
            }
        } finally {
            underWay.remove(receiver);
        }
    }
}
