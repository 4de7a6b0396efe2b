package dev.fetchback.work;

/** How each host is treated. Asked once a fetch or more, by many threads: quick, and always with the same answer for one host. */
@FunctionalInterface
public interface HostPolicies {
    /**
     * The policy for one host.
     *
     * @param hostPort as {@code Target.hostPort()} has it: ASCII, lower case, always with a port, IPv6 in brackets
     */
    HostPolicy of(String hostPort);
}
