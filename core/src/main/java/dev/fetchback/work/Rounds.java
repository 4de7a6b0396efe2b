package dev.fetchback.work;

import dev.fetchback.store.Store;
import java.util.function.LongSupplier;

/** Hears what other owners of the store have stored that matters to what this one is about to do. */
final class Rounds {
    /** How long an order that was given elsewhere may go unheard; a look is one small read. */
    private static final long EVERY_MILLIS = 500;

    private final Store store;
    private final Receivers receivers;
    private final Runs runs;
    private final LongSupplier clock;

    Rounds(Store store, Receivers receivers, Runs runs, LongSupplier clock) {
        this.store = store;
        this.receivers = receivers;
        this.runs = runs;
        this.clock = clock;
    }

    /** Whether no other owner is to be told anything. */
    boolean alone() {
        return store.lookEveryMillis() == Long.MAX_VALUE;
    }

    /** Returns when other owners have heard of what is stored now, unless they are held up. */
    void awaitOthers() throws InterruptedException {
        if (!alone()) {
            Thread.sleep(2 * EVERY_MILLIS);
        }
    }

    /** Looks, if there are others; returns when to be called again, Unix milliseconds. Blocks. */
    long turn() {
        if (alone()) {
            return Long.MAX_VALUE; // whoever hears that there are others calls again
        }
        Store.News news = store.news();
        news.taken().forEach(runs::cancel);
        if (!news.receivers().isEmpty()) {
            receivers.hear(news.receivers());
        }
        return clock.getAsLong() + EVERY_MILLIS;
    }
}
