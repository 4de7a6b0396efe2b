package dev.fetchback.outbound;

import java.net.UnknownHostException;

/** Turns a host name into addresses. Never asked for address literals. */
public interface Resolver {
    /**
     * All addresses of {@code host}, at least one.
     *
     * @param host ASCII, lower case, no trailing dot
     * @param waitNanos how long the caller can wait, more than 0
     * @throws UnknownHostException when there is none, or none came in time; the message is fit for the caller
     */
    Resolved resolve(String host, long waitNanos) throws UnknownHostException, InterruptedException;
}
