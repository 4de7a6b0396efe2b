package dev.fetchback.server.intake;

import org.jspecify.annotations.Nullable;

/** A request, or an item of one, that is answered with an error. Holds no stack: it is an answer, not a fault. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ApiError error;
    private final @Nullable String pointer;
    private final int retryAfterSeconds;
    private @Nullable String contentRange;

    Refusal(ApiError error, String detail) {
        this(error, null, detail, 0);
    }

    /**
     * @param pointer RFC 6901, to the value in the request's JSON; null when it is not about one
     * @param detail a sentence for a person: what is wrong, what is allowed, what to do; never a secret
     */
    Refusal(ApiError error, @Nullable String pointer, String detail) {
        this(error, pointer, detail, 0);
    }

    private Refusal(ApiError error, @Nullable String pointer, String detail, int retryAfterSeconds) {
        super(detail, null, false, false);
        this.error = error;
        this.pointer = pointer;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    /** A refusal that a later try may overcome. */
    static Refusal retryAfter(ApiError error, int seconds, String detail) {
        return new Refusal(error, null, detail, seconds);
    }

    /** The same about a value that lies under {@code prefix}. */
    Refusal under(String prefix) {
        return pointer == null ? this : new Refusal(error, prefix + pointer, detail(), retryAfterSeconds);
    }

    /** The refusal of a range of {@code bytes} bytes. */
    static Refusal range(long bytes) {
        Refusal refusal = new Refusal(
                ApiError.RANGE_NOT_SATISFIABLE, "The page has " + bytes + " bytes; ask for a range that begins before its end.");
        refusal.contentRange = "bytes */" + bytes;
        return refusal;
    }

    /** For the {@code Content-Range} header; null for none. */
    @Nullable String contentRange() {
        return contentRange;
    }

    ApiError error() {
        return error;
    }

    @Nullable String pointer() {
        return pointer;
    }

    String detail() {
        String detail = getMessage();
        return detail == null ? error.title() : detail;
    }

    /** For the {@code Retry-After} header; 0 for none. */
    int retryAfterSeconds() {
        return retryAfterSeconds;
    }
}
