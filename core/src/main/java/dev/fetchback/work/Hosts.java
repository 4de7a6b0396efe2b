package dev.fetchback.work;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What fetches learn of their hosts; kept with the hosts' queues in the fetch lane, under its lock. */
final class Hosts {
    private final Lane lane;
    private final Permits addresses;
    private final LongSupplier clock;

    Hosts(Lane lane, Permits addresses, LongSupplier clock) {
        this.lane = lane;
        this.addresses = addresses;
        this.clock = clock;
        addresses.listen(lane::freed);
    }

    /** Learns from an answer; returns until when its host is left alone, Unix milliseconds, if the answer asked for that, else 0. */
    long heard(@Nullable HostNews news) {
        return news == null ? 0 : lane.pace(news.host(), pace -> ((HostPace) pace).heard(news, clock.getAsLong()));
    }

    /** There was no place at an address that a host leads to. */
    void crowded(String host, Object address) {
        lane.pace(host, pace -> {
            ((HostPace) pace).crowded(address, clock.getAsLong());
            return address;
        });
    }

    /** Gives back what was taken for a task besides its host's place; null for nothing. */
    void giveBack(@Nullable Object permit) {
        if (permit != null) {
            addresses.giveBack(permit);
        }
    }

    HostCounts counts() {
        long now = clock.getAsLong();
        int[] counts = new int[2];
        lane.look(pace -> {
            HostPace host = (HostPace) pace;
            counts[0] += host.paused(now) ? 1 : 0;
            counts[1] += host.slowed() ? 1 : 0;
        });
        return new HostCounts(counts[0], counts[1]);
    }
}
