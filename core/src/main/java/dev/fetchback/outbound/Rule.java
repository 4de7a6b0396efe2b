package dev.fetchback.outbound;

import java.util.Locale;

/**
 * What decided about an address, or about a name before it was looked up.
 *
 * @param ground which part of the policy
 * @param entry the entry that matched, such as {@code 10.0.0.0/8} or {@code *.local}; empty when there is none
 */
public record Rule(Ground ground, String entry) {
    /** The parts of the policy, in the order in which they are asked but for {@link #PUBLIC}, which is what is left. */
    public enum Ground {
        /** The origin is one that the operator trusts; its address is not looked at. */
        TRUSTED(true),
        /** The name is none of DNS. */
        NOT_DNS(false),
        /** The name stands for something on this machine or in its network. */
        NAME(false),
        /** The operator's deny list, which wins over the allow list. */
        DENY_LIST(false),
        /** A cloud's metadata service, which hands out credentials; opened only by naming exactly this address. */
        METADATA(false),
        /** The port of this server's own API, on an address of this machine; opened only by an entry with this port. */
        OWN_PORT(false),
        /** The operator's allow list. */
        ALLOW_LIST(true),
        /** A special-purpose network: private, loopback, link local, reserved. */
        SPECIAL(false),
        /** An address of this machine's interfaces. */
        OWN_ADDRESS(false),
        /** Nothing speaks against it. */
        PUBLIC(true);

        private final boolean allows;

        Ground(boolean allows) {
            this.allows = allows;
        }

        /** Stable, for callers: the name in lower case. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether a connection may be opened. */
    public boolean allows() {
        return ground.allows;
    }
}
