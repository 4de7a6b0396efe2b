package dev.fetchback.outbound;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * For a caller that does not wait within an exchange until a connection to its address may be opened, but waits for its turn elsewhere.
 *
 * @param held an address where the caller has a place of the {@link AddressGate} already; null for none
 * @param limit how many connections may be in use to an address by way of this host, at least 1
 */
public record AddressTurn(@Nullable InetAddress held, int limit) {}
