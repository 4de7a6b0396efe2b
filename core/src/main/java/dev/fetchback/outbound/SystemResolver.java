package dev.fetchback.outbound;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The system's resolver, hosts file and search domains included, for names that the operator chose. It runs on a few threads of
 * its own, because a look-up in it can neither be interrupted nor limited in time.
 */
public final class SystemResolver implements Resolver, AutoCloseable {
    /** The system does not tell how long an answer holds. */
    static final Duration KEEP = Duration.ofSeconds(30);
    /** Look-ups at once: a dead name server holds a thread for many seconds. */
    private static final int THREADS = 32;

    private static final int QUEUE_MAX = 1_000;
    private static final long THREAD_KEEP_SECONDS = 30;

    /** What asks the operating system. */
    @FunctionalInterface
    interface Lookup {
        InetAddress[] all(String host) throws UnknownHostException;
    }

    private final ThreadPoolExecutor threads;
    private final NameCache cache;

    /** Asks the operating system. */
    public SystemResolver() {
        this(InetAddress::getAllByName, System::nanoTime);
    }

    SystemResolver(Lookup lookup, LongSupplier nanos) {
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                THREAD_KEEP_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(QUEUE_MAX),
                Thread.ofPlatform().daemon().name("resolver-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
        this.cache = new NameCache(host -> find(lookup, host), threads, nanos);
    }

    private static Resolved find(Lookup lookup, String host) throws UnknownHostException {
        try {
            return new Resolved(List.of(lookup.all(host)), List.of(), KEEP);
        } catch (UnknownHostException e) {
            throw new UnknownHostException("the name " + host + " could not be resolved");
        }
    }

    @Override
    public Resolved resolve(String host, long waitNanos) throws UnknownHostException, InterruptedException {
        return cache.get(host, waitNanos);
    }

    int entries() {
        return cache.entries();
    }

    /** Stops the threads; look-ups under way end by themselves. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
