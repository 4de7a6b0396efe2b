package dev.fetchback.work;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/** When the queues of a lane want to be looked at again. Guarded by the lane's lock. */
final class LaneTimers {
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long seenAt;

    private record Timer(long at, LaneQueue queue) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return Long.compare(at, other.at);
        }
    }

    /** Sets one at {@code at}, Unix milliseconds, unless there is an earlier one; true when it is the first of all. */
    boolean set(LaneQueue queue, long at) {
        if (queue.timerAt != 0 && at >= queue.timerAt) {
            return false;
        }
        queue.timerAt = at;
        timers.add(new Timer(at, queue));
        return timers.peek().queue() == queue;
    }

    /** The queues whose time has come; all of them after the clock was set back, as nobody knows what their times mean then. */
    List<LaneQueue> due(long now) {
        boolean setBack = now < seenAt;
        seenAt = now;
        List<LaneQueue> due = new ArrayList<>();
        while (!timers.isEmpty() && (setBack || timers.peek().at() <= now)) {
            LaneQueue queue = timers.poll().queue();
            queue.timerAt = 0;
            due.add(queue);
        }
        return due;
    }

    /** The earliest, Unix milliseconds; {@link Long#MAX_VALUE} without any. */
    long next() {
        return timers.isEmpty() ? Long.MAX_VALUE : timers.peek().at();
    }
}
