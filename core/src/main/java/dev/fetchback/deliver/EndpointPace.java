package dev.fetchback.deliver;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.work.Pace;
import dev.fetchback.work.WaitingOn;

/** The deliver lane's view of one endpoint. */
final class EndpointPace implements Pace {
    /** What most endpoints may have at once; one that may have more is read more often. */
    private static final int WIDTH = 32;

    private final Endpoints endpoints;
    private final String id;

    EndpointPace(Endpoints endpoints, String id) {
        this.endpoints = endpoints;
        this.id = id;
    }

    @Override
    public long opensAt(long now) {
        Endpoint endpoint = endpoints.find(id);
        return endpoint == null ? 0 : endpoint.opensAt(now);
    }

    @Override
    public long enter(StoredTask next, long now) {
        DeliverOptions deliver = next.spec().deliver();
        try {
            return deliver == null ? now : endpoints.of(id, deliver.to()).hold(now);
        } catch (BadUrl e) {
            return now; // its attempt says so
        }
    }

    /** A delivery that ran has given its place back with what it learned. */
    @Override
    public void leave(long now, boolean ran) {
        Endpoint endpoint = ran ? null : endpoints.find(id);
        if (endpoint != null) {
            endpoint.giveBack();
        }
    }

    @Override
    public WaitingOn waitingOn(long now) {
        long opens = opensAt(now);
        Endpoint endpoint = endpoints.find(id);
        if (endpoint != null && endpoint.stoppedForLong() != null) {
            return new WaitingOn(WaitingOn.Kind.RECEIVER, opens == AFTER_LEAVE ? 0 : opens);
        }
        if (opens == AFTER_LEAVE) {
            return new WaitingOn(WaitingOn.Kind.RECEIVER_LIMIT, 0);
        }
        return opens > now ? new WaitingOn(WaitingOn.Kind.RECEIVER, opens) : new WaitingOn(WaitingOn.Kind.TURN, 0);
    }

    @Override
    public void slowTo(long millis, long now) {
        throw new UnsupportedOperationException("receiver " + id + " has no crawl-delay");
    }

    @Override
    public int width() {
        return WIDTH;
    }

    @Override
    public int window() {
        return 0;
    }
}
