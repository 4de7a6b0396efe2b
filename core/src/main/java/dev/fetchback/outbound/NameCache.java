package dev.fetchback.outbound;

import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Names and what they stand for, bounded in number and in age. Look-ups run on threads of their own, so that a caller can give up
 * waiting for one; look-ups of one name are shared.
 */
final class NameCache {
    /** A caller waits no longer than this for a name; a look-up that comes later still fills the cache. */
    static final long WAIT_MAX_NANOS = TimeUnit.SECONDS.toNanos(5);

    static final long KEEP_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(5);
    static final int ENTRIES_MAX = 10_000;

    /** What finds a name that is not in the cache. */
    @FunctionalInterface
    interface Lookup {
        Resolved find(String host) throws UnknownHostException, InterruptedException;
    }

    private final Lookup lookup;
    private final Executor threads;
    private final LongSupplier nanos;
    private final ConcurrentHashMap<String, Entry> cache = new ConcurrentHashMap<>();

    NameCache(Lookup lookup, Executor threads, LongSupplier nanos) {
        this.lookup = lookup;
        this.threads = threads;
        this.nanos = nanos;
    }

    /** As {@link Resolver#resolve}. */
    Resolved get(String host, long waitNanos) throws UnknownHostException, InterruptedException {
        Entry entry = cache.get(host);
        if (entry == null || entry.stale(nanos.getAsLong())) {
            entry = ask(host, entry);
        }
        try {
            return entry.answer.get(Math.min(waitNanos, WAIT_MAX_NANOS), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new UnknownHostException("the name " + host + " was not resolved in time");
        } catch (ExecutionException e) {
            boolean told = e.getCause() instanceof UnknownHostException;
            throw new UnknownHostException(told ? e.getCause().getMessage() : "the name " + host + " could not be resolved");
        }
    }

    private Entry ask(String host, @Nullable Entry stale) throws UnknownHostException {
        Entry mine = new Entry();
        Entry current = cache.compute(host, (_, old) -> old == null || old == stale ? mine : old);
        if (current != mine) {
            return current;
        }
        trim();
        if (cache.size() > ENTRIES_MAX) {
            throw busy(host, mine); // callers that gave up leave their look-ups behind
        }
        try {
            threads.execute(() -> answer(host, mine));
        } catch (RejectedExecutionException e) {
            throw busy(host, mine);
        }
        return mine;
    }

    private UnknownHostException busy(String host, Entry entry) {
        cache.remove(host, entry);
        UnknownHostException busy = new UnknownHostException("too many names are being resolved");
        entry.answer.completeExceptionally(busy);
        return busy;
    }

    private void answer(String host, Entry entry) {
        try {
            Resolved resolved = lookup.find(host);
            entry.keepUntil(nanos.getAsLong() + resolved.ttl().toNanos());
            entry.answer.complete(resolved);
        } catch (UnknownHostException | InterruptedException | RuntimeException e) {
            fail(entry, e);
        } catch (Error e) {
            fail(entry, e); // else the name would never be asked for again
            throw e;
        }
    }

    private void fail(Entry entry, Throwable cause) {
        entry.keepUntil(nanos.getAsLong() + KEEP_FAILURE_NANOS);
        entry.answer.completeExceptionally(cause);
    }

    /**
     * Drops what is stale, and when that is not enough any tenth of the rest, so that a full cache is not walked for every name.
     */
    private void trim() {
        if (cache.size() <= ENTRIES_MAX) {
            return;
        }
        long now = nanos.getAsLong();
        cache.values().removeIf(entry -> entry.stale(now));
        int surplus = cache.size() - (ENTRIES_MAX - ENTRIES_MAX / 10);
        var all = cache.values().iterator();
        while (surplus > 0 && all.hasNext()) {
            if (all.next().answer.isDone()) {
                all.remove();
                surplus--;
            }
        }
    }

    int entries() {
        return cache.size();
    }

    private static final class Entry {
        final CompletableFuture<Resolved> answer = new CompletableFuture<>();
        private volatile long until;
        private volatile boolean known;

        void keepUntil(long at) {
            until = at;
            known = true;
        }

        boolean stale(long now) {
            return known && now - until >= 0;
        }
    }
}
