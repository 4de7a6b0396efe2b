package dev.fetchback.store;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.Seen;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Durable tasks. One caller at a time may {@link #commit}; reads may come from any thread, block, and see only what is committed.
 * Every method may throw {@link StoreException}.
 */
public interface Store extends AutoCloseable {
    /** How long an idempotency key is remembered. */
    Duration IDEMPOTENCY_KEPT = Duration.ofHours(24);

    /** The size of a stored piece of a body. */
    int PIECE_BYTES = 256 << 10;

    /**
     * The epoch of this owner, greater than that of every owner before; written before this store was opened for work. It changes when
     * the others took this owner for dead.
     */
    int epoch();

    /**
     * Whether this owner may start a task that stands like this, as far as it knows without asking: one of another owner is stored as
     * waiting, and found by that one. What is begun all the same is refused by {@link #commit}.
     */
    default boolean owns(Task live) {
        return true;
    }

    /**
     * For how long this owner has had the fetches of a host that were another's, milliseconds: that one may have fetched from it just
     * before. {@link Long#MAX_VALUE} where nobody had them before, and for hosts that are not this owner's.
     *
     * @param host the queue of its fetches
     */
    default long heldMillis(String host) {
        return Long.MAX_VALUE;
    }

    /** How many owners share the store, as far as this one knows without asking; at least 1. */
    default int owners() {
        return 1;
    }

    /**
     * Has {@code listener} called whenever this owner may have got work that others had: then what they began is to be reclaimed, and
     * what is due looked for. It is called on a thread of the store, which it must not hold up.
     */
    default void onGain(Runnable listener) {}

    /**
     * Why this owner is to do nothing just now: for so long it could not say that it is there that others may have its work. Empty
     * while it may go on; asks nobody. It ends by itself.
     */
    default Optional<StoreException> lapse() {
        return Optional.empty();
    }

    /**
     * Has {@code listener} called whenever {@link #lapse} begins: what is under way is to be ended then. It is called on a thread of the
     * store, which it must not hold up.
     */
    default void onLapse(Runnable listener) {}

    /**
     * How long an emptied queue is left as it is before it is settled, milliseconds: where old versions of rows stay, one that is used all
     * the time is not to be settled all the time. 0 where settling leaves nothing behind.
     */
    default long lingerMillis() {
        return 0;
    }

    /** Hands over what there is beside tasks and receivers, to be restored in another store; {@link Aside.Import} never. */
    void aside(Consumer<Aside> to);

    /** The mark of an import that was begun and is not over; 0 for none. */
    long importing();

    /** All that share the store, by name; empty for a store that has one owner only. */
    default List<NodeRecord> nodes() {
        return List.of();
    }

    /** How this owner shares the store with others just now; {@link Share#UNDIVIDED} for a store that has one owner only. */
    default Share share() {
        return Share.UNDIVIDED;
    }

    /**
     * What an owner has of a store that is divided.
     *
     * @param shards how many of it are this owner's
     * @param gained shards that became this owner's since it was opened
     * @param lost those that are no longer
     * @param deadRows versions of rows of the whole store that are of no use and not cleared away yet, as last estimated
     */
    record Share(int shards, long gained, long lost, long deadRows) {
        /** A store without shards. */
        public static final Share UNDIVIDED = new Share(0, 0, 0, 0);
    }

    /**
     * What other owners have stored since this was last asked that this one must know while it works; a bounded part of it. Asked by
     * one thread, now and then, while {@link #lookEveryMillis} says that there are others.
     */
    default News news() {
        return News.NONE;
    }

    /**
     * What other owners have stored.
     *
     * @param receivers what they know of receivers
     * @param taken attempts of this owner whose task is no longer theirs: it was cancelled, say
     */
    record News(List<ReceiverRecord> receivers, List<Attempt> taken) {
        /** Nothing. */
        public static final News NONE = new News(List.of(), List.of());
    }

    /**
     * One start of a task.
     *
     * @param number see {@link dev.fetchback.task.Task#fence}
     */
    record Attempt(TaskId task, int number) {
        /** The one that a running task is on. */
        public static Attempt of(Task running) {
            return new Attempt(running.id(), running.fence().attempt());
        }
    }

    /** How often to look for what other owners have put into this one's queues, milliseconds; {@link Long#MAX_VALUE} when none does. */
    default long lookEveryMillis() {
        return Long.MAX_VALUE;
    }

    /**
     * A secret that all owners of this store share; empty where there is one owner, who keeps it beside the store.
     *
     * @param fresh what it is from now on when there is none yet
     */
    default Optional<byte[]> secret(String name, byte[] fresh) {
        return Optional.empty();
    }

    /** The newest time in any stored id, Unix milliseconds; 0 when there is none. */
    long newestId();

    /**
     * Applies the changes in order, all or nothing, and returns when they are on disk (fsync).
     *
     * @return what became of each, in the same order
     */
    List<Result> commit(List<Change> changes);

    /**
     * Why nothing new is taken just now for want of space; empty when it would be. Asked by the committing thread only, and only
     * after something was refused.
     */
    Optional<StoreException> noRoom();

    /**
     * Queues of this owner due at {@code now}, after {@code after} in the order (due time, name); the first level of the due scan. A
     * queue that is divided among owners may come more than once.
     */
    List<DueQueue> dueQueues(Stage stage, Optional<DueQueue> after, long now, int limit);

    /** The earliest due time of a queue after {@code now}; empty when nothing waits. */
    OptionalLong nextDue(Stage stage, long now);

    /**
     * Due tasks of one queue by priority, then age, each with its spec so that starting it needs no further read; the second
     * level.
     */
    List<StoredTask> dueTasks(QueueKey queue, long now, int limit);

    /** How many queues {@link #dueTasks(Stage, List, long)} reads at once; 1 where reads are near. */
    default int queuesARead() {
        return 1;
    }

    /** The same for several queues of a stage; a list for each, in their order. */
    default List<List<StoredTask>> dueTasks(Stage stage, List<Portion> portions, long now) {
        return portions.stream()
                .map(portion -> dueTasks(new QueueKey(stage, portion.queue()), now, portion.limit()))
                .toList();
    }

    /**
     * A share of a queue's due tasks.
     *
     * @param limit so many at most
     */
    record Portion(String queue, int limit) {}

    /** Tasks begun by an owner that is no more, and are now this one's. */
    List<Task> orphans(int limit);

    /** One task; empty when it is not known or was forgotten. */
    Optional<StoredTask> find(TaskId id);

    /** What is remembered under a task's page key, see {@link Seen#after}; empty when nothing is, or no longer. */
    Optional<Seen> seen(String pageKey);

    /** A page of a list. */
    TaskPage list(TaskQuery query);

    /** One batch. */
    Optional<BatchRecord> batch(BatchId id);

    /** All receivers that are remembered. */
    List<ReceiverRecord> receivers();

    /**
     * What is stored with a task: the body of its page, followed by what came of processing it, if that is done.
     *
     * @param offset of the first byte
     * @param length at most so many bytes
     * @return empty when no body is stored; the stream must be closed
     */
    Optional<InputStream> body(TaskId id, long offset, long length);

    /** How much there is. */
    Totals totals();

    /**
     * Forgets what is older than the settings say, a bounded amount at a time.
     *
     * @return whether there is more to forget now
     */
    boolean prune(long now);

    @Override
    void close();

    /**
     * How much there is.
     *
     * @param waitingFetch tasks that wait for their fetch
     * @param waitingProcess tasks whose page waits to be processed
     * @param waitingDeliver tasks that wait for their delivery
     * @param running begun attempts
     * @param dead outcomes that no receiver took
     * @param bodyBytes of stored pages
     * @param fileBytes on disk
     */
    record Totals(
            long waitingFetch, long waitingProcess, long waitingDeliver, long running, long dead, long bodyBytes, long fileBytes) {
        /** Tasks that are not finished. */
        public long live() {
            return waitingFetch + waitingProcess + waitingDeliver + running;
        }
    }
}
