package dev.fetchback.store;

/** Too much waits for the store; nothing was done, and trying again in a moment may work. */
public final class StoreBusy extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** @param message what is full, how full it may get, and what to do */
    public StoreBusy(String message) {
        super(message);
    }
}
