package dev.fetchback.processors;

/** A page from which a processor cannot read what it was asked for; the message is for the caller. */
final class UnfitPage extends Exception {
    private static final long serialVersionUID = 1L;

    UnfitPage(String message) {
        super(message);
    }
}
