package dev.fetchback.server.config;

import java.net.InetAddress;

/** Addresses as text; no name is ever looked up here. */
final class Addresses {
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
}
