package dev.fetchback.work;

import java.time.Duration;

/** The visits of one fetch, in the lane that it was started by. Belongs to the fetch's thread. */
final class HostVisit implements Visit {
    /** A host's usual gap is half a second; whoever waits holds a place among the fetches meanwhile. */
    private static final Duration PATIENCE_MAX = Duration.ofSeconds(5);

    private final LaneVisits visits;
    private final String home;
    private String at;
    private boolean sent;

    HostVisit(LaneVisits visits, String home) {
        this.visits = visits;
        this.home = home;
        this.at = home;
    }

    @Override
    public long move(String host, Duration patience) throws InterruptedException {
        if (host.equals(at)) {
            return 0;
        }
        end();
        if (host.equals(home)) {
            return 0;
        }
        Duration half = patience.dividedBy(2); // the page needs time too
        long again = visits.begin(home, host, half.compareTo(PATIENCE_MAX) < 0 ? half : PATIENCE_MAX);
        if (again == 0) {
            at = host;
        }
        return again;
    }

    @Override
    public void keepDistance(Duration patience) throws InterruptedException {
        if (!sent) {
            sent = true;
            visits.keepDistance(home, patience.dividedBy(2));
        }
    }

    /** Goes home; must come before the task gives back its place there. */
    void end() {
        if (!at.equals(home)) {
            visits.end(home, at);
            at = home;
        }
    }
}
