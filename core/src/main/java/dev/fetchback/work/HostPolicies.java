package dev.fetchback.work;

import java.util.function.IntSupplier;

/** How each host is treated. Asked once a fetch or more, by many threads: quick, and with the same answer for one host while nodes do not come or go. */
@FunctionalInterface
public interface HostPolicies {
    /**
     * The policy for one host.
     *
     * @param hostPort as {@code Target.hostPort()} has it: ASCII, lower case, always with a port, IPv6 in brackets
     */
    HostPolicy of(String hostPort);

    /** The same for one of several nodes that fetch side by side; see {@link HostPolicy#sharedBy}. */
    default HostPolicies sharedBy(IntSupplier nodes) {
        return host -> of(host).sharedBy(nodes.getAsInt());
    }
}
