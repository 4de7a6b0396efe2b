package dev.fetchback.work;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Queues that wait for a place by key, a line for each key. When a place becomes free the first of the line has the call: it tries
 * to take the place and calls the next, until one is refused; from then on {@link Permits} tells of the next free place. So a free
 * place is never forgotten while somebody stands in line, and nobody is looked at who has no chance. Guarded by the lane's lock.
 */
final class PermitLines {
    private final Map<Object, ArrayDeque<LaneQueue>> lines = new HashMap<>();

    /** A queue was refused a place at {@code key}: it stands in line, first if it had the call. */
    void stand(LaneQueue queue, Object key) {
        boolean called = key.equals(queue.called);
        queue.called = null;
        if (queue.inLine) {
            return;
        }
        queue.inLine = true;
        ArrayDeque<LaneQueue> line = lines.computeIfAbsent(key, k -> new ArrayDeque<>());
        if (called) {
            line.addFirst(queue);
        } else {
            line.addLast(queue);
        }
    }

    /** Calls the first in line for {@code key}; null when there is none. */
    @Nullable LaneQueue call(Object key) {
        ArrayDeque<LaneQueue> line = lines.get(key);
        if (line == null) {
            return null;
        }
        LaneQueue queue = line.remove();
        queue.inLine = false;
        queue.called = key;
        if (line.isEmpty()) {
            lines.remove(key);
        }
        return queue;
    }
}
