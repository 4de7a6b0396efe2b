package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.Store;
import dev.fetchback.task.Event;
import dev.fetchback.task.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;

/** Takes back what owners that are no more left unfinished. */
final class Reclaims {
    private static final int AT_ONCE = 1_000;

    private final Store store;
    private final Committer committer;
    private final BiFunction<Task, Event, Optional<Task>> next;
    private final AtomicBoolean due = new AtomicBoolean();

    Reclaims(Store store, Committer committer, BiFunction<Task, Event, Optional<Task>> next) {
        this.store = store;
        this.committer = committer;
        this.next = next;
    }

    /** There may be something; {@link #turn} must be called soon. From any thread. */
    void soon() {
        due.set(true);
    }

    /** Takes back what there may be; false when nobody said so. */
    boolean turn() {
        if (!due.getAndSet(false)) {
            return false;
        }
        try {
            run();
        } catch (RuntimeException e) {
            due.set(true); // whoever calls this tries again in a moment
            throw e;
        }
        return true;
    }

    void run() {
        List<Task> orphans = store.orphans(AT_ONCE);
        while (!orphans.isEmpty()) {
            List<Change> moves = new ArrayList<>(orphans.size());
            for (Task orphan : orphans) {
                next.apply(orphan, new Event.Reclaimed(store.epoch())).ifPresent(after -> moves.add(new Change.Move(orphan, after, null)));
            }
            if (moves.isEmpty()) {
                return; // this owner was taken for dead itself, and has begun anew
            }
            committer.commit(moves);
            orphans = store.orphans(AT_ONCE);
        }
    }
}
