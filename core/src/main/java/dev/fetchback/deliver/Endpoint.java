package dev.fetchback.deliver;

import dev.fetchback.deliver.DeliverSettings.Limits;
import dev.fetchback.deliver.EndpointHealth.Start;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.work.Pace;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.function.LongSupplier;
import java.util.function.ObjLongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint as deliveries see it: they enter, wait a little for a place when it is busy, and leave with what they learned. The
 * deliver lane takes its places here too, before it starts a task, so there is one count. All of it happens under the lock of its
 * origin, which is held for some comparisons only.
 */
final class Endpoint {
    /** How fast the mean time of a delivery follows the newest: an eighth. */
    private static final int MEAN_SHIFT = 3;
    /** When the lane asks again while the origin is full: one of its other endpoints leaves then, and those may be many. */
    private static final long ORIGIN_NAP_MILLIS = 100;
    /** What the start of a stored task takes until its delivery can begin: a commit or two, and a read. */
    private static final long START_NANOS = 20_000_000;
    /** So many starts ahead for each place at most. */
    private static final int AHEAD_PER_PLACE_MAX = 8;
    /** How long a page may keep its place among the fetches while it waits here; what waits longer must not hold up others. */
    private static final long KEEP_FETCH_NANOS = 1_000_000_000;
    /** An endpoint that takes longer for a delivery is slow for reasons of its own, and no fetch is held for it. */
    private static final long FAST_NANOS = 100_000_000;

    private final EndpointHealth health;
    private final Origin origin;
    private final Limits limits;
    private final LongSupplier clock;
    private final Endpoints.Listener listener;
    private final Condition room;
    private final Object saving = new Object();

    private int waiting;
    private long meanNanos;
    /** Places that the lane took for tasks whose starts are on their way to the disk. */
    private int held;
    /** One of these, as the probe. */
    private boolean probeHeld;
    /** Tasks that the lane started without a place; each stands in line for one as soon as its start is on disk. */
    private int ahead;
    /** The lane asked in vain; while it waits, it and the deliveries from memory take free places in turn. */
    private boolean laneWaits;
    private boolean laneWasLast;
    /** Why the newest {@link #begin} came to nothing: the endpoint had room, its origin had not. */
    private boolean originFull;

    /** @param clock Unix milliseconds */
    Endpoint(EndpointHealth health, Origin origin, Limits limits, LongSupplier clock, Endpoints.Listener listener) {
        this.health = health;
        this.origin = origin;
        this.limits = limits;
        this.clock = clock;
        this.listener = listener;
        this.room = origin.lock.newCondition();
    }

    /**
     * Takes a place for a delivery that holds a page in memory; waits for one a little, unless that is in vain.
     *
     * @param slow told, without locks, when the wait gets long; at most once
     */
    Entry enter(Runnable slow) throws InterruptedException {
        long left = limits.patience().toNanos();
        boolean told = false;
        origin.lock.lockInterruptibly();
        try {
            long slowAt = meanNanos > FAST_NANOS ? left : Math.max(0, left - KEEP_FETCH_NANOS);
            while (true) {
                // The lane's turn is for a place; at one that is stopped for a moment there is none to wait for.
                boolean lanesTurn = laneWaits && !laneWasLast && health.opensAt(clock.getAsLong()) <= clock.getAsLong();
                Start start = lanesTurn ? Start.BUSY : begin();
                switch (start) {
                    case YES, PROBE -> {
                        laneWasLast = false;
                        return new Permit(start, false);
                    }
                    case STOPPED -> {
                        return stopped(clock.getAsLong());
                    }
                    case SOON -> {
                        return new Entry.Busy(); // it is better off in the store
                    }
                    case BUSY -> {
                        if (left <= 0 || hopeless(left)) {
                            return new Entry.Busy();
                        }
                        Condition condition = originFull && !lanesTurn ? origin.room : room;
                        if (!told && left <= slowAt) {
                            told = true;
                            unlocked(slow); // and look again: much may have happened
                        } else {
                            long until = told ? 0 : slowAt;
                            left = until + Math.max(0, await(condition, left - until));
                        }
                    }
                }
            }
        } finally {
            origin.lock.unlock();
        }
    }

    private void unlocked(Runnable call) {
        origin.lock.unlock();
        try {
            call.run();
        } finally {
            origin.lock.lock();
        }
    }

    /** A place if there is one just now. */
    private Start begin() {
        Start start = health.tryBegin(clock.getAsLong());
        originFull = (start == Start.YES || start == Start.PROBE) && !origin.tryTake(health.inFlight() - 1);
        if (originFull) {
            health.undo(start);
            return Start.BUSY;
        }
        return start;
    }

    /**
     * Takes a place for a task of the lane, which {@link #claim} or {@link #giveBack} must follow. One that is stopped for long
     * needs none: its start is to be refused. At an endpoint that answers faster than a start is written to disk, tasks start
     * without a place and stand in line for one: places that wait for the disk would be the limit.
     *
     * @return at or before {@code now} when the task may start, otherwise when to ask again
     */
    long hold(long now) {
        origin.lock.lock();
        try {
            int aheadMax = aheadMax(now);
            if (aheadMax > 0) {
                laneWaits = false; // they stand in line themselves
                if (ahead >= aheadMax) {
                    return Pace.AFTER_LEAVE;
                }
                ahead++;
                return now;
            }
            Start start = begin();
            laneWaits = start == Start.SOON || start == Start.BUSY;
            switch (start) {
                case YES -> held++;
                case PROBE -> probeHeld = true;
                case BUSY -> {
                    return originFull ? now + ORIGIN_NAP_MILLIS : Pace.AFTER_LEAVE;
                }
                case SOON -> {
                    return health.until(now) > 0 ? health.until(now) : Pace.AFTER_LEAVE;
                }
                case STOPPED -> {
                    return now;
                }
            }
            laneWasLast = true;
            room.signal(); // there may be more room, which was not for deliveries from memory while it was the lane's turn
            return now;
        } finally {
            origin.lock.unlock();
        }
    }

    private int aheadMax(long now) {
        if (meanNanos == 0 || !health.atCap(now)) {
            return 0; // not known yet, or to be probed with care: what starts must find a place
        }
        int limit = health.limit();
        return (int) Math.min(limit * (START_NANOS / meanNanos), (long) limit * AHEAD_PER_PLACE_MAX);
    }

    /** The place that the lane took for a task which runs now; one that started ahead waits for a place. */
    Entry claim() throws InterruptedException {
        origin.lock.lockInterruptibly();
        try {
            if (probeHeld) {
                probeHeld = false;
                return new Permit(Start.PROBE, true);
            }
            if (held > 0) {
                held--;
                return new Permit(Start.YES, true);
            }
            boolean inLine = ahead > 0;
            try {
                return standInLine(inLine ? limits.patience().toNanos() : 0);
            } finally {
                ahead -= inLine ? 1 : 0;
            }
        } finally {
            origin.lock.unlock();
        }
    }

    private Entry standInLine(long patience) throws InterruptedException {
        for (long left = patience; ; left = await(originFull ? origin.room : room, left)) {
            Start start = begin();
            switch (start) {
                case YES, PROBE -> {
                    return new Permit(start, true);
                }
                case STOPPED -> {
                    return stopped(clock.getAsLong());
                }
                case SOON -> {
                    return new Entry.Busy();
                }
                case BUSY -> {
                    if (left <= 0) {
                        return new Entry.Busy();
                    }
                }
            }
        }
    }

    /** A place that the lane took is not needed; nothing happens when none is held. */
    void giveBack() {
        origin.lock.lock();
        try {
            if (ahead > 0) {
                ahead--;
                return;
            }
            if (held > 0) {
                held--;
                health.undo(Start.YES);
            } else if (probeHeld) {
                probeHeld = false;
                health.undo(Start.PROBE);
            } else {
                return;
            }
            origin.giveBack();
            wakeSome();
        } finally {
            origin.lock.unlock();
        }
    }

    /** When a task of the lane may start, as {@link Pace#opensAt} has it; a task of one that is stopped waits till then. */
    long opensAt(long now) {
        return locked(() -> health.opensAt(now));
    }

    /** Why a due task is not to wait; null when attempts may start now or soon. */
    Entry.@Nullable Stopped stoppedForLong() {
        return this.<Entry.@Nullable Stopped>locked(() -> health.stopped(clock.getAsLong()) ? stopped(clock.getAsLong()) : null);
    }

    private long await(Condition condition, long nanos) throws InterruptedException {
        waiting++;
        try {
            return condition.awaitNanos(nanos);
        } finally {
            waiting--;
        }
    }

    private boolean hopeless(long left) {
        return waiting >= limits.waitersMax() || meanNanos * (waiting + 1) / health.limit() > left;
    }

    private Entry.Stopped stopped(long now) {
        return Entry.Stopped.by(health.toRecord(now), health.until(now));
    }

    private void leave(Start start, boolean lanes, Verdict verdict, long tookNanos) {
        boolean changed;
        boolean tellLane;
        boolean recovered;
        origin.lock.lock();
        try {
            long now = clock.getAsLong();
            if (!(verdict instanceof Verdict.Unknown)) {
                meanNanos = meanNanos == 0 ? tookNanos : meanNanos + (tookNanos - meanNanos >> MEAN_SHIFT);
            }
            origin.giveBack();
            changed = health.end(start, verdict, now);
            if (changed || verdict instanceof Verdict.Delayed) {
                wakeAll(); // they need not wait any longer, or may start
            } else {
                wakeSome();
            }
            tellLane = laneWaits && !lanes; // a task of its own it hears of anyway
            recovered = verdict instanceof Verdict.Fine && health.recovered(now);
        } finally {
            origin.lock.unlock();
        }
        if (changed) {
            save();
        }
        if (tellLane) {
            listener.opened(health.id());
        }
        if (recovered) {
            listener.recovered(health.id());
        }
    }

    private void wakeSome() {
        room.signal();
        if (health.limit() - health.inFlight() > 1) {
            room.signal(); // the limit has grown by more than this place
        }
        origin.room.signalAll();
    }

    private void wakeAll() {
        room.signalAll();
        origin.room.signalAll();
    }

    /** What an operator wants of it; {@code change} is given the time, Unix milliseconds. Returns what the listener did. */
    CompletableFuture<Void> change(ObjLongConsumer<EndpointHealth> change) {
        locked(() -> {
            change.accept(health, clock.getAsLong());
            wakeAll();
            return true;
        });
        try {
            synchronized (saving) {
                return listener.ordered(toRecord());
            }
        } finally {
            listener.opened(health.id());
        }
    }

    /** What another node has stored of it. */
    void hear(ReceiverRecord news) {
        if (locked(() -> {
            wakeAll();
            return health.hear(news, clock.getAsLong());
        })) {
            listener.opened(health.id());
        }
    }

    /** The newest state goes last, whoever comes first; what listens may take other locks, so none of the origin's is held. */
    private void save() {
        synchronized (saving) {
            listener.changed(toRecord());
        }
    }

    ReceiverRecord toRecord() {
        return locked(() -> health.toRecord(clock.getAsLong()));
    }

    /**
     * Whether it can be forgotten: nothing is under way, and it is healthy or, when {@code evenIll}, not stopped by somebody.
     */
    boolean forgettable(boolean evenIll) {
        return locked(() -> health.inFlight() == 0 && waiting == 0 && ahead == 0
                && (health.forgettable(clock.getAsLong()) || evenIll && health.status() != ReceiverRecord.Status.PAUSED));
    }

    private <T extends @Nullable Object> T locked(Supplier<T> look) {
        origin.lock.lock();
        try {
            return look.get();
        } finally {
            origin.lock.unlock();
        }
    }

    Origin origin() {
        return origin;
    }

    /** A place; {@link #leave} gives it back, once. */
    final class Permit implements Entry {
        private final Start start;
        private final boolean lanes;
        private boolean left;

        private Permit(Start start, boolean lanes) {
            this.start = start;
            this.lanes = lanes;
        }

        /** Gives the place back, the first time it is called. */
        void leave(Verdict verdict, long tookNanos) {
            if (!left) {
                left = true;
                Endpoint.this.leave(start, lanes, verdict, tookNanos);
            }
        }
    }
}
