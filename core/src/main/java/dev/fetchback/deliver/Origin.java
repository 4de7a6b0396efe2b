package dev.fetchback.deliver;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The endpoints of one scheme, host and port: they share a lock and a larger cap. Guarded by its lock. */
final class Origin {
    /**
     * An endpoint with nothing under way may start although the cap is reached, up to this many times the cap: slow endpoints
     * must not keep another customer's at the same host from being served at all.
     */
    private static final int RESERVE = 2;

    final ReentrantLock lock = new ReentrantLock();
    final Condition room = lock.newCondition();

    private final String name;
    private final int cap;
    private int inFlight;

    Origin(String name, int cap) {
        this.name = name;
        this.cap = cap;
    }

    String name() {
        return name;
    }

    /** Takes a place for an endpoint that has {@code others} under way already. */
    boolean tryTake(int others) {
        if (inFlight >= (others == 0 ? cap * RESERVE : cap)) {
            return false;
        }
        inFlight++;
        return true;
    }

    void giveBack() {
        inFlight--;
    }
}
