package dev.fetchback.outbound;

import java.util.concurrent.atomic.LongAdder;

/** Counters of an {@link Outbound}, since it was made. */
public final class OutboundMeters {
    final LongAdder exchanges = new LongAdder();
    final LongAdder opened = new LongAdder();
    final LongAdder closed = new LongAdder();
    final LongAdder reused = new LongAdder();
    final LongAdder retried = new LongAdder();
    final LongAdder blocked = new LongAdder();
    final LongAdder received = new LongAdder();

    OutboundMeters() {}

    /** Requests asked for, redirects not counted. */
    public long exchanges() {
        return exchanges.sum();
    }

    /** Connections opened, or tried to. */
    public long opened() {
        return opened.sum();
    }

    /** Requests sent over a connection that was open already. */
    public long reused() {
        return reused.sum();
    }

    /** Requests sent again because a kept connection turned out to be dead. */
    public long retried() {
        return retried.sum();
    }

    /** Connections refused because of a name or an address. */
    public long blocked() {
        return blocked.sum();
    }

    /** Bytes that came over the network, those of TLS, heads and framing included. */
    public long received() {
        return received.sum();
    }

    /** Connections open now, in use or kept. */
    public long open() {
        return Math.max(opened.sum() - closed.sum(), 0);
    }
}
