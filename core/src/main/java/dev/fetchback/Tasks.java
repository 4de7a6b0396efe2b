package dev.fetchback;

import dev.fetchback.store.BatchRecord;
import dev.fetchback.store.NodeRecord;
import dev.fetchback.store.ReceiverRecord;
import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskPage;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.WaitingOn;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with tasks; every call blocks until its effect is on disk. Safe for many threads. Calls throw
 * {@link Overloaded} when too much waits to be written and {@link dev.fetchback.store.StoreException} when the disk refuses.
 */
public interface Tasks {
    /** Submits one or many tasks in one durable step; the answers are in the same order. */
    List<Submitted> submit(List<Submission> submissions);

    /** Begins a batch; its tasks name it in their {@link TaskSpec.Tags}. */
    BatchId newBatch(@Nullable String owner);

    /** One batch; empty when it is not known. */
    Optional<BatchRecord> batch(BatchId id);

    /** One task; empty when it is not known or was forgotten. */
    Optional<StoredTask> find(TaskId id);

    /** One task as soon as it is finished, or as it stands after {@code patience}. */
    Optional<StoredTask> await(TaskId id, Duration patience) throws InterruptedException;

    /** What a task waits for whose phase is a waiting one. */
    WaitingOn waitingOn(Task waiting);

    /** A page of a list. */
    TaskPage list(TaskQuery query);

    /** The stored body of a task's page from {@code offset}; empty when none is stored. */
    Optional<InputStream> body(TaskId id, long offset);

    /** What came of processing a task's page, a JSON object in UTF-8; empty when none is stored. */
    Optional<InputStream> results(TaskId id);

    /** Takes a task back. False when it is finished already; empty when it is not known. */
    Optional<Boolean> cancel(TaskId id);

    /** Runs a finished task again from the fetch. False when it is not finished; empty when it is not known. */
    Optional<Boolean> retry(TaskId id);

    /** Delivers a dead outcome again. False when it is not dead; empty when it is not known. */
    Optional<Boolean> redrive(TaskId id);

    /** Forgets a finished task and its page. False when it is not finished; empty when it is not known. */
    Optional<Boolean> delete(TaskId id);

    /** The nodes that share the store, by name; empty where nobody can share it. */
    List<NodeRecord> nodes();

    /** The receivers seen, with their health. */
    List<ReceiverRecord> receivers();

    /**
     * Lets deliveries to a receiver start again; returns when that is stored. What waits for it is made due then, too, or a second
     * later, when other nodes have heard of it. False when there is no such receiver.
     */
    boolean resumeReceiver(String id);

    /** Stops deliveries to a receiver until it is resumed; returns when that is stored. False when there is no such receiver. */
    boolean pauseReceiver(String id);

    /**
     * One task to submit.
     *
     * @param spec what is asked for
     * @param key the caller's idempotency key; null without
     */
    record Submission(TaskSpec spec, @Nullable Key key) {}

    /**
     * A caller's idempotency key.
     *
     * @param owner the token's name; empty without tokens
     * @param key as given
     * @param fingerprint SHA-256 of the request
     */
    record Key(String owner, String key, byte[] fingerprint) {}

    /** What became of one submission. */
    sealed interface Submitted {
        /** It is on disk; {@code task} as it stood then. */
        record Accepted(Task task) implements Submitted {}

        /** The same request came before under the same key. */
        record Deduplicated(TaskId id) implements Submitted {}

        /** Another request came before under the same key; nothing was stored. */
        record Conflict(TaskId id) implements Submitted {}
    }

    /** Too much waits to be written; nothing was stored, try again in a second. */
    final class Overloaded extends RuntimeException {
        private static final long serialVersionUID = 1;

        /** @param message what is full, how full it may get, and what to do */
        public Overloaded(String message) {
            super(message);
        }
    }
}
