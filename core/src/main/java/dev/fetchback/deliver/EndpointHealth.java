package dev.fetchback.deliver;

import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.ReceiverRecord.Status;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.work.Pace;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Whether deliveries to one endpoint may start, and how many at once. Pure: the time is an argument, nothing blocks, nothing is
 * locked; {@link Endpoint} adds that.
 *
 * <p>Failures in a row open the breaker; it then lets one probe through at a time, and each probe that fails doubles the
 * wait. After an outage or a Retry-After only one delivery may be under way, and twice as many each time that all of them
 * went well, so that what piled up does not run the endpoint over.
 */
final class EndpointHealth {
    /** A longer Retry-After that moves by less than this is not worth saving again. */
    private static final long SAVE_STEP_MILLIS = 60_000;

    /**
     * A stop that ends within this time is waited out; a longer one uses up an attempt of each task that becomes due meanwhile.
     * Most limits on a rate say a minute or less, and a receiver that keeps to one must not cost tasks their attempts.
     */
    static final long WAITED_OUT_MILLIS = 60_000;

    private static final int DOUBLINGS_MAX = 30; // 2^30 times any first wait is beyond every longest one

    private final String id;
    private final String endpoint;
    private final DeliverSettings.Breaker breaker;
    private final int cap;

    private Status status = Status.ACTIVE;
    private @Nullable String reason;
    private int failures;
    private long until;
    private long seenAt;
    private long untilSaved;
    private long updatedAt;
    private int orders;

    private int limit;
    private int fineAtLimit;
    private int inFlight;
    private boolean probing;
    /**
     * It was stopped for long, and no delivery went well since: tasks may have been put off because of that. Short stops put off
     * none, and must not hurry those that failed: an endpoint that comes and goes would use up their attempts within minutes.
     */
    private boolean putOff;

    /** A healthy endpoint. */
    EndpointHealth(String id, String endpoint, DeliverSettings.Breaker breaker, int cap) {
        this.id = id;
        this.endpoint = endpoint;
        this.breaker = breaker;
        this.cap = cap;
        this.limit = cap;
    }

    /** Takes over what was saved; a delay or an outage that ended since then is followed by a ramp-up all the same. */
    void restore(ReceiverRecord saved) {
        status = saved.status();
        reason = saved.reason();
        failures = saved.failures();
        until = saved.until();
        untilSaved = until;
        updatedAt = saved.updatedAt();
        orders = saved.orders();
        if (status != Status.ACTIVE || until > 0) {
            putOff = true;
            rampFromOne();
        }
    }

    /**
     * Takes over what another node has stored. What an operator ordered there counts whatever this node knows; of what was learned
     * there, that the receiver is to be left alone, or for no longer.
     *
     * @return whether it may have changed when deliveries start
     */
    boolean hear(ReceiverRecord news, long now) {
        if (news.orders() < orders || news.status() == Status.ABSENT || status == Status.ABSENT) {
            return false; // an older state; or one of a program's own, which every program knows for itself
        }
        if (news.orders() > orders) {
            restore(news);
            if (status == Status.ACTIVE && until <= now) {
                activate();
            }
            return true;
        }
        if (closed()) {
            return false;
        }
        return switch (news.status()) {
            case GONE, PAUSED -> stop(news.status(), String.valueOf(news.reason()));
            case BROKEN -> held(Status.BROKEN, news, now);
            case ACTIVE -> news.until() > now ? held(Status.ACTIVE, news, now) : well();
            case ABSENT -> false;
        };
    }

    private boolean held(Status by, ReceiverRecord news, long now) {
        if (status == by && until >= news.until()) {
            failures = by == Status.BROKEN ? Math.max(failures, news.failures()) : failures;
            return false;
        }
        status = by;
        reason = news.reason();
        failures = news.failures();
        until = Math.max(until, news.until()); // not for longer than anything may: see tryBegin
        untilSaved = until;
        updatedAt = news.updatedAt();
        putOff |= stopped(now);
        rampFromOne();
        return true;
    }

    /** A delivery of another node has closed the breaker. */
    private boolean well() {
        if (status != Status.BROKEN) {
            return false;
        }
        activate();
        return true;
    }

    /**
     * A receiver in this process is registered by this start of the program, or it is not; a stop by itself or by the operator
     * outlasts either.
     *
     * @return whether what is saved of the endpoint has changed
     */
    boolean present(boolean there) {
        if (there && status == Status.ABSENT) {
            activate();
            return true;
        }
        return !there && status != Status.GONE && status != Status.PAUSED && stop(Status.ABSENT, InProcess.absent(endpoint));
    }

    /** May one more start? A YES must be followed by {@link #end}. */
    Start tryBegin(long now) {
        if (now < seenAt && until > 0) {
            until -= seenAt - now; // the clock was set back, which must not make hours of a moment
        }
        seenAt = now;
        // Set back while the server was down: not longer than anything may.
        until = Math.min(until, now + (status == Status.BROKEN ? breaker.openMax() : RetryPolicy.DELIVER_HINT_CAP).toMillis());
        if (stopped(now)) {
            putOff = true;
            return Start.STOPPED;
        }
        if (now < until || probing && status == Status.BROKEN) {
            return Start.SOON;
        }
        if (status == Status.BROKEN) {
            probing = true;
            inFlight++;
            return Start.PROBE;
        }
        if (inFlight >= limit) {
            return Start.BUSY;
        }
        inFlight++;
        return Start.YES;
    }

    /** Whether it is stopped for so long that a task which is due is not to wait for it. */
    boolean stopped(long now) {
        return closed() || until - now > WAITED_OUT_MILLIS;
    }

    /** Stopped for as long as nobody does something about it. */
    private boolean closed() {
        return status == Status.GONE || status == Status.PAUSED || status == Status.ABSENT;
    }

    /** Whether deliveries went on again after a stop that may have put some off; true once for each such stop. */
    boolean recovered(long now) {
        boolean recovered = putOff && status == Status.ACTIVE && until <= now && failures == 0;
        putOff &= !recovered;
        return recovered;
    }

    /** Gives back the place of a start that came to nothing. */
    void undo(Start start) {
        end(start, new Verdict.Unknown(), 0);
    }

    /**
     * One that was started has ended.
     *
     * @return whether what is saved of the endpoint has changed
     */
    boolean end(Start start, Verdict verdict, long now) {
        inFlight--;
        boolean probe = start == Start.PROBE;
        if (probe) {
            probing = false;
        }
        boolean changed = switch (verdict) {
            case Verdict.Fine fine -> fine();
            case Verdict.Failed failed -> failed(failed.reason(), probe, now);
            case Verdict.Delayed delayed -> delayed(delayed.until(), probe, now);
            case Verdict.Gone gone -> stop(Status.GONE, gone.reason());
            case Verdict.Unknown unknown -> false;
        };
        if (changed) {
            updatedAt = now;
        }
        return changed;
    }

    private boolean fine() {
        failures = 0;
        return switch (status) {
            case GONE, PAUSED, ABSENT -> false;
            case BROKEN -> {
                activate();
                grow();
                yield true;
            }
            case ACTIVE -> {
                if (limit < cap) {
                    grow();
                }
                yield false;
            }
        };
    }

    private void grow() {
        if (++fineAtLimit >= limit) {
            limit = Math.min(cap, limit * 2);
            fineAtLimit = 0;
        }
    }

    private void rampFromOne() {
        limit = 1;
        fineAtLimit = 0;
    }

    private boolean failed(String why, boolean probe, long now) {
        fineAtLimit = 0;
        boolean opens = switch (status) {
            case GONE, PAUSED, ABSENT -> false;
            case BROKEN -> {
                failures += probe ? 1 : 0; // what was under way when it opened says nothing new
                yield probe;
            }
            case ACTIVE -> ++failures >= breaker.failures();
        };
        if (opens) {
            status = Status.BROKEN;
            reason = failures + " failures in a row, the last one: " + why;
            int doublings = Math.clamp(failures - breaker.failures(), 0, DOUBLINGS_MAX);
            long wait = Math.min(breaker.openFirst().toMillis() << doublings, breaker.openMax().toMillis());
            until = Math.max(until, now + wait);
            putOff |= stopped(now);
            rampFromOne();
        }
        return opens;
    }

    private boolean delayed(long hint, boolean probe, long now) {
        if (closed()) {
            return false;
        }
        boolean alive = status == Status.BROKEN && probe; // it asks for time, so it is there
        if (alive) {
            activate();
        }
        until = Math.max(until, Math.min(hint, now + RetryPolicy.DELIVER_HINT_CAP.toMillis()));
        putOff |= stopped(now);
        rampFromOne();
        if (status == Status.ACTIVE) {
            reason = "It asked to be left alone until " + Instant.ofEpochMilli(until) + " (Retry-After).";
        }
        boolean worthSaving = alive || untilSaved <= now || until - untilSaved >= SAVE_STEP_MILLIS;
        if (worthSaving) {
            untilSaved = until;
        }
        return worthSaving;
    }

    private void activate() {
        status = Status.ACTIVE;
        reason = null;
        failures = 0;
        until = 0;
        rampFromOne();
    }

    private boolean stop(Status stopped, String why) {
        boolean changed = status != stopped;
        status = stopped;
        reason = why;
        until = 0;
        rampFromOne();
        return changed;
    }

    /** The operator stops it until {@link #resume}. */
    void pause(long now) {
        stop(Status.PAUSED, "Paused by the operator.");
        updatedAt = now;
        orders++;
    }

    /** The operator lets it start again, slowly. */
    void resume(long now) {
        activate();
        updatedAt = now;
        orders++;
    }

    /** When the next may start, Unix milliseconds; {@link Pace#AFTER_LEAVE} when one must end first, or somebody resume it. */
    long opensAt(long now) {
        if (closed()) {
            return Pace.AFTER_LEAVE;
        }
        boolean full = status == Status.BROKEN ? probing : inFlight >= limit;
        return until <= now && full ? Pace.AFTER_LEAVE : until;
    }

    String id() {
        return id;
    }

    /** When a stopped endpoint may be asked again, Unix milliseconds; 0 when that is not known. */
    long until(long now) {
        return until > now ? until : 0;
    }

    Status status() {
        return status;
    }

    int inFlight() {
        return inFlight;
    }

    /** How many may be under way now. */
    int limit() {
        return limit;
    }

    /** Open, with all the places that it ever has, and without a failure since the last success. */
    boolean atCap(long now) {
        return status == Status.ACTIVE && limit == cap && failures == 0 && until <= now;
    }

    /** Healthy, and nothing would be lost by forgetting it. */
    boolean forgettable(long now) {
        return status == Status.ACTIVE && failures == 0 && limit == cap && until <= now && inFlight == 0;
    }

    ReceiverRecord toRecord(long now) {
        boolean over = status == Status.ACTIVE && until <= now;
        return new ReceiverRecord(id, endpoint, status, over ? null : reason, failures, over ? 0 : until, updatedAt, orders);
    }

    /** Whether a delivery may start. */
    enum Start {
        /** It may. */
        YES,
        /** It may, as the only one, to see whether the endpoint is back. */
        PROBE,
        /** Not now: as many as may are under way. */
        BUSY,
        /** Not now: a short stop or the probe that is under way must end first, see {@link #until}. */
        SOON,
        /** Not for long, see {@link #until}. */
        STOPPED
    }
}
