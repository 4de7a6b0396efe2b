package dev.fetchback.fetch;

import dev.fetchback.outbound.AddressBusy;
import dev.fetchback.outbound.AddressTurn;
import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Target;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the robots.txt files of all servers say, each read once for all that wait for it and remembered for a while. A file that
 * cannot be read again goes on as it was.
 */
final class Robots {
    /** As long as a fetch waits for a file to be read again, at most: the old one will do. */
    private static final Duration AGAIN_MAX = Duration.ofSeconds(5);

    private final Source source;
    private final Limits limits;
    private final LongSupplier clock;
    private final RobotsMeters meters = new RobotsMeters(this::files, this::bytes);
    /** By origin; least recently used first. */
    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Flight> flights = new HashMap<>();
    private long bytes;

    /** Reads the robots.txt of one server. */
    @FunctionalInterface
    interface Source {
        /**
         * Blocks, in bounded time.
         *
         * @throws AddressBusy when there is no place for it at the server's address just now
         */
        RobotsReading read(Target page, AddressTurn turn) throws AddressBusy, InterruptedException;
    }

    /**
     * Bounds of what is remembered.
     *
     * @param bytes of rules, about; each server counts for half a KiB at least, so this bounds their number too
     * @param firstRetry how long a server is left alone whose file could not be read; doubles each time
     * @param lastRetry up to this
     */
    record Limits(long bytes, Duration firstRetry, Duration lastRetry) {
        static final Limits DEFAULT = new Limits(32L << 20, Duration.ofSeconds(10), Duration.ofMinutes(5));

        private static final int DOUBLINGS_MAX = 20; // beyond lastRetry long before

        long wait(int failures) {
            return Math.min(firstRetry.toMillis() << Math.min(failures, DOUBLINGS_MAX), lastRetry.toMillis());
        }
    }

    /** What may be fetched of a server. */
    sealed interface Answer {
        /** What these say. */
        record Rules(RobotsRules rules) implements Answer {}

        /**
         * Nothing, as it is not known.
         *
         * @param retryAt when it is tried again, Unix milliseconds; 0 for whenever it is asked for
         */
        record Unknown(Exchange.Failure failure, long retryAt) implements Answer {}
    }

    /**
     * One server.
     *
     * @param answer what it said last; its rules even when it could not be asked again
     * @param since when it was asked, Unix milliseconds
     * @param until when it is asked again
     * @param failures in a row
     */
    private record Entry(Answer answer, long since, long until, int failures) {
        /** Before {@code since} the clock was set back, by nobody knows how much. */
        boolean holds(long now) {
            return since <= now && now < until;
        }

        /** The same answer, which could not be had anew. */
        Entry failed(long at, long again) {
            return new Entry(answer, at, again, failures + 1);
        }

        long bytes() {
            return (answer instanceof Answer.Rules(RobotsRules rules) ? rules : RobotsRules.ALLOW_ALL).bytes();
        }
    }

    /** @param clock Unix milliseconds */
    Robots(Source source, Limits limits, LongSupplier clock) {
        this.source = source;
        this.limits = limits;
        this.clock = clock;
    }

    /** The robots.txt that holds for a page. */
    static Target file(Target page) {
        try {
            return page.resolve("/robots.txt");
        } catch (BadUrl e) {
            throw new IllegalStateException("every server has a /robots.txt", e);
        }
    }

    /**
     * What a page's server says, read now if need be.
     *
     * @param patience how long to wait for that, less when something is known that can go on; others who wait go on
     * @param turn of the fetch that asks; a read that it begins takes the same place
     * @throws AddressBusy when there is no place for a read just now; nothing is remembered of that
     */
    Answer ask(Target page, Duration patience, AddressTurn turn) throws AddressBusy, InterruptedException {
        Flight flight;
        long wait = patience.toNanos();
        synchronized (this) {
            Entry known = entries.get(page.origin());
            if (known != null && known.holds(clock.getAsLong())) {
                return known.answer();
            }
            if (known != null && known.answer() instanceof Answer.Rules) {
                wait = Math.min(wait / 2, AGAIN_MAX.toNanos()); // the page needs time too
            }
            flight = board(page, turn);
        }
        try {
            return flight.landed.get(wait, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return late(page);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AddressBusy busy) {
                throw busy;
            }
            throw new IllegalStateException("reading " + file(page) + " met a fault of Fetchback", e.getCause());
        } finally {
            leave(flight);
        }
    }

    /** Not there in time: what is known goes on as after a failure. What one task had no time for is no failure for others. */
    private synchronized Answer late(Target page) {
        Entry known = entries.get(page.origin());
        if (known == null || !(known.answer() instanceof Answer.Rules)) {
            return new Answer.Unknown(
                    new Exchange.Failure(Kind.ROBOTS_UNREACHABLE, file(page) + " was not there before the fetch's own time was over"), 0);
        }
        long now = clock.getAsLong();
        if (!known.holds(now)) {
            entries.put(page.origin(), known.failed(now, now + limits.wait(known.failures())));
        }
        return known.answer();
    }

    RobotsMeters meters() {
        return meters;
    }

    private synchronized int files() {
        return entries.size();
    }

    private synchronized long bytes() {
        return bytes;
    }

    private Flight board(Target page, AddressTurn turn) {
        Flight flight = flights.get(page.origin());
        if (flight == null) {
            flight = new Flight(page, turn);
            flight.thread.start(); // which may fail for want of memory; it can do nothing before this lock is free
            flights.put(page.origin(), flight);
        }
        flight.waiting++;
        return flight;
    }

    /** The last one who waits ends what nobody waits for any more. */
    private synchronized void leave(Flight flight) {
        if (--flight.waiting == 0 && flights.remove(flight.page.origin(), flight)) {
            flight.thread.interrupt();
        }
    }

    private synchronized Answer remember(Flight flight, RobotsReading reading) {
        String origin = flight.page.origin();
        Entry before = entries.get(origin);
        Entry after = after(before, reading);
        if (after == null) {
            return before != null && before.answer() instanceof Answer.Rules stale
                    ? stale
                    : new Answer.Unknown(((RobotsReading.Unreadable) reading).failure(), 0);
        }
        entries.put(origin, after);
        bytes += after.bytes() - (before == null ? 0 : before.bytes());
        Iterator<Entry> oldest = entries.values().iterator();
        while (bytes > limits.bytes() && entries.size() > 1) {
            bytes -= oldest.next().bytes();
            oldest.remove();
        }
        return after.answer();
    }

    /** Null for what is not remembered. */
    private @Nullable Entry after(@Nullable Entry before, RobotsReading reading) {
        long now = clock.getAsLong();
        return switch (reading) {
            case RobotsReading.Read(RobotsRules rules, long keepMillis) -> new Entry(new Answer.Rules(rules), now, now + keepMillis, 0);
            case RobotsReading.Unreadable unreadable -> {
                if (!unreadable.remembered()) {
                    yield null;
                }
                int failures = before == null ? 0 : before.failures();
                long until = Math.max(now + limits.wait(failures), unreadable.notBefore());
                yield before != null && before.answer() instanceof Answer.Rules
                        ? before.failed(now, until)
                        : new Entry(new Answer.Unknown(unreadable.failure(), until), now, until, failures + 1);
            }
        };
    }

    /** One read on a thread of its own, so that it outlives whoever asked first. */
    private final class Flight {
        final Target page;
        private final AddressTurn turn;
        final CompletableFuture<Answer> landed = new CompletableFuture<>();
        final Thread thread = Thread.ofVirtual().name("fetchback-robots").unstarted(this::run);
        private int waiting;

        Flight(Target page, AddressTurn turn) {
            this.page = page;
            this.turn = turn;
        }

        private void run() {
            try {
                meters.read.increment();
                Answer answer = remember(this, source.read(page, turn));
                end();
                landed.complete(answer);
            } catch (AddressBusy | InterruptedException | RuntimeException | Error e) {
                end();
                landed.completeExceptionally(e);
            }
        }

        private void end() {
            synchronized (Robots.this) {
                flights.remove(page.origin(), this);
            }
        }
    }
}
