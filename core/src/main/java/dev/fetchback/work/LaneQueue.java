package dev.fetchback.work;

import dev.fetchback.store.StoredTask;
import dev.fetchback.task.TaskId;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;

/** One queue of a lane while it has anything in memory. Guarded by the lane's lock. */
final class LaneQueue {
    final String name;
    final Pace pace;
    /** Tasks that wait for their turn. */
    final ArrayDeque<Item> ready = new ArrayDeque<>();
    /** Tasks read from the store whose start is not on disk yet: the store still shows them as waiting. */
    final Set<TaskId> loaded = new HashSet<>();
    /** Begun ahead: their commit is under way. */
    int reserved;
    int running;
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
    /** The earliest timer set for it, so that none is set twice; 0 for none. */
    long timerAt;

    LaneQueue(String name, Pace pace) {
        this.name = name;
        this.pace = pace;
    }

    boolean empty() {
        return ready.isEmpty() && reserved == 0 && running == 0 && !stored && !hungry && !loading;
    }

    /** Leaves to the store what is only waiting there; returns how many tasks that were. */
    int close() {
        closed = true;
        int before = ready.size();
        for (Iterator<Item> items = ready.iterator(); items.hasNext(); ) {
            Item item = items.next();
            if (!item.begun()) {
                items.remove();
                loaded.remove(item.task().task().id());
                stored = true;
            }
        }
        return before - ready.size();
    }

    /**
     * A task in memory.
     *
     * @param task it
     * @param begun whether its start is on disk already
     */
    record Item(StoredTask task, boolean begun) {}
}
