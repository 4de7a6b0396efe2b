package dev.fetchback.outbound;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Turns a host name into addresses. Never asked for address literals. */
public interface Resolver {
    /**
     * All addresses of {@code host}, at least one, in the order they should be tried.
     *
     * @param host ASCII, lower case, no trailing dot
     * @param waitNanos how long the caller can wait, more than 0
     * @throws UnknownHostException when there is none, or none came in time; the message is fit for the caller
     */
    List<InetAddress> resolve(String host, long waitNanos) throws UnknownHostException, InterruptedException;
}
