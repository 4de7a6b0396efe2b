package dev.fetchback.store;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Hands changes from many threads to the one that writes: a stack that is pushed with one compare-and-set and taken whole. The
 * taker is woken by the first push while it sleeps; while it naps, only by the first that somebody waits for.
 */
final class Handover {
    /** So many changes end a nap although nobody waits for any of them. */
    static final int NAP_CHANGES_MAX = 256;

    private enum Taker {
        AWAKE,
        NAPS,
        SLEEPS
    }

    private final AtomicReference<@Nullable Entry> top = new AtomicReference<>();
    private volatile Taker state = Taker.AWAKE;
    /** Changes taken but not yet committed; written by the taker only. */
    private volatile int taken;

    private volatile @Nullable Thread taker;

    /** Changes that belong together, and who waits for them. */
    static final class Entry {
        final List<Change> changes;
        final Committer.Completion completion;
        final Weight weight;
        private final boolean urgent;
        private @Nullable Entry below;
        private int depth; // changes in the stack from here down
        private boolean urgency; // whether any from here down is urgent

        /** @param urgent whether somebody waits for it; what is not may wait for company */
        Entry(List<Change> changes, Committer.Completion completion, boolean urgent) {
            this.changes = changes;
            this.completion = completion;
            this.weight = Weight.of(changes);
            this.urgent = urgent;
        }
    }

    /** What may be refused first when space is short. */
    enum Weight {
        /** Moves without a body, and everything else that is small: never refused while there is any space. */
        SETTLE,
        /** Moves that store a body. */
        BODY,
        /** New tasks, and pieces of bodies. */
        INTAKE;

        static Weight of(List<Change> changes) {
            Weight weight = SETTLE;
            for (int i = 0; i < changes.size(); i++) { // by index: no iterator for the usual list of one
                switch (changes.get(i)) {
                    case Change.Submit submit -> {
                        return INTAKE;
                    }
                    case Change.PutBody piece -> {
                        return INTAKE;
                    }
                    case Change.Move move -> weight = move.body() == null ? weight : BODY;
                    default -> {}
                }
            }
            return weight;
        }
    }

    /** The current thread is the taker from now on. */
    void begin() {
        taker = Thread.currentThread();
    }

    /** Adds an entry; false when more than {@code limit} changes would wait. */
    boolean push(Entry entry, int limit) {
        int changes = entry.changes.size();
        Entry below;
        do {
            below = top.get();
            int depth = (below == null ? 0 : below.depth) + changes;
            if (depth + taken > limit) {
                return false;
            }
            entry.below = below;
            entry.depth = depth;
            entry.urgency = entry.urgent || below != null && below.urgency;
        } while (!top.compareAndSet(below, entry));
        boolean wakes = switch (state) {
            case AWAKE -> false;
            case NAPS -> presses(entry) && !presses(below);
            case SLEEPS -> below == null;
        };
        if (wakes) {
            wake();
        }
        return true;
    }

    private static boolean presses(@Nullable Entry newest) {
        return newest != null && (newest.urgency || newest.depth >= NAP_CHANGES_MAX);
    }

    /** Moves everything that waits to the end of {@code backlog}, oldest first. Only the taker calls this. */
    void takeInto(ArrayDeque<Entry> backlog) {
        Entry newest = top.getAndSet(null);
        if (newest == null) {
            return;
        }
        taken += newest.depth;
        Entry oldest = null;
        for (Entry entry = newest; entry != null; ) {
            Entry below = entry.below;
            entry.below = oldest;
            oldest = entry;
            entry = below;
        }
        for (Entry entry = oldest; entry != null; ) {
            Entry above = entry.below;
            entry.below = null; // a kept entry must not keep all that came after it
            backlog.addLast(entry);
            entry = above;
        }
    }

    /** Says that this many of the taken changes are done. Only the taker calls this. */
    void done(int changes) {
        taken -= changes;
    }

    /** How many changes wait. */
    int waiting() {
        Entry newest = top.get();
        return taken + (newest == null ? 0 : newest.depth);
    }

    boolean isEmpty() {
        return top.get() == null;
    }

    /** Sleeps until something is pushed, {@link #wake} is called, or the time is over; may return early. Only the taker calls this. */
    void sleep(long nanos) {
        state = Taker.SLEEPS;
        if (top.get() == null) {
            LockSupport.parkNanos(this, nanos);
        }
        state = Taker.AWAKE;
    }

    /** As {@link #sleep}, but what nobody waits for ends it only when there is much of it. Only the taker calls this. */
    void nap(long nanos) {
        state = Taker.NAPS;
        if (!presses(top.get())) {
            LockSupport.parkNanos(this, nanos);
        }
        state = Taker.AWAKE;
    }

    /** Wakes the taker. */
    void wake() {
        LockSupport.unpark(taker);
    }
}
