package dev.fetchback.deliver;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The signature of Standard Webhooks, version 1: {@code v1,} and the base64 of HMAC-SHA256 over id, timestamp and body,
 * joined by dots. Safe for many threads: one Mac holds the key worked in and is only ever cloned, which is cheaper than a
 * pool's lock or a new key schedule.
 */
public final class Signer {
    private static final String PREFIX = "whsec_";
    private static final int SECRET_BYTES_MIN = 24; // Standard Webhooks: between 24 and 64 bytes
    private static final int SECRET_BYTES_MAX = 64;
    private static final String ALGORITHM = "HmacSHA256";

    private final Mac keyed;

    private Signer(byte[] secret) {
        try {
            keyed = Mac.getInstance(ALGORITHM);
            keyed.init(new SecretKeySpec(secret, ALGORITHM));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("this Java has no " + ALGORITHM + ", which every Java must have", impossible);
        }
    }

    /**
     * Checks a secret before it is accepted.
     *
     * @throws IllegalArgumentException when it is not {@code whsec_} and base64 of 24 to 64 bytes; the message does not hold it
     */
    public static void check(String secret) {
        of(secret);
    }

    /**
     * The signer of a secret.
     *
     * @param secret {@code whsec_} and base64 of 24 to 64 bytes
     * @throws IllegalArgumentException when it is not that; the message does not hold the secret
     */
    static Signer of(String secret) {
        if (!secret.startsWith(PREFIX)) {
            throw new IllegalArgumentException("the webhook secret does not begin with " + PREFIX + "; " + hint());
        }
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(secret.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            // Without the cause, whose message may quote the secret.
            throw new IllegalArgumentException("the webhook secret is not base64 after " + PREFIX + "; " + hint());
        }
        if (bytes.length < SECRET_BYTES_MIN || bytes.length > SECRET_BYTES_MAX) {
            throw new IllegalArgumentException("the webhook secret has " + bytes.length + " bytes; " + hint());
        }
        Signer signer = new Signer(bytes);
        Arrays.fill(bytes, (byte) 0);
        return signer;
    }

    private static String hint() {
        return "it must be " + PREFIX + " and the base64 of " + SECRET_BYTES_MIN + " to " + SECRET_BYTES_MAX
                + " random bytes, as from: echo " + PREFIX + "$(openssl rand -base64 32)";
    }

    /** A signature in the making: the body comes in one piece or many. */
    Signature begin(String id, long unixSeconds) {
        try {
            Mac mac = (Mac) keyed.clone();
            mac.update((id + "." + unixSeconds + ".").getBytes(StandardCharsets.US_ASCII));
            return new Signature(mac);
        } catch (CloneNotSupportedException impossible) {
            throw new IllegalStateException(ALGORITHM + " of this Java cannot be cloned", impossible);
        }
    }

    /** One signature; for one thread. */
    static final class Signature {
        private final Mac mac;

        private Signature(Mac mac) {
            this.mac = mac;
        }

        Signature update(byte[] bytes, int from, int length) {
            mac.update(bytes, from, length);
            return this;
        }

        /** The value of the header. */
        String end() {
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal());
        }
    }
}
