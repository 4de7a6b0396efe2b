package dev.fetchback.outbound;

import java.net.InetAddress;

/**
 * What a connection may be used again for. The address is part of it, so a name that moved never rides an old connection.
 *
 * @param origin scheme, host and port
 * @param address connected to
 * @param trusted whether the address was taken unseen
 */
record PoolKey(String origin, InetAddress address, boolean trusted) {}
