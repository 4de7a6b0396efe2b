package dev.fetchback.store;

import dev.fetchback.store.StoreException.Kind;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Why new tasks are refused for the time being, and when to ask whether they still must be. The writer's own, but for
 * {@link #reason}.
 */
final class Refusing {
    private static final Logger LOG = System.getLogger(Refusing.class.getName());
    /** Nobody may submit to a server that says it refuses, so it has to find out by itself; asking costs little. */
    private static final Duration ASK_EVERY = Duration.ofSeconds(1);

    private volatile @Nullable StoreException reason;
    private long askAt;

    /** Null while they are taken. */
    @Nullable StoreException reason() {
        return reason;
    }

    void because(StoreException why) {
        askAt = System.nanoTime() + ASK_EVERY.toNanos();
        if (reason == null) {
            LOG.log(Level.WARNING, "new tasks are refused until the store takes them again reason={0}", why.getMessage());
        }
        // What comes now is refused for certain, whatever becomes of the commit that is under way.
        boolean open = why.kind() == Kind.UNDECIDED;
        reason = open ? new StoreException(Kind.UNAVAILABLE, String.valueOf(why.getMessage()), why) : why;
    }

    void over() {
        reason = null;
        LOG.log(Level.INFO, "new tasks are taken again");
    }

    /** In how many nanoseconds to ask; not before {@code otherwise} while none are refused. */
    long wait(long now, long otherwise) {
        return reason == null ? otherwise : Math.min(otherwise, askAt - now);
    }

    boolean asks(long now) {
        return reason != null && now - askAt >= 0;
    }

    /** Whether a fault may be over by itself. */
    static boolean passes(StoreException fault) {
        return switch (fault.kind()) {
            case FULL, UNAVAILABLE, UNDECIDED -> true;
            case UNUSABLE, IN_USE, CORRUPT, CLOSED -> false;
        };
    }
}
