package dev.fetchback;

import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;

/**
 * When no further task is taken.
 *
 * @param numbers of {@code store}
 * @param spoolBytesMax bytes of stored pages; 0 for no cap
 * @param waitingMax unfinished tasks; 0 for no cap
 */
record Admission(Store store, StoreNumbers numbers, long spoolBytesMax, long waitingMax) {
    /**
     * @throws StoreException when the store is known to be out of reach, or stored pages take too much space
     * @throws Tasks.Overloaded when too many tasks are unfinished
     */
    void check() {
        refuseIfAway();
        if (spoolBytesMax > 0 || waitingMax > 0) {
            check(store.totals());
        }
    }

    /** The same, but for what the store does not say at once. */
    void checkKnown() {
        refuseIfAway();
        if (spoolBytesMax > 0 || waitingMax > 0) {
            numbers.now().ifPresent(known -> check(known.totals()));
        }
    }

    private void refuseIfAway() {
        StoreException away = numbers.away().orElse(null);
        if (away != null) {
            throw new StoreException(away.kind(), String.valueOf(away.getMessage()), away);
        }
    }

    private void check(Store.Totals totals) {
        if (spoolBytesMax > 0 && totals.bodyBytes() >= spoolBytesMax) {
            throw new StoreException(StoreException.Kind.FULL, "Stored pages take " + totals.bodyBytes() + " bytes; at most "
                    + spoolBytesMax + " are allowed (spool-max-size). Nothing was stored. Bring receivers back, or allow more.", null);
        }
        long live = totals.live();
        if (waitingMax > 0 && live >= waitingMax) {
            throw new Tasks.Overloaded("There are " + live + " unfinished tasks; at most " + waitingMax
                    + " are allowed (max-waiting). Nothing was stored. Try again when some are done.");
        }
    }
}
