package dev.fetchback.process;

/** An option of a processor that is unknown or has a value that is not allowed. */
public final class BadOption extends Exception {
    private static final long serialVersionUID = 1L;

    private final String pointer;

    /**
     * @param pointer where it is, as a JSON pointer (RFC 6901) from the processor's options, such as {@code /css}
     * @param message what is wrong with it and what is allowed, in a sentence
     */
    public BadOption(String pointer, String message) {
        super(message);
        this.pointer = pointer;
    }

    /** Where it is, from the processor's options. */
    public String pointer() {
        return pointer;
    }
}
