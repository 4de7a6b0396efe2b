package dev.fetchback.outbound;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The system's resolver on a few threads of its own, because a look-up in it can neither be interrupted nor limited in time.
 * Answers are kept for a while; look-ups of one name are shared.
 */
public final class SystemResolver implements Resolver, AutoCloseable {
    /** A caller waits no longer than this for a name; a look-up that comes later still fills the cache. */
    static final long WAIT_MAX_NANOS = TimeUnit.SECONDS.toNanos(5);

    static final long KEEP_NANOS = TimeUnit.SECONDS.toNanos(30);
    static final long KEEP_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(5);
    static final int ENTRIES_MAX = 10_000;
    /** Look-ups at once: a dead name server holds a thread for many seconds. */
    private static final int THREADS = 32;

    private static final int QUEUE_MAX = 1_000;
    private static final long THREAD_KEEP_SECONDS = 30;

    /** What asks the operating system. */
    @FunctionalInterface
    interface Lookup {
        InetAddress[] all(String host) throws UnknownHostException;
    }

    private final Lookup lookup;
    private final LongSupplier nanos;
    private final ThreadPoolExecutor threads;
    private final ConcurrentHashMap<String, Entry> cache = new ConcurrentHashMap<>();

    /** Asks the operating system. */
    public SystemResolver() {
        this(InetAddress::getAllByName, System::nanoTime);
    }

    SystemResolver(Lookup lookup, LongSupplier nanos) {
        this.lookup = lookup;
        this.nanos = nanos;
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                THREAD_KEEP_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(QUEUE_MAX),
                Thread.ofPlatform().daemon().name("resolver-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    @Override
    public List<InetAddress> resolve(String host, long waitNanos) throws UnknownHostException, InterruptedException {
        Entry entry = cache.get(host);
        if (entry == null || entry.stale(nanos.getAsLong())) {
            entry = ask(host, entry);
        }
        try {
            return entry.answer.get(Math.min(waitNanos, WAIT_MAX_NANOS), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new UnknownHostException("the name " + host + " was not resolved in time");
        } catch (ExecutionException e) {
            throw new UnknownHostException("the name " + host + " could not be resolved");
        }
    }

    private Entry ask(String host, @Nullable Entry stale) throws UnknownHostException {
        Entry mine = new Entry();
        Entry current = cache.compute(host, (_, old) -> old == null || old == stale ? mine : old);
        if (current != mine) {
            return current;
        }
        trim();
        try {
            threads.execute(() -> answer(host, mine));
        } catch (RejectedExecutionException e) {
            cache.remove(host, mine);
            UnknownHostException busy = new UnknownHostException("too many names are being resolved");
            mine.answer.completeExceptionally(busy);
            throw busy;
        }
        return mine;
    }

    private void answer(String host, Entry entry) {
        try {
            List<InetAddress> addresses = List.of(lookup.all(host));
            entry.keepUntil(nanos.getAsLong() + KEEP_NANOS);
            entry.answer.complete(addresses);
        } catch (UnknownHostException | RuntimeException e) {
            entry.keepUntil(nanos.getAsLong() + KEEP_FAILURE_NANOS);
            entry.answer.completeExceptionally(e);
        }
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

    /** Stops the threads; look-ups under way end by themselves. */
    @Override
    public void close() {
        threads.shutdownNow();
    }

    private static final class Entry {
        final CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
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
