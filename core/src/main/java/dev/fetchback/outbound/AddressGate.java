package dev.fetchback.outbound;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How many connections to one address may be in use at once, over all host names that lead there. */
final class AddressGate {
    private final int permits;
    private final ConcurrentHashMap<InetAddress, Slot> slots = new ConcurrentHashMap<>();

    /** @param permits 0 is no limit */
    AddressGate(int permits) {
        this.permits = permits;
    }

    /** Waits for a place, in order of arrival; false when none was free in time. Give it back with {@link #leave}. */
    boolean enter(InetAddress address, long waitNanos) throws InterruptedException {
        if (permits == 0) {
            return true;
        }
        Slot slot = slots.compute(address, (_, old) -> {
            Slot one = old == null ? new Slot(permits) : old;
            one.users++;
            return one;
        });
        boolean entered = false;
        try {
            entered = slot.tryAcquire(waitNanos, TimeUnit.NANOSECONDS);
            return entered;
        } finally {
            if (!entered) {
                forget(address);
            }
        }
    }

    void leave(InetAddress address) {
        if (permits == 0) {
            return;
        }
        Slot slot = slots.get(address);
        if (slot == null) {
            throw new IllegalStateException("no place at " + address + " was taken");
        }
        slot.release();
        forget(address);
    }

    int addresses() {
        return slots.size();
    }

    /** Callers that wait for a place now. */
    int waiting() {
        return slots.values().stream().mapToInt(Slot::getQueueLength).sum();
    }

    private void forget(InetAddress address) {
        slots.compute(address, (_, slot) -> slot == null || --slot.users == 0 ? null : slot);
    }

    private static final class Slot extends Semaphore {
        private static final long serialVersionUID = 1L;

        /** Inside or waiting; changed under the map's lock only. */
        private int users;

        Slot(int permits) {
            super(permits, true);
        }
    }
}
