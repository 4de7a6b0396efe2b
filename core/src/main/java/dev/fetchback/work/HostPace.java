package dev.fetchback.work;

import dev.fetchback.store.StoredTask;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The pace of one host: places, the distance between starts, which grows with the host's own slowness, and what it asked for by 429,
 * 503 and Retry-After. Without a gap tasks may be begun ahead, {@link #WINDOW_FACTOR} times the concurrency: they start as soon as
 * another ends, and a host at full speed never waits for the store.
 *
 * <p>A host whose address was once found full takes its place there before a task starts; all others take it when they connect.
 */
final class HostPace implements Pace {
    /** The most that slowness adds up to, as in Scrapy's AutoThrottle, which it is taken from; half of its 60 s. */
    static final long DELAY_MAX = Duration.ofSeconds(30).toMillis();

    /** The first wait after a 429 or 503 that does not say how long; doubles with each further one. */
    static final long BACKOFF_BASE = Duration.ofSeconds(2).toMillis();

    static final long BACKOFF_MAX = Duration.ofMinutes(5).toMillis();

    /** After so long without a 429 or 503 the next one is the first; slowness is forgotten after as long without a fetch. */
    static final long QUIET = Duration.ofMinutes(10).toMillis();

    /** An address is believed for so long: names move, and a belief that is wrong costs others their turn. */
    static final long ADDRESS_KNOWN = Duration.ofMinutes(5).toMillis();

    /** Long enough not to ask the host that redirects here all the time. */
    private static final long PUT_OFF = 1_000;

    private static final double JITTER = 0.1;
    private static final int WINDOW_FACTOR = 4;
    private static final int LEVEL_MAX = 20; // 2 s doubled so often is beyond every limit

    private final Supplier<HostPolicy> policies;
    private final int concurrency;
    private final long gap;
    private final Permits permits;
    private final RandomGenerator random;
    private final LongSupplier heldMillis;
    private int running;
    /** Of those running, tasks of its own that were redirected to other hosts and are there just now. */
    private int away;
    private long delay;
    private long lastStart;
    private long lastSent;
    /** What the last start kept to. */
    private long distance;
    private long crawlUntil;
    private long pausedUntil;
    private int level;
    private long levelAt;
    private long forgetAt;
    private @Nullable Object address;
    private long addressSince;
    private long seenAt;

    /**
     * @param policies the host's policy; only the places at its address change, as nodes come and go
     * @param heldMillis for how long the host has been this owner's; another may have begun a fetch just before
     */
    HostPace(Supplier<HostPolicy> policies, Permits permits, RandomGenerator random, LongSupplier heldMillis) {
        HostPolicy policy = policies.get();
        this.policies = policies;
        this.concurrency = policy.concurrency();
        this.gap = policy.gap().toMillis();
        this.delay = gap;
        this.permits = permits;
        this.random = random;
        this.heldMillis = heldMillis;
    }

    @Override
    public long opensAt(long now) {
        long opens = hostOpensAt(now);
        return opens <= now && address != null && !permits.free(address, policies.get().perAddress()) ? AFTER_PERMIT : opens;
    }

    /** The same without a look at its address. */
    private long hostOpensAt(long now) {
        see(now);
        return running >= concurrency ? AFTER_LEAVE : Math.max(pausedUntil, nextStart());
    }

    private long nextStart() {
        long last = Math.max(lastStart, delay == 0 ? 0 : seenAt - Math.min(heldMillis.getAsLong(), seenAt));
        return Math.max(crawlUntil, delay == 0 || last == 0 ? 0 : last + delay);
    }

    /** A clock that was set back must not make waits of hours. */
    private void see(long now) {
        if (now < seenAt) {
            long back = seenAt - now;
            lastStart = Math.max(lastStart - back, 0);
            lastSent = Math.max(lastSent - back, 0);
            crawlUntil -= back;
            pausedUntil -= back;
            levelAt -= back;
            forgetAt -= back;
            addressSince -= back;
        }
        seenAt = now;
    }

    @Override
    public long enter(StoredTask next, long now) {
        if (address != null && now - addressSince > ADDRESS_KNOWN) {
            address = null;
        }
        long opens = hostOpensAt(now);
        if (opens > now) {
            return opens;
        }
        // Asked even when it is full: only who was refused hears of the next free place.
        if (address != null && !permits.take(address, policies.get().perAddress())) {
            return AFTER_PERMIT;
        }
        running++;
        started(now);
        return now;
    }

    private void started(long now) {
        lastStart = now;
        distance = delay;
    }

    @Override
    public @Nullable Object permit() {
        return address;
    }

    @Override
    public void leave(long now, boolean ran) {
        running--;
    }

    /**
     * Takes a place for a task of another host that is redirected here; {@link #leave} gives it back. The own tasks that are away
     * take none, or hosts that redirect to each other would wait for each other.
     *
     * @return as {@link #enter}
     */
    long visit(long now) {
        see(now);
        long opens = running - away >= concurrency ? AFTER_LEAVE : Math.max(pausedUntil, nextStart());
        if (opens <= now) {
            running++;
            started(now);
            lastSent = now;
        }
        return opens;
    }

    /**
     * A task that was let in is about to send its first request: starts may have been late to the disk and leave together, or have waited
     * for the same robots.txt. What had to wait here delays the starts to come, so that they need not.
     *
     * @return how much later the request may leave, milliseconds
     */
    long send(long now) {
        see(now);
        long at = distance == 0 || lastSent == 0 ? now : Math.max(now, lastSent + distance);
        lastSent = at;
        if (at > now) {
            lastStart = Math.max(lastStart, at);
        }
        return at - now;
    }

    /** One of its tasks goes to another host, and keeps its place here as seen by the host's other tasks. */
    void goAway() {
        away++;
    }

    void comeBack() {
        away--;
    }

    /** When a visitor who cannot wait should come again, with {@code waiting} others before it; Unix milliseconds. */
    long comeAgain(long now, int waiting) {
        return Math.max(now, Math.max(pausedUntil, nextStart())) + PUT_OFF + waiting * Math.max(delay, PUT_OFF / 10);
    }

    /** A connection would have had to wait: the host's tasks take a place at {@code key} first from now on. */
    void crowded(Object key, long now) {
        address = key;
        addressSince = now;
    }

    /** Learns from an answer; returns until when the host is left alone, Unix milliseconds, if the answer asks for that, else 0. */
    long heard(HostNews news, long now) {
        see(now);
        if (gap > 0) {
            slow(news.latencyMillis(), news.good());
        }
        if (!news.busy()) {
            return 0; // a good answer does not at once forget what came before
        }
        pausedUntil = Math.max(pausedUntil, news.retryAt() > 0 ? news.retryAt() : backOff(news.startedAt(), now));
        forgetAt = Math.max(forgetAt, pausedUntil + QUIET);
        return pausedUntil;
    }

    /** AutoThrottle: half the places in use, on average, one at least; only a good answer makes it faster. */
    private void slow(long latency, boolean good) {
        long target = latency / Math.max(1, concurrency / 2);
        long next = Math.clamp(Math.max(target, (delay + target) / 2), gap, Math.max(gap, DELAY_MAX));
        if (good || next > delay) {
            delay = next;
        }
    }

    private long backOff(long startedAt, long now) {
        if (level > 0 && now >= forgetAt) {
            level = 0;
        } else if (level > 0 && startedAt < levelAt) {
            return 0; // was under way when the host said so first
        }
        level = Math.min(level + 1, LEVEL_MAX);
        levelAt = now;
        long wait = Math.min(BACKOFF_BASE << level - 1, BACKOFF_MAX);
        return now + Math.round(wait * (1 + JITTER * (2 * random.nextDouble() - 1)));
    }

    @Override
    public WaitingOn waitingOn(long now) {
        long opens = opensAt(now);
        if (pausedUntil > now) {
            return new WaitingOn(WaitingOn.Kind.HOST_BACKOFF, pausedUntil);
        }
        if (opens == AFTER_LEAVE) {
            return new WaitingOn(WaitingOn.Kind.HOST_LIMIT, 0);
        }
        if (opens == AFTER_PERMIT) {
            return new WaitingOn(WaitingOn.Kind.ADDRESS, 0);
        }
        return opens > now ? new WaitingOn(WaitingOn.Kind.HOST_GAP, opens) : new WaitingOn(WaitingOn.Kind.TURN, 0);
    }

    /** Whether the host asked to be left alone. */
    boolean paused(long now) {
        return pausedUntil > now;
    }

    /** Whether its own slowness keeps it apart longer than the gap. */
    boolean slowed() {
        return delay > gap;
    }

    @Override
    public void slowTo(long millis, long now) {
        if (gap > 0) {
            crawlUntil = Math.max(crawlUntil, now + millis);
        }
    }

    @Override
    public long rememberUntil() {
        long until = Math.max(pausedUntil, nextStart());
        if (level > 0) {
            until = Math.max(until, forgetAt);
        }
        if (slowed()) {
            until = Math.max(until, lastStart + QUIET);
        }
        return address == null ? until : Math.max(until, addressSince + ADDRESS_KNOWN);
    }

    @Override
    public int width() {
        return concurrency;
    }

    @Override
    public int window() {
        return gap > 0 ? 0 : WINDOW_FACTOR * concurrency;
    }
}
