package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.store.StoreException;

/** Turns what the store throws into answers. */
final class StoreFaults {
    private static final int SOON_SECONDS = 1;
    /** A database is back within seconds, most often. */
    private static final int MOMENT_SECONDS = 5;
    /** A full or broken disk is not mended within a second. */
    private static final int LATER_SECONDS = 30;

    private StoreFaults() {}

    /** Whether {@code fault} is none that a store is known to have. */
    static boolean unexpected(Throwable fault) {
        return !(fault instanceof Tasks.Overloaded || fault instanceof StoreException);
    }

    /** The answer to a fault that is not unexpected. */
    static Refusal refusal(Throwable fault) {
        if (fault instanceof StoreException store) {
            return switch (store.kind()) {
                case FULL -> Refusal.retryAfter(
                        ApiError.STORAGE_FULL,
                        LATER_SECONDS,
                        "The disk or the configured size is full; nothing was stored. Try later.");
                case UNUSABLE, IN_USE, CORRUPT -> Refusal.retryAfter(
                        ApiError.STORE_UNAVAILABLE,
                        LATER_SECONDS,
                        "The store cannot be used; its operator has to mend it. Try later.");
                case UNAVAILABLE, UNDECIDED -> Refusal.retryAfter(
                        ApiError.STORE_UNAVAILABLE,
                        MOMENT_SECONDS,
                        "The store cannot be reached just now; it is tried again by itself. Try again in some seconds.");
                case CLOSED -> Refusal.retryAfter(ApiError.DRAINING, SOON_SECONDS, "The server is shutting down; try again.");
            };
        }
        return Refusal.retryAfter(
                ApiError.OVERLOADED, SOON_SECONDS, "Too much waits to be written; nothing was stored. Try again in a second.");
    }
}
