package dev.fetchback.deliver;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/**
 * What a receiver's URL is known by.
 *
 * @param endpoint the URL without userinfo, query and fragment, scheme and host in lower case, without the scheme's own port
 * @param origin its scheme, host and port
 */
record EndpointName(String endpoint, String origin) {
    private static final String ID_PREFIX = "rcv_";
    private static final int ID_DIGITS = 16; // 80 bits: no two of 100 million endpoints are likely to share one
    private static final String DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    static EndpointName of(String url) {
        int schemeEnd = url.indexOf("://");
        int authority = schemeEnd < 0 ? 0 : schemeEnd + 3;
        int end = url.length();
        int path = url.length();
        for (int i = authority; i < url.length() && end == url.length(); i++) {
            char c = url.charAt(i);
            if (c == '?' || c == '#') {
                end = i;
            } else if (c == '/' && path > i) {
                path = i;
            }
        }
        path = Math.min(path, end);
        String scheme = url.substring(0, authority).toLowerCase(Locale.ROOT);
        String host = url.substring(url.lastIndexOf('@', path) >= authority ? url.lastIndexOf('@', path) + 1 : authority, path);
        String origin = scheme + withoutPort(host.toLowerCase(Locale.ROOT), scheme.equals("https://") ? ":443" : ":80");
        String rest = url.substring(path, end);
        return new EndpointName(origin + (rest.isEmpty() ? "/" : rest), origin);
    }

    private static String withoutPort(String host, String port) {
        return host.endsWith(port) ? host.substring(0, host.length() - port.length()) : host;
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
