package dev.fetchback.store;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import org.jspecify.annotations.Nullable;

/** One change of the store, as data. */
public sealed interface Change {
    /**
     * A new task, waiting or already begun.
     *
     * @param task as it stands after the submit
     * @param spec what was asked for
     * @param key makes a repeated submit harmless; null without
     * @param facts the stored form of the task's plan and of {@code spec}
     */
    record Submit(Task task, TaskSpec spec, @Nullable IdempotencyKey key, byte[] facts) implements Change {
        /** Makes the stored form at once: on the thread of whoever submits, beside the only one that writes. */
        public Submit(Task task, TaskSpec spec, @Nullable IdempotencyKey key) {
            this(task, spec, key, Codec.facts(task.plan(), spec));
        }
    }

    /**
     * A move of a task, guarded: it applies only while the stored task has the phase and the fence of {@code before}, and a start
     * only by the shard's present owner (its epoch). With it the store remembers what {@link dev.fetchback.task.Seen#after} says
     * of a task with a page key.
     *
     * @param before the task that the move was computed from
     * @param after the task as it stands then
     * @param body the page's decoded body, with what came of processing it if that is done, stored together with the move; what is
     *     added to it, when {@code before} has a page in the store; null when there is nothing to store, or it was stored by
     *     {@link PutBody}
     */
    record Move(Task before, Task after, byte @Nullable [] body) implements Change {}

    /**
     * A piece of a large body, stored ahead of the move that refers to it. Pieces of a task without such a move are dropped with
     * the task. Piece 0 replaces what was there.
     *
     * @param piece 0, 1, 2, …; each but the last of {@link Store#PIECE_BYTES}
     */
    record PutBody(TaskId id, int piece, byte[] bytes) implements Change {}

    /** Forgets a finished task and its page; stale while the task is live. */
    record Delete(TaskId id) implements Change {}

    /** A new batch; its counters start at zero and follow its tasks. */
    record NewBatch(BatchId id, @Nullable String owner) implements Change {}

    /**
     * What is known of a receiver, written whole. Where a store has several owners, what one of them has learned is stale while the
     * receiver is paused or gone by another's word, unless it says that it is gone.
     *
     * @param order whether an operator says so, which always applies
     */
    record SaveReceiver(ReceiverRecord receiver, boolean order) implements Change {
        /** What this owner has learned. */
        public SaveReceiver(ReceiverRecord receiver) {
            this(receiver, false);
        }
    }

    /**
     * Makes the tasks that wait for a queue due at once, at most {@code limit} of them, earliest first; stale when none waits for
     * a later time.
     *
     * @param now Unix milliseconds
     */
    record Hurry(QueueKey queue, long now, int limit) implements Change {}

    /** What another store had beside its tasks; a batch replaces what was counted of it, by earlier commits than this one. */
    record Restore(Aside aside) implements Change {}

    /**
     * The owner has emptied a queue: its due time is set to that of its earliest waiting task, or the queue is forgotten. Stale when that
     * must be asked for again in a moment, as the queue was another's just now.
     */
    record SettleQueue(QueueKey queue) implements Change {}

    /**
     * A caller's key for a submit.
     *
     * @param owner the token's name; empty without tokens
     * @param key as given, or an item's {@code idempotency_key}
     * @param fingerprint SHA-256 of what was submitted; another one under the same key is a conflict
     * @param now Unix milliseconds; a key is kept for {@link Store#IDEMPOTENCY_KEPT}
     */
    record IdempotencyKey(String owner, String key, byte[] fingerprint, long now) {}
}
