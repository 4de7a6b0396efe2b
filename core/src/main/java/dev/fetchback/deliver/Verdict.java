package dev.fetchback.deliver;

/** What a delivery tells of the endpoint it went to. */
sealed interface Verdict {
    /** 2xx. */
    record Fine() implements Verdict {}

    /** It failed; {@code reason} in a few words. */
    record Failed(String reason) implements Verdict {}

    /** The endpoint asks to be left alone until then (Unix milliseconds): 429 or 503 with Retry-After. */
    record Delayed(long until) implements Verdict {}

    /** It wants nothing more, as it says by 410; {@code reason} is a sentence. */
    record Gone(String reason) implements Verdict {}

    /** Nothing was learned: the attempt was given back. */
    record Unknown() implements Verdict {}
}
