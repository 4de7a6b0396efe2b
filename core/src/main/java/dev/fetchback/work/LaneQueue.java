package dev.fetchback.work;

import dev.fetchback.store.StoredTask;
import dev.fetchback.task.TaskId;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One queue of a lane while it has anything in memory. Guarded by the lane's lock. */
final class LaneQueue {
    final String name;
    final Pace pace;
    /** So many are read from the store at once. */
    final int loadAtOnce;
    /** Tasks that wait for their turn. */
    final ArrayDeque<Item> ready = new ArrayDeque<>();
    /** Tasks read from the store whose start is not on disk yet: the store still shows them as waiting. */
    final Set<TaskId> loaded = new HashSet<>();
    /** Begun ahead: their commit is under way. */
    int reserved;
    int running;
    /** Running tasks of other queues that wait to get in here, before the tasks of this one. */
    int visitors;
    /** The store may hold due tasks that are not in memory. */
    boolean stored;
    /** It is being read from the store just now. */
    boolean loading;
    /** When the store was last read for it, Unix milliseconds: what it held besides was not due then. */
    long emptiedAt;
    /** It stands in the ring of queues that can start something. */
    boolean listed;
    /** It waits to be loaded. */
    boolean hungry;
    /** It opens so late that nothing is loaded for it before its timer. */
    boolean closed;
    /** It waits in line for a place; what is ready of it was begun ahead. */
    boolean inLine;
    /** The key of a place that is free, for which it was called out of the line; null for none. */
    @Nullable Object called;
    /** It counts among the queues that have no task and are remembered for long. */
    boolean idle;
    /** The earliest timer set for it, so that none is set twice; 0 for none. */
    long timerAt;

    LaneQueue(String name, Pace pace) {
        this.name = name;
        this.pace = pace;
        this.loadAtOnce = LaneSettings.loadAtOnce(pace.width());
    }

    boolean empty() {
        return !inLine && called == null && visitors == 0 && ready.isEmpty() && reserved == 0 && running == 0 && !stored && !hungry && !loading;
    }

    /** Leaves to the store what is only waiting there; returns how many tasks that were. */
    int close() {
        closed = true;
        int before = ready.size();
        for (Iterator<Item> items = ready.iterator(); items.hasNext(); ) {
            Item item = items.next();
            if (!item.begun) {
                items.remove();
                loaded.remove(item.task.task().id());
                stored = true;
            }
        }
        return before - ready.size();
    }

    /** A task in memory. */
    static final class Item {
        final StoredTask task;
        /** Whether its start is on disk already. */
        final boolean begun;
        /** What its queue's pace took for it besides a place of the queue; null for nothing. */
        @Nullable Object permit;

        Item(StoredTask task, boolean begun) {
            this.task = task;
            this.begun = begun;
        }
    }
}
