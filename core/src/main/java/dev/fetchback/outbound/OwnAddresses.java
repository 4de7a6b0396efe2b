package dev.fetchback.outbound;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The addresses of this machine's own interfaces, looked up again from time to time since they come and go. */
final class OwnAddresses implements Predicate<InetAddress> {
    private static final System.Logger LOG = System.getLogger(OwnAddresses.class.getName());
    /** A look-up costs milliseconds; a new address of our own is seen within this time. */
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final LongSupplier nanos;
    private final AtomicLong refreshAt;
    private volatile Set<InetAddress> addresses;

    OwnAddresses(LongSupplier nanos) {
        this.nanos = nanos;
        this.refreshAt = new AtomicLong(nanos.getAsLong() + REFRESH_NANOS);
        try {
            this.addresses = look();
        } catch (SocketException e) {
            throw new IllegalStateException(
                    "this machine's network interfaces cannot be listed, so its own addresses are not known", e);
        }
    }

    @Override
    public boolean test(InetAddress address) {
        long now = nanos.getAsLong();
        long due = refreshAt.get();
        if (now - due >= 0 && refreshAt.compareAndSet(due, now + REFRESH_NANOS)) {
            try {
                addresses = look();
            } catch (SocketException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "own addresses: cannot list the network interfaces; the last list stays in use",
                        e);
            }
        }
        return addresses.contains(address);
    }

    private static Set<InetAddress> look() throws SocketException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .collect(Collectors.toUnmodifiableSet());
    }
}
