package dev.fetchback.outbound;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * A network of addresses, and the port it is opened for.
 *
 * @param text as it was written
 * @param v6 whether it is IPv6
 * @param high the network's first 64 bits; 0 for IPv4
 * @param low the network's last 64 bits; the address for IPv4
 * @param prefix bits that count, 0 to 32 or 0 to 128
 * @param port the only port meant; 0 for all
 */
record AddressRange(String text, boolean v6, long high, long low, int prefix, int port) {
    private static final int V4_BITS = 32;
    private static final int V6_BITS = 128;
    private static final int PORT_MAX = 65_535;

    /** A network that is known to be right. */
    static AddressRange of(String cidr) {
        return parse(cidr);
    }

    /**
     * Reads {@code 10.0.0.0/8}, {@code 10.0.0.0/8:8080}, {@code fd00::/8} or {@code [fd00::/8]:8080}; without a prefix one
     * address.
     *
     * @throws IllegalArgumentException with a sentence that says what is wrong
     */
    static AddressRange parse(String entry) {
        String network = entry;
        String portText = "";
        if (entry.startsWith("[")) {
            int end = entry.indexOf(']');
            if (end < 0) {
                throw bad(entry, "the '[' is not closed");
            }
            network = entry.substring(1, end);
            portText = entry.substring(end + 1);
            if (!portText.isEmpty() && !portText.startsWith(":")) {
                throw bad(entry, "only ':port' may follow the ']'");
            }
        } else if (entry.indexOf(':') >= 0 && entry.indexOf(':') == entry.lastIndexOf(':')) {
            network = entry.substring(0, entry.indexOf(':'));
            portText = entry.substring(network.length());
        }
        int port = portText.isEmpty() ? 0 : number(entry, portText.substring(1), 1, PORT_MAX, "port");
        int slash = network.indexOf('/');
        String addressText = slash < 0 ? network : network.substring(0, slash);
        boolean v6 = addressText.indexOf(':') >= 0;
        byte[] bytes = address(entry, addressText, v6);
        int bits = v6 ? V6_BITS : V4_BITS;
        int prefix = slash < 0 ? bits : number(entry, network.substring(slash + 1), 0, bits, "prefix");
        AddressBits first = AddressBits.of(bytes);
        AddressRange range = new AddressRange(entry, v6, first.high(), first.low(), prefix, port);
        if (range.high != (range.high & range.highMask()) || range.low != (range.low & range.lowMask())) {
            String start = text(bytes.length, range.high & range.highMask(), range.low & range.lowMask());
            throw bad(entry, "the address has bits set after the first " + prefix + "; the network is " + start + "/" + prefix
                    + ", the address alone " + addressText + "/" + bits);
        }
        return range;
    }

    private static String text(int length, long high, long low) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        bytes = length == 4 ? bytes.putInt((int) low) : bytes.putLong(high).putLong(low);
        try {
            return InetAddress.getByAddress(bytes.array()).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has four or sixteen bytes", e);
        }
    }

    private static byte[] address(String entry, String text, boolean v6) {
        boolean plain = v6
                ? text.chars().allMatch(c -> c == ':' || c == '.' || Character.digit(c, 16) >= 0)
                : text.matches("(0|[1-9]\\d{0,2})(\\.(0|[1-9]\\d{0,2})){3}");
        try {
            if (plain) {
                byte[] bytes = InetAddress.ofLiteral(text).getAddress();
                if (v6 && bytes.length == 4) {
                    throw bad(entry, "it stands for an IPv4 address; write it as one");
                }
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            if (e.getMessage() != null && e.getMessage().startsWith("'")) {
                throw e;
            }
        }
        throw bad(entry, "'" + text + "' is not an IP address");
    }

    private static int number(String entry, String text, int min, int max, String what) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) < min || Integer.parseInt(text) > max) {
            throw bad(entry, "its " + what + " is '" + text + "' but must be a number from " + min + " to " + max);
        }
        return Integer.parseInt(text);
    }

    private static IllegalArgumentException bad(String entry, String why) {
        return new IllegalArgumentException("'" + entry + "' is not a network: " + why
                + ". Write for example 10.0.0.0/8, 127.0.0.1/32:8080, fd00::/8 or [fd00::/8]:8080");
    }

    /** Whether it is one address. */
    boolean single() {
        return prefix == (v6 ? V6_BITS : V4_BITS);
    }

    /** Whether everything in {@code other}, ports included, is in this one. */
    boolean covers(AddressRange other) {
        return v6 == other.v6 && prefix <= other.prefix && (port == 0 || port == other.port) && matches(other.high, other.low);
    }

    boolean contains(AddressBits address) {
        return v6 == address.v6() && matches(address.high(), address.low());
    }

    boolean contains(AddressBits address, int toPort) {
        return (port == 0 || port == toPort) && contains(address);
    }

    boolean matches(long otherHigh, long otherLow) {
        return (otherHigh & highMask()) == (high & highMask()) && (otherLow & lowMask()) == (low & lowMask());
    }

    private long highMask() {
        return v6 && prefix > 0 ? -1L << Math.max(64 - prefix, 0) : 0;
    }

    private long lowMask() {
        int bits = v6 ? prefix - 64 : prefix;
        int width = v6 ? 64 : V4_BITS;
        return bits <= 0 ? 0 : -1L << width - bits & (v6 ? -1L : 0xffffffffL);
    }
}
