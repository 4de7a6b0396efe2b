package dev.fetchback.outbound;

/** A URL that cannot be a {@link Target}; the message is one sentence for the caller, without secrets. */
public final class BadUrl extends Exception {
    private static final long serialVersionUID = 1L;

    BadUrl(String message) {
        // No stack trace: a bad URL is an everyday answer to a caller, and nobody looks for its place in the code.
        super(message, null, false, false);
    }
}
