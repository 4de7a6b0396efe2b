package dev.fetchback;

import dev.fetchback.store.DueQueue;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.task.Stage;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an operator is shown of the store. One thread reads it, when somebody asks; whoever asks waits for it a moment only, so that
 * health checks and metrics are answered whatever the store does. Safe for many threads.
 */
final class StoreNumbers implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(StoreNumbers.class.getName());
    /** Some milliseconds do on a store that is well; collectors of metrics give up after ten seconds. */
    private static final long WAIT_MILLIS = 1_000;
    /** How old numbers may be that are shown while newer ones are late. */
    private static final long SHOWN_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final Store store;
    private final Supplier<Optional<StoreException>> refusal;
    private final LongSupplier clock;
    private final ExecutorService reader =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().name("store-numbers").daemon(true).factory());
    private @Nullable CompletableFuture<Void> underWay;
    private volatile Read last = new Read(null, 0);

    /** @param dueAge by stage: how long the oldest due task has waited, milliseconds; 0 when none is due */
    record Numbers(Store.Totals totals, Map<Stage, Long> dueAge) {
        long oldest() {
            return dueAge.values().stream().mapToLong(age -> age).max().orElse(0);
        }
    }

    /** What came of a read; null when it failed. */
    private record Read(@Nullable Numbers numbers, long at) {}

    /**
     * @param refusal why nothing is stored just now
     * @param clock Unix milliseconds
     */
    StoreNumbers(Store store, Supplier<Optional<StoreException>> refusal, LongSupplier clock) {
        this.store = store;
        this.refusal = refusal;
        this.clock = clock;
    }

    /** Why the store cannot be worked with just now; empty while it can, as far as is known without asking it. */
    Optional<StoreException> away() {
        return store.lapse().or(() -> refusal.get().filter(why -> why.kind() == StoreException.Kind.UNAVAILABLE));
    }

    /** As they are now, or were within seconds; empty when the store does not say. */
    Optional<Numbers> now() {
        if (away().isPresent()) {
            return Optional.empty();
        }
        try {
            reading().get(WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | RejectedExecutionException e) {
            LOG.log(Level.DEBUG, "the numbers of the store could not be read", e);
        } catch (TimeoutException e) {
            LOG.log(Level.DEBUG, "the numbers of the store are late");
        }
        Read read = last;
        return read.numbers != null && System.nanoTime() - read.at < SHOWN_NANOS ? Optional.of(read.numbers) : Optional.empty();
    }

    private synchronized CompletableFuture<Void> reading() {
        CompletableFuture<Void> one = underWay;
        if (one == null || one.isDone()) {
            one = CompletableFuture.runAsync(this::read, reader);
            underWay = one;
        }
        return one;
    }

    private void read() {
        try {
            long now = clock.getAsLong();
            Map<Stage, Long> dueAge = new EnumMap<>(Stage.class);
            for (Stage stage : Stage.values()) {
                List<DueQueue> oldest = store.dueQueues(stage, Optional.empty(), now, 1);
                dueAge.put(stage, oldest.isEmpty() ? 0 : now - oldest.getFirst().dueAt());
            }
            last = new Read(new Numbers(store.totals(), dueAge), System.nanoTime());
        } catch (RuntimeException e) {
            last = new Read(null, System.nanoTime());
            throw e;
        }
    }

    @Override
    public void close() {
        reader.shutdownNow();
    }
}
