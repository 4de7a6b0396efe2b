package dev.fetchback.store;

import org.jspecify.annotations.Nullable;

/** The store could not do what was asked; nothing of it was done. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Kind kind;

    /**
     * @param kind what an operator has to do about it
     * @param message what failed, with what value, and what to do
     * @param cause what the engine said; null when Fetchback itself found the fault
     */
    public StoreException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What an operator has to do about it. */
    public Kind kind() {
        return kind;
    }

    /** What an operator has to do about it. */
    public enum Kind {
        /** The disk or the configured size is full: new tasks are refused, settles still fit. */
        FULL,
        /** The folder cannot be written, or belongs to somebody else: nothing can be done until that is mended. */
        UNUSABLE,
        /** Another process has it, or has a node of this name on it: it can be opened once that one has ended. */
        IN_USE,
        /** It cannot be reached just now: nothing was stored, and it is tried again by itself. */
        UNAVAILABLE,
        /**
         * It could not be reached any more when it had been told to commit: the same changes must be committed again, to hear what
         * became of them.
         */
        UNDECIDED,
        /** The data is damaged or of a newer version. */
        CORRUPT,
        /** It is closed. */
        CLOSED
    }
}
