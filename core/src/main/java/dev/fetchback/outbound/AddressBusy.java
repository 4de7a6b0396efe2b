package dev.fetchback.outbound;

import java.net.InetAddress;

/** No place was free at the first address of an exchange, so nothing was sent; see {@link AddressTurn}. */
public final class AddressBusy extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient InetAddress address;

    AddressBusy(InetAddress address) {
        super("no connection to the address is free", null, false, false);
        this.address = address;
    }

    /** Which. */
    public InetAddress address() {
        return address;
    }
}
