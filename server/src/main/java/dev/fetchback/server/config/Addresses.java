package dev.fetchback.server.config;

import java.net.InetAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses as text; no name is ever looked up here. */
final class Addresses {
    private static final Pattern NETWORK = Pattern.compile("([0-9A-Fa-f:.]{2,45})/([0-9]{1,3})(:([0-9]{1,5}))?");

    private Addresses() {}

    /** Whether {@code text} is an IP address. */
    static boolean literal(String text) {
        try {
            return InetAddress.ofLiteral(text) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Whether only this machine can connect to what listens on {@code host}; a name other than localhost counts as reachable. */
    static boolean loopback(String host) {
        return host.equalsIgnoreCase("localhost") || literal(host) && InetAddress.ofLiteral(host).isLoopbackAddress();
    }

    /** Refuses what is neither CIDR nor CIDR:port. */
    static void checkNetwork(String text) {
        Matcher matcher = NETWORK.matcher(text);
        if (!matcher.matches() || !literal(matcher.group(1))) {
            throw new IllegalArgumentException("not a network: " + text);
        }
        int bits = InetAddress.ofLiteral(matcher.group(1)).getAddress().length * Byte.SIZE;
        if (Integer.parseInt(matcher.group(2)) > bits) {
            throw new IllegalArgumentException("more than " + bits + " bits: " + text);
        }
        if (matcher.group(4) != null && Integer.parseInt(matcher.group(4)) > 65_535) {
            throw new IllegalArgumentException("no such port: " + text);
        }
    }
}
