package dev.fetchback.task;

import org.jspecify.annotations.Nullable;

/**
 * A task as it stands: what the state machine reads and what the store keeps.
 *
 * @param id its id
 * @param plan what never changes
 * @param phase where it stands
 * @param readyAt when it may start, Unix milliseconds; 0 unless it waits
 * @param fence which start it belongs to; a settle with another one changes nothing
 * @param progress what has come of it so far
 */
public record Task(TaskId id, Plan plan, Phase phase, long readyAt, Fence fence, Progress progress) {

    /** A task at its first moment: waiting for {@code readyAt}, never started. */
    public static Task submitted(TaskId id, Plan plan, long readyAt, int epoch) {
        return new Task(id, plan, Phase.FETCH_WAITING, readyAt, new Fence(0, epoch), Progress.NONE);
    }

    /**
     * What the scheduler and the state machine need of the spec.
     *
     * @param host the fetch queue: host and port
     * @param receiver the deliver queue: the receiver's id; null when the page is kept
     * @param priority 0 to 9, higher first
     * @param maxFetchAttempts at least 1
     * @param maxDeliverAttempts at least 1
     * @param expiresAt Unix milliseconds; 0 is never
     * @param keepMillis how long the page stays for pick-up once the task succeeded; 0 drops it when the receiver has it
     * @param processing whether the page is processed before it is delivered
     * @param pageKey what the page is remembered by, so that it counts only when it changed; null when it counts always
     */
    public record Plan(
            String host,
            @Nullable String receiver,
            int priority,
            int maxFetchAttempts,
            int maxDeliverAttempts,
            long expiresAt,
            long keepMillis,
            boolean processing,
            @Nullable String pageKey) {
        /** Of a task whose page is not processed, and counts whether it changed or not. */
        public Plan(
                String host,
                @Nullable String receiver,
                int priority,
                int maxFetchAttempts,
                int maxDeliverAttempts,
                long expiresAt,
                long keepMillis) {
            this(host, receiver, priority, maxFetchAttempts, maxDeliverAttempts, expiresAt, keepMillis, false, null);
        }
    }

    /**
     * The fencing token of a start.
     *
     * @param attempt counts every start of the task, never reset
     * @param epoch of the shard's owner that started it
     */
    public record Fence(int attempt, int epoch) {}

    /**
     * What has come of a task so far.
     *
     * @param round how often the caller had a finished task done again; tells the outcomes of one task apart
     * @param fetchAttempts begun in this round
     * @param processAttempts begun in this round; one that was over because its page could not be stored counts, too
     * @param deliverAttempts begun or skipped, since the outcome or the last redrive
     * @param outcome what came of the work; null until it is known
     * @param lastError of the newest attempt that failed; null when none did
     * @param told whether the receiver took the outcome
     * @param finishedAt Unix milliseconds; 0 until terminal
     */
    public record Progress(
            int round,
            int fetchAttempts,
            int processAttempts,
            int deliverAttempts,
            @Nullable Outcome outcome,
            @Nullable Problem lastError,
            boolean told,
            long finishedAt) {
        /** Nothing yet. */
        public static final Progress NONE = new Progress(0, 0, 0, 0, null, null, false, 0);

        /** After so many fetches began, and nothing else. */
        public static Progress fetched(int attempts) {
            return NONE.fetches(attempts);
        }

        Progress fetches(int attempts) {
            return new Progress(round, attempts, processAttempts, deliverAttempts, outcome, lastError, told, finishedAt);
        }

        Progress processes(int attempts) {
            return new Progress(round, fetchAttempts, attempts, deliverAttempts, outcome, lastError, told, finishedAt);
        }

        Progress deliveries(int attempts) {
            return new Progress(round, fetchAttempts, processAttempts, attempts, outcome, lastError, told, finishedAt);
        }

        /** The same with another outcome. */
        public Progress came(@Nullable Outcome newOutcome) {
            return new Progress(round, fetchAttempts, processAttempts, deliverAttempts, newOutcome, lastError, told, finishedAt);
        }

        Progress erred(Problem error) {
            return new Progress(round, fetchAttempts, processAttempts, deliverAttempts, outcome, error, told, finishedAt);
        }

        Progress wasTold() {
            return new Progress(round, fetchAttempts, processAttempts, deliverAttempts, outcome, lastError, true, finishedAt);
        }

        Progress finished(long at) {
            return new Progress(round, fetchAttempts, processAttempts, deliverAttempts, outcome, lastError, told, at);
        }

        Progress nextRound() {
            return new Progress(round + 1, 0, 0, 0, null, null, false, 0);
        }
    }

    /** The queue the task waits in: its host while it is to be fetched or processed, its receiver while it is to be delivered. */
    public String queue() {
        String receiver = plan.receiver();
        return phase.stage() != Stage.DELIVER || receiver == null ? plan.host() : receiver;
    }

    /** Whether the task's time is up at {@code now}, in Unix milliseconds; the time to tell so, if that is what it is doing. */
    public boolean expired(long now) {
        long expiresAt = plan.expiresAt();
        return expiresAt > 0 && now >= (expiring() ? expiresAt + TaskMachine.TELL_EXPIRED.toMillis() : expiresAt);
    }

    /** The task's outcome expired and its receiver is being told so. */
    boolean expiring() {
        return progress.outcome() instanceof Outcome.Failed failed && failed.problem().code().equals(Problem.EXPIRED);
    }
}
