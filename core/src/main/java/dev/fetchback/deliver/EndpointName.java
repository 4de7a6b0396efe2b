package dev.fetchback.deliver;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.Target;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What a receiver's address is known by.
 *
 * @param endpoint the URL in canonical form without its query, or an address in this process
 * @param origin its scheme, host and port; an address in this process is one of its own
 */
record EndpointName(String endpoint, String origin) {
    private static final String ID_PREFIX = "rcv_";
    private static final int ID_DIGITS = 16; // 80 bits: no two of 100 million endpoints are likely to share one
    private static final String DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    static EndpointName of(String address) throws BadUrl {
        if (InProcess.is(address)) {
            return new EndpointName(address, address);
        }
        Target target = Target.parse(address);
        return new EndpointName(target.endpoint(), target.origin());
    }

    /** {@code rcv_} and 16 characters of Crockford base32, from the SHA-256 of the endpoint. */
    String id() {
        byte[] hash;
        try {
            hash = MessageDigest.getInstance("SHA-256").digest(endpoint.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("this Java has no SHA-256, which every Java must have", impossible);
        }
        StringBuilder id = new StringBuilder(ID_PREFIX);
        for (int digit = 0; digit < ID_DIGITS; digit++) {
            int bit = digit * 5;
            int pair = (hash[bit / 8] & 0xff) << 8 | hash[bit / 8 + 1] & 0xff;
            id.append(DIGITS.charAt(pair >> 11 - bit % 8 & 31));
        }
        return id.toString();
    }
}
