package dev.fetchback.deliver;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.StoreException;
import dev.fetchback.work.Pace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints that were seen, with their health; of very many, the healthy ones that were not used longest are forgotten.
 * Safe for many threads.
 */
public final class Endpoints {
    private static final System.Logger LOG = System.getLogger(Endpoints.class.getName());

    /** How many of the least recently used are looked at for one to forget. */
    private static final int FORGET_TRIES = 16;

    private final DeliverSettings settings;
    private final InProcess functions;
    private final LongSupplier clock;
    private final Listener listener;

    private final Map<String, Endpoint> byId = new LinkedHashMap<>(64, 0.75f, true); // in order of use
    private final Map<String, Shared> origins = new HashMap<>();

    /**
     * @param functions the receivers in this process
     * @param clock Unix milliseconds
     * @param listener told what happens to endpoints
     */
    public Endpoints(DeliverSettings settings, InProcess functions, LongSupplier clock, Listener listener) {
        this.settings = settings;
        this.functions = functions;
        this.clock = clock;
        this.listener = listener;
    }

    /** Hears what happens to endpoints. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A record should be saved. Called in order for each endpoint, without the locks of deliveries; must not block.
         */
        void changed(ReceiverRecord record);

        /** The same by an operator's order; what is returned completes when it is stored, or fails as the store does. */
        default CompletableFuture<Void> ordered(ReceiverRecord record) {
            changed(record);
            return CompletableFuture.completedFuture(null);
        }

        /** The deliver lane may find a free place; called without locks. */
        default void opened(String id) {}

        /** Deliveries go well again after a stop that may have put tasks off; called without locks, must not block. */
        default void recovered(String id) {}
    }

    /** The id of a receiver: the same for all URLs that differ in their query only; {@code address} is a URL or one in this process. */
    public static String receiverId(String address) throws BadUrl {
        return EndpointName.of(address).id();
    }

    /**
     * Takes over what was saved before a restart.
     *
     * @return the ids of those that were absent then and are not any more: what waits for them may start
     */
    public synchronized List<String> load(List<ReceiverRecord> saved) {
        List<String> back = new ArrayList<>();
        for (ReceiverRecord one : saved) {
            try {
                Endpoint endpoint = put(one.id(), EndpointName.of(one.endpoint()), one);
                if (one.status() == ReceiverRecord.Status.ABSENT && !absent(endpoint)) {
                    back.add(one.id());
                }
            } catch (BadUrl e) {
                String text = "What was saved of receiver " + one.id() + " is left out: " + e.getMessage();
                LOG.log(System.Logger.Level.WARNING, text);
            }
        }
        return back;
    }

    /** Takes over what other nodes have stored, which is not saved again. */
    public void hear(List<ReceiverRecord> news) {
        for (ReceiverRecord one : news) {
            try {
                Endpoint endpoint = heard(one);
                if (endpoint != null) {
                    endpoint.hear(one);
                }
            } catch (BadUrl e) {
                LOG.log(System.Logger.Level.WARNING, "What another node stored of receiver {0} is left out: {1}", one.id(), e.getMessage());
            }
        }
    }

    /** One that is well and not known here is left out: there is nothing to be held to. */
    private synchronized @Nullable Endpoint heard(ReceiverRecord news) throws BadUrl {
        Endpoint known = byId.get(news.id());
        boolean well = news.status() == ReceiverRecord.Status.ABSENT
                || news.status() == ReceiverRecord.Status.ACTIVE && news.until() <= clock.getAsLong();
        return known != null || well ? known : put(news.id(), EndpointName.of(news.endpoint()), null);
    }

    /** The endpoint of a receiver's address. */
    synchronized Endpoint of(String id, String address) throws BadUrl {
        Endpoint known = byId.get(id);
        return known != null ? known : put(id, EndpointName.of(address), null);
    }

    private Endpoint put(String id, EndpointName name, @Nullable ReceiverRecord saved) {
        if (byId.size() >= settings.limits().endpointsMax()) {
            forgetOne();
        }
        boolean inProcess = InProcess.is(name.endpoint());
        boolean absent = inProcess && functions.atOnce(name.endpoint()) == 0;
        int cap = inProcess ? Math.max(1, functions.atOnce(name.endpoint())) : settings.limits().perEndpoint();
        EndpointHealth health = new EndpointHealth(id, name.endpoint(), settings.breaker(), cap);
        if (saved != null) {
            health.restore(saved);
        }
        boolean changed = health.present(!absent);
        Shared shared = origins.computeIfAbsent(
                name.origin(), origin -> new Shared(new Origin(origin, inProcess ? cap : settings.limits().perOrigin())));
        Endpoint endpoint = new Endpoint(health, shared.origin, settings.limits(), clock, listener);
        if (byId.put(id, endpoint) == null) {
            shared.endpoints++;
        }
        if (changed) {
            listener.changed(endpoint.toRecord());
        }
        return endpoint;
    }

    /**
     * Forgets an endpoint that is not in use, a healthy one if there is one among the oldest, but none that an operator
     * paused. When there is none to forget, the map grows by what is under way, which the callers bound.
     */
    private void forgetOne() {
        String ill = null;
        List<String> tried = new ArrayList<>(FORGET_TRIES);
        Iterator<Map.Entry<String, Endpoint>> oldest = byId.entrySet().iterator();
        while (oldest.hasNext() && tried.size() < FORGET_TRIES) {
            Map.Entry<String, Endpoint> entry = oldest.next();
            if (entry.getValue().forgettable(false)) {
                forget(entry.getKey());
                return;
            }
            if (ill == null && entry.getValue().forgettable(true)) {
                ill = entry.getKey();
            }
            tried.add(entry.getKey());
        }
        if (ill != null) {
            forget(ill);
        }
        tried.forEach(byId::get); // moves them behind the others, so that the next search does not meet them again
    }

    private void forget(String id) {
        Endpoint endpoint = byId.remove(id);
        if (endpoint == null) {
            return;
        }
        Shared shared = origins.get(endpoint.origin().name());
        if (shared != null && --shared.endpoints == 0) {
            origins.remove(endpoint.origin().name());
        }
    }

    /** All that are remembered, in no order. */
    public List<ReceiverRecord> records() {
        List<Endpoint> all;
        synchronized (this) {
            all = List.copyOf(byId.values());
        }
        return all.stream().map(Endpoint::toRecord).toList();
    }

    /**
     * Lets deliveries start again, slowly; returns when that is stored. False when no such receiver is remembered, or it is none of this
     * start of the program.
     */
    public boolean resume(String id) {
        Endpoint endpoint = find(id);
        boolean there = endpoint != null && !absent(endpoint);
        if (there) {
            stored(endpoint.change(EndpointHealth::resume));
        }
        return there;
    }

    private static boolean absent(Endpoint endpoint) {
        return endpoint.toRecord().status() == ReceiverRecord.Status.ABSENT;
    }

    /**
     * Stops deliveries until {@link #resume}, those under way go on; returns when that is stored. False when no such receiver is
     * remembered.
     */
    public boolean pause(String id) {
        Endpoint endpoint = find(id);
        if (endpoint != null) {
            stored(endpoint.change(EndpointHealth::pause));
        }
        return endpoint != null;
    }

    private static void stored(CompletableFuture<Void> order) {
        try {
            order.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof StoreException fault
                    ? new StoreException(fault.kind(), String.valueOf(fault.getMessage()), fault) : e;
        }
    }

    /** Why due tasks of a receiver are not to wait for it; null when they are. */
    Entry.@Nullable Stopped stopped(String id) {
        Endpoint endpoint = find(id);
        return endpoint == null ? null : endpoint.stoppedForLong();
    }

    /** The pace of a receiver's queue. An endpoint is looked up each time, as it may be forgotten while nothing is under way. */
    Pace pace(String id) {
        return new EndpointPace(this, id);
    }

    synchronized @Nullable Endpoint find(String id) {
        return byId.get(id);
    }

    /** An origin and how many of the remembered endpoints are there. */
    private static final class Shared {
        private final Origin origin;
        private int endpoints;

        private Shared(Origin origin) {
            this.origin = origin;
        }
    }
}
