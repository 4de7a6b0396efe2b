package dev.fetchback.fetch;

import dev.fetchback.outbound.AddressGate;
import dev.fetchback.work.Permits;
import java.net.InetAddress;
import java.util.function.Consumer;

/** The places at addresses, as the scheduler sees them. */
public final class AddressPermits implements Permits {
    private final AddressGate gate;

    /** @param gate that pages are fetched through */
    public AddressPermits(AddressGate gate) {
        this.gate = gate;
    }

    @Override
    public boolean take(Object key, int limit) {
        return gate.take((InetAddress) key, limit);
    }

    @Override
    public boolean free(Object key, int limit) {
        return gate.free((InetAddress) key, limit);
    }

    @Override
    public void giveBack(Object key) {
        gate.leave((InetAddress) key);
    }

    @Override
    public void listen(Consumer<Object> freed) {
        gate.listen(freed::accept);
    }
}
