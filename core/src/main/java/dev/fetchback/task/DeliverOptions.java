package dev.fetchback.task;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where and how the result is delivered.
 *
 * @param to the receiver's URL, or {@link #IN_PROCESS} and the name of a function of the program around Fetchback, which is
 *     given everything whatever {@code mode}, {@code headers} and {@code secret} say
 * @param mode what the body of the request is
 * @param headers sent with every attempt
 * @param secret {@code whsec_} and base64; null signs with the operator's secret, if there is one
 * @param timeout of one attempt, the whole exchange
 * @param maxAttempts 1 to 20
 * @param spool when a page is written to disk before it is delivered
 */
public record DeliverOptions(
        String to,
        Mode mode,
        List<Header> headers,
        @Nullable String secret,
        Duration timeout,
        int maxAttempts,
        Spool spool) {
    /** The timeout of an attempt when the task says nothing. */
    public static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(20);
    /** The attempts when the task says nothing: one for each step of the default schedule. */
    public static final int MAX_ATTEMPTS_DEFAULT = 10;

    /** What an address in this process begins with: no http or https URL does, and no other is a receiver's. */
    public static final String IN_PROCESS = "in-process:";

    public DeliverOptions {
        headers = List.copyOf(headers);
    }

    /** Delivery to a URL or an address in this process with every default. */
    public static DeliverOptions to(String address) {
        return new DeliverOptions(
                address, Mode.ENVELOPE, List.of(), null, TIMEOUT_DEFAULT, MAX_ATTEMPTS_DEFAULT, Spool.WHEN_NEEDED);
    }

    /** Delivery to the function of that name in this process, with every default. */
    public static DeliverOptions inProcess(String name) {
        return to(IN_PROCESS + name);
    }

    /** The same with another time for an attempt. */
    public DeliverOptions withTimeout(Duration time) {
        return new DeliverOptions(to, mode, headers, secret, time, maxAttempts, spool);
    }

    /** The same with another number of attempts. */
    public DeliverOptions withMaxAttempts(int attempts) {
        return new DeliverOptions(to, mode, headers, secret, timeout, attempts, spool);
    }

    /** What the body of the request is. */
    public enum Mode {
        /** JSON with the page inside. */
        ENVELOPE,
        /** The page's own bytes; everything else in {@code fetchback-*} headers. */
        RAW,
        /** The envelope without the body. */
        NOTIFY,
        /** Only what came of processing the page: the envelope without its body and headers. */
        PROCESSED
    }

    /** When a page is written to disk before it is delivered. */
    public enum Spool {
        /** Only when delivery must wait. */
        WHEN_NEEDED,
        /** Always: a crash during delivery never fetches again. */
        ALWAYS
    }

    @Override
    public String toString() {
        return "DeliverOptions[to=" + to + ", mode=" + mode + "]"; // never the secret
    }
}
