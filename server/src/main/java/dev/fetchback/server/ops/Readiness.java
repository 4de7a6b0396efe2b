package dev.fetchback.server.ops;

import java.time.Duration;
import java.util.List;

/** Says whether this node can take tasks. Asked on every health check, so it must be quick and never block on the disk. */
@FunctionalInterface
public interface Readiness {
    /** The state of this moment. */
    Report report();

    /**
     * What is known of this moment.
     *
     * @param reasons why tasks cannot be accepted, a sentence each; empty when they can
     * @param backlogAge how long the task that is most overdue has been due; zero without a backlog. Reported, never gating
     */
    record Report(List<String> reasons, Duration backlogAge) {
        public Report {
            reasons = List.copyOf(reasons);
        }

        /** Ready, with nothing overdue. */
        public static Report ok() {
            return new Report(List.of(), Duration.ZERO);
        }
    }
}
