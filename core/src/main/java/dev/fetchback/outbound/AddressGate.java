package dev.fetchback.outbound;

import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How many connections to one address may be in use at once, over all host names that lead there. Whoever asks says how many may be:
 * one host's may be more than another's. Places go first to those that wait here, in order of arrival, then to whoever listens, then
 * to newcomers.
 */
public final class AddressGate {
    private final int usual;
    private final ConcurrentHashMap<InetAddress, Slot> slots = new ConcurrentHashMap<>();
    private volatile Consumer<InetAddress> freed = address -> {};

    /** @param usual the limit for those that have none of their own; 0 is no limit for anybody */
    AddressGate(int usual) {
        this.usual = usual;
    }

    /** What was set as the usual limit; 0 is no limit. */
    int usual() {
        return usual;
    }

    /** Hears of an address with a free place, once for each time that {@link #take} refused; called on the thread that gave it back. */
    public void listen(Consumer<InetAddress> listener) {
        this.freed = listener;
    }

    /** Takes a place without waiting; false when {@code limit} are taken, and then the listener hears of the next that is free. */
    public boolean take(InetAddress address, int limit) {
        return tryEnter(address, limit, true);
    }

    /** Whether fewer than {@code limit} places are taken. */
    public boolean free(InetAddress address, int limit) {
        Slot slot = slots.get(address);
        return slot == null || !slot.full(limit);
    }

    /** Takes a place without waiting; false when {@code limit} are taken, or when the listener waits for one. */
    boolean tryEnter(InetAddress address, int limit) {
        return tryEnter(address, limit, false);
    }

    private boolean tryEnter(InetAddress address, int limit, boolean listens) {
        if (usual == 0) {
            return true;
        }
        Slot slot = hold(address);
        boolean entered = slot.tryEnter(limit, listens);
        if (!entered) {
            letGo(address);
        }
        return entered;
    }

    /** Waits for a place, in order of arrival; false when none was free in time. Give it back with {@link #leave}. */
    boolean enter(InetAddress address, int limit, long waitNanos) throws InterruptedException {
        if (usual == 0) {
            return true;
        }
        Slot slot = hold(address);
        boolean entered = false;
        try {
            entered = slot.enter(limit, waitNanos);
            return entered;
        } finally {
            if (!entered) {
                letGo(address);
            }
        }
    }

    /** Gives a place back. */
    public void leave(InetAddress address) {
        if (usual == 0) {
            return;
        }
        Slot slot = slots.get(address);
        if (slot == null) {
            throw new IllegalStateException("no place at " + address + " was taken");
        }
        boolean wanted = slot.leave();
        letGo(address);
        if (wanted) {
            freed.accept(address);
        }
    }

    /** How many wait at an address. */
    int line(InetAddress address) {
        Slot slot = slots.get(address);
        return slot == null ? 0 : slot.waiting();
    }

    int addresses() {
        return slots.size();
    }

    /** Callers that wait for a place now. */
    int waiting() {
        return slots.values().stream().mapToInt(Slot::waiting).sum();
    }

    private Slot hold(InetAddress address) {
        return slots.compute(address, (_, old) -> {
            Slot one = old == null ? new Slot() : old;
            one.users++;
            return one;
        });
    }

    private void letGo(InetAddress address) {
        slots.compute(address, (_, slot) -> slot == null || --slot.users == 0 ? null : slot);
    }

    /** The places of one address; its own lock is held for moments only. */
    private static final class Slot {
        /** Inside or asking; changed under the map's lock only. */
        private int users;

        private int inside;
        private boolean wanted;
        private @Nullable ArrayDeque<Waiter> line;

        private static final class Waiter {
            private final int limit;
            private boolean in;

            Waiter(int limit) {
                this.limit = limit;
            }
        }

        /** Whether as many are inside as {@code limit} allows; 0 is no limit. */
        synchronized boolean full(int limit) {
            return limit > 0 && inside >= limit;
        }

        synchronized int waiting() {
            return line == null ? 0 : line.size();
        }

        synchronized boolean tryEnter(int limit, boolean listens) {
            if (full(limit)) {
                wanted |= listens;
                return false;
            }
            if (wanted && !listens) {
                return false;
            }
            inside++;
            return true;
        }

        synchronized boolean enter(int limit, long waitNanos) throws InterruptedException {
            if (!full(limit)) {
                inside++;
                return true;
            }
            Waiter waiter = new Waiter(limit);
            ArrayDeque<Waiter> mine = line == null ? new ArrayDeque<>() : line;
            line = mine;
            mine.add(waiter);
            long end = System.nanoTime() + waitNanos;
            try {
                while (!waiter.in) {
                    long left = end - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
                }
                return true;
            } catch (InterruptedException e) {
                if (!waiter.in) {
                    throw e;
                }
                Thread.currentThread().interrupt(); // it gives its place back as anybody else does
                return true;
            } finally {
                mine.remove(waiter);
            }
        }

        /** Gives a place back; true when whoever listens should hear of it. */
        synchronized boolean leave() {
            inside--;
            boolean taken = admit();
            boolean tell = wanted && !taken;
            wanted &= taken;
            return tell;
        }

        /** Lets the first in line in, if its limit allows. */
        private boolean admit() {
            Waiter first = line == null ? null : line.peek();
            if (first == null || full(first.limit)) {
                return false;
            }
            line.remove();
            first.in = true;
            inside++;
            notifyAll();
            return true;
        }
    }
}
