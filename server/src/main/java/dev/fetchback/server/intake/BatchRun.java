package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.Tasks.Submission;
import dev.fetchback.Tasks.Submitted;
import dev.fetchback.task.BatchId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The tasks of one batch on their way to the store: in chunks, at most two of them under way while the next is read. Whoever adds
 * is held up when the store is slower. Used by one thread.
 */
final class BatchRun {
    /** Tasks of a chunk: a commit of so many spends most of its time on them; with more, others would wait longer for theirs. */
    static final int CHUNK_TASKS = 1_000;
    /** JSON bytes of a chunk: bounds the memory of a batch of large tasks. */
    static final int CHUNK_BYTES = 1 << 20;
    /** Chunks under way. */
    static final int CHUNKS_MAX = 2;
    /** Errors that are told one by one. */
    static final int ERRORS_MAX = 100;

    /** An overloaded store is asked again for this long before the batch is given up. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private static final long AGAIN_MILLIS = 50;

    private final Kit kit;
    private final ExecutorService submitters;
    private final Deque<Future<Chunk>> underWay = new ArrayDeque<>(CHUNKS_MAX);
    private final List<ItemError> errors = new ArrayList<>();
    private Chunk chunk = new Chunk();
    private int chunkBytes;
    private @Nullable BatchId id;
    private long accepted;
    private long deduplicated;
    private long rejected;

    /** @param submitters runs one chunk a thread; the threads may block */
    BatchRun(Kit kit, ExecutorService submitters) {
        this.kit = kit;
        this.submitters = submitters;
    }

    /** Begins the batch in the store. */
    BatchId begin(@Nullable String owner) {
        BatchId begun = kit.tasks().newBatch(owner);
        id = begun;
        return begun;
    }

    /** The batch's id; null until it was begun. */
    @Nullable BatchId id() {
        return id;
    }

    /** Tasks that are stored or were before. */
    long stored() {
        return accepted + deduplicated;
    }

    void add(long index, Submission submission, int bytes) throws InterruptedException {
        chunk.add(index, submission);
        chunkBytes += bytes;
        if (chunk.size() == CHUNK_TASKS || chunkBytes >= CHUNK_BYTES) {
            send();
        }
    }

    void reject(long index, Refusal refusal) {
        rejected++;
        if (errors.size() < ERRORS_MAX) {
            errors.add(new ItemError(index, refusal));
        }
    }

    /** Sends what is left and waits until everything is on disk. */
    void finish() throws InterruptedException {
        if (chunk.size() > 0) {
            send();
        }
        while (!underWay.isEmpty()) {
            settle();
        }
    }

    /** Waits for what is under way without sending more; what fails is left out of the counts. */
    void abandon() {
        while (!underWay.isEmpty()) {
            try {
                settle();
            } catch (RuntimeException | Error e) {
                continue; // the first failure is told; these are most likely the same
            } catch (InterruptedException e) {
                underWay.forEach(future -> future.cancel(true));
                return;
            }
        }
    }

    private void send() throws InterruptedException {
        if (underWay.size() == CHUNKS_MAX) {
            settle();
        }
        Chunk full = chunk;
        underWay.add(submitters.submit(() -> submit(full)));
        chunk = new Chunk();
        chunkBytes = 0;
    }

    private Chunk submit(Chunk full) throws InterruptedException {
        long began = kit.nanos();
        while (true) {
            try {
                full.answers = kit.tasks().submit(full.submissions);
                return full;
            } catch (Tasks.Overloaded e) {
                if (kit.nanos() - began > PATIENCE_NANOS) {
                    throw e;
                }
                Thread.sleep(AGAIN_MILLIS); // the sender is held up meanwhile
            }
        }
    }

    private void settle() throws InterruptedException {
        Chunk done;
        try {
            done = underWay.remove().get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException fault -> throw fault;
                case Error fault -> throw fault;
                case null, default -> throw new IllegalStateException("submitting a chunk of a batch failed", e);
            }
        }
        for (int i = 0; i < done.size(); i++) {
            switch (done.answers.get(i)) {
                case Submitted.Accepted task -> accepted++;
                case Submitted.Deduplicated task -> deduplicated++;
                case Submitted.Conflict first ->
                    reject(
                            done.indexes[i],
                            new Refusal(
                                    ApiError.IDEMPOTENCY_CONFLICT,
                                    TaskField.IDEMPOTENCY_KEY.pointer(),
                                    "The key was used for another request, which became " + first.id() + "; use a new key."));
            }
        }
    }

    /** Writes the members that tell what became of the batch. */
    void write(JsonBytes json) {
        json.field("id", id == null ? null : id.toString())
                .field("accepted", accepted)
                .field("deduplicated", deduplicated)
                .field("rejected", rejected);
        json.name("errors").array();
        errors.sort(Comparator.comparingLong(ItemError::index));
        for (ItemError error : errors) {
            json.object().field("index", error.index()).field("code", error.refusal().error().code());
            if (error.refusal().pointer() != null) {
                json.field("pointer", error.refusal().pointer());
            }
            json.field("detail", error.refusal().detail()).endObject();
        }
        json.endArray();
        if (id != null) {
            json.field("status_url", kit.link("/v1/batches/" + id));
        }
    }

    /** @param index of the item, from 0 */
    private record ItemError(long index, Refusal refusal) {}

    private static final class Chunk {
        final List<Submission> submissions = new ArrayList<>(CHUNK_TASKS);
        final long[] indexes = new long[CHUNK_TASKS];
        List<Submitted> answers = List.of();

        void add(long index, Submission submission) {
            indexes[submissions.size()] = index;
            submissions.add(submission);
        }

        int size() {
            return submissions.size();
        }
    }
}
