package dev.fetchback.work;

import dev.fetchback.store.StoredTask;

/**
 * The pace of a queue that nothing holds up but the places of its lane.
 *
 * @param width places of the lane
 */
record OpenPace(int width) implements Pace {
    @Override
    public long opensAt(long now) {
        return now;
    }

    @Override
    public long enter(StoredTask next, long now) {
        return now;
    }

    @Override
    public void leave(long now, boolean ran) {}

    @Override
    public WaitingOn waitingOn(long now) {
        return new WaitingOn(WaitingOn.Kind.TURN, 0);
    }

    @Override
    public void slowTo(long millis, long now) {}

    @Override
    public int window() {
        return 0;
    }
}
