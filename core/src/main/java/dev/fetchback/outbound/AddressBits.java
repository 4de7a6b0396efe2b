package dev.fetchback.outbound;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * An address as numbers, to be compared with networks.
 *
 * @param v6 whether it is IPv6
 * @param high the first 64 bits; 0 for IPv4
 * @param low the last 64 bits; the address for IPv4
 */
record AddressBits(boolean v6, long high, long low) {
    static AddressBits of(InetAddress address) {
        return of(address.getAddress());
    }

    /** @param bytes 4 or 16, in network order */
    static AddressBits of(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return bytes.length == 4
                ? new AddressBits(false, 0, buffer.getInt() & 0xffffffffL)
                : new AddressBits(true, buffer.getLong(), buffer.getLong());
    }
}
