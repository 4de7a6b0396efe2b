package dev.fetchback.deliver;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an operator can set of deliveries.
 *
 * @param secret signs what a task has no secret of its own for: {@code whsec_} and base64; null leaves it unsigned
 * @param userAgent sent to receivers
 * @param inlineMax the longest page that is sent inside the envelope, in decoded bytes; a longer one becomes a link
 * @param limits how much may be under way
 * @param breaker when an endpoint that fails is left alone
 */
public record DeliverSettings(@Nullable String secret, String userAgent, int inlineMax, Limits limits, Breaker breaker) {
    /** The longest page sent inline when nothing is set. */
    public static final int INLINE_MAX_DEFAULT = 256 << 10;

    /** The longest page that may be set to be sent inline: an envelope is held in memory whole, at up to six times its page. */
    public static final int INLINE_MAX_MAX = 16 << 20;

    /** What holds when nothing is set. */
    public static final DeliverSettings DEFAULT =
            new DeliverSettings(null, "Fetchback", INLINE_MAX_DEFAULT, Limits.DEFAULT, Breaker.DEFAULT);

    public DeliverSettings {
        if (secret != null) {
            Signer.check(secret);
        }
        if (inlineMax < 0 || inlineMax > INLINE_MAX_MAX) {
            throw new IllegalArgumentException(
                    "deliver.inline-max is " + inlineMax + "; it must be 0 to " + INLINE_MAX_MAX + " bytes");
        }
    }

    /**
     * How much may be under way.
     *
     * @param perEndpoint deliveries at once to one URL without its query
     * @param perOrigin deliveries at once to all endpoints of one scheme, host and port
     * @param patience how long a delivery waits for a free place before it is stored or handed back
     * @param waitersMax deliveries straight from memory that may wait for one endpoint; more are stored at once
     * @param envelopeBytes of envelopes in memory at once, over all receivers
     * @param endpointsMax endpoints remembered; of more, the healthy ones that were not used longest are forgotten
     */
    public record Limits(
            int perEndpoint, int perOrigin, Duration patience, int waitersMax, int envelopeBytes, int endpointsMax) {
        /** What holds when nothing is set. */
        public static final Limits DEFAULT = new Limits(32, 128, Duration.ofSeconds(2), 16_384, 64 << 20, 100_000);

        public Limits {
            atLeastOne("deliver.per-endpoint-concurrency", perEndpoint);
            atLeastOne("deliver.per-origin-concurrency", perOrigin);
            atLeastOne("deliver.envelope-bytes", envelopeBytes);
            atLeastOne("deliver.endpoints-max", endpointsMax);
        }
    }

    /**
     * When an endpoint that fails is left alone.
     *
     * @param failures in a row that open the breaker
     * @param openFirst how long it is open the first time; each probe that fails doubles it
     * @param openMax the longest it is open
     */
    public record Breaker(int failures, Duration openFirst, Duration openMax) {
        /** What holds when nothing is set. */
        public static final Breaker DEFAULT = new Breaker(5, Duration.ofSeconds(10), Duration.ofMinutes(10));

        public Breaker {
            atLeastOne("deliver.breaker-failures", failures);
        }
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be at least 1");
        }
    }

    @Override
    public String toString() {
        return "DeliverSettings[inlineMax=" + inlineMax + ", limits=" + limits + ", breaker=" + breaker + "]"; // never the secret
    }
}
