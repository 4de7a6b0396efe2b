package dev.fetchback;

import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;

/**
 * When no further task is taken.
 *
 * @param spoolBytesMax bytes of stored pages; 0 for no cap
 * @param waitingMax unfinished tasks; 0 for no cap
 */
record Admission(Store store, long spoolBytesMax, long waitingMax) {
    /**
     * @throws StoreException when stored pages take too much space
     * @throws Tasks.Overloaded when too many tasks are unfinished
     */
    void check() {
        if (spoolBytesMax == 0 && waitingMax == 0) {
            return;
        }
        Store.Totals totals = store.totals();
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
