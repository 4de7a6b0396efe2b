package dev.fetchback.server.ops;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says whether this node can take tasks. Asked on every health check, so it must be quick and never wait for the store. */
@FunctionalInterface
public interface Readiness {
    /** The state of this moment. */
    Report report();

    /**
     * What is known of this moment.
     *
     * @param reasons why tasks cannot be accepted, a sentence each; empty when they can
     * @param backlogAge how long the task that is most overdue has been due; zero without a backlog, null when the store does not
     *     say. Reported, never gating
     * @param workers the processes that process pages
     */
    record Report(List<String> reasons, @Nullable Duration backlogAge, Workers workers) {
        public Report {
            reasons = List.copyOf(reasons);
        }

        /** Ready, with nothing overdue and no worker processes. */
        public static Report ok() {
            return new Report(List.of(), Duration.ZERO, Workers.NONE);
        }
    }

    /**
     * What is known of the processes that process pages. Reported, never gating: tasks can be accepted all the same.
     *
     * @param isolation each layer and whether it is in force or why not; empty where nothing runs in such a process
     * @param suspended why nothing is processed in them just now, a sentence; null while it is
     */
    record Workers(Map<String, String> isolation, @Nullable String suspended) {
        /** Where there are none. */
        public static final Workers NONE = new Workers(Map.of(), null);
    }
}
