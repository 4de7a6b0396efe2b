package dev.fetchback.task;

import dev.fetchback.task.Task.Fence;
import dev.fetchback.task.Task.Progress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Moves a task from one phase to the next: a pure function of the task, what happened, the time and a random number.
 * docs/task-states.md holds the same table, phase × event.
 *
 * @param retries when a failed attempt is tried again
 */
public record TaskMachine(RetryPolicy retries) {
    /** How long a receiver is told that a task expired. */
    public static final Duration TELL_EXPIRED = Duration.ofHours(24);

    /** How long a page stays that a receiver was given a link to. */
    public static final Duration KEEP_LINKED = Duration.ofHours(24);

    /** Attempts that a crash cut short and that are begun again although the task's own are used up; of each stage. */
    public static final int CRASH_GRACE = 2;

    /**
     * Attempts to process a page. A process that died may have been the victim of another page, so its own is tried once more; a
     * page that it happens to twice is poison, and gets near no third process.
     */
    public static final int PROCESS_ATTEMPTS_MAX = 2;

    /** A stored page that no processor had a place for is not looked at again at once: that is two writes each time. */
    static final Duration PROCESS_BUSY_WAIT = Duration.ofSeconds(1);

    /**
     * The task after {@code event}, or empty when the event means nothing in its phase.
     *
     * @param now Unix milliseconds
     * @param random in [0, 1), for the jitter of retries
     */
    public Optional<Task> next(Task task, Event event, long now, double random) {
        return Optional.ofNullable(
                switch (event) {
                    case Event.Start start -> start(task, start.epoch(), now);
                    case Event.ProcessStarted e -> in(task, Phase.FETCH_RUNNING) && task.plan().processing() ? processStarted(task) : null;
                    case Event.PageDelivered e -> whole(task, e.processed()) ? pageDelivered(task, e, now) : null;
                    case Event.PageStored e -> pageStored(task, e, now);
                    case Event.PageRefused e -> whole(task, e.processed()) ? pageRefused(task, e, now, random) : null;
                    case Event.ProcessFailed e -> in(task, Phase.PROCESS_RUNNING) ? processFailed(task, e, now, random) : null;
                    case Event.ProcessPutOff e -> in(task, Phase.PROCESS_RUNNING) ? processPutOff(task, e, now) : null;
                    case Event.PageUnchanged e -> in(task, Phase.FETCH_RUNNING) ? unchanged(task, e.page(), now) : null;
                    case Event.FetchFailed e ->
                        in(task, Phase.FETCH_RUNNING) || in(task, Phase.PROCESS_RUNNING) ? fetchFailed(task, e, now, random) : null;
                    case Event.PutOff e -> in(task, Phase.FETCH_RUNNING) ? putOff(task, e, now) : null;
                    case Event.Delivered e -> in(task, Phase.DELIVER_RUNNING) ? delivered(task, e.linked(), now) : null;
                    case Event.Refused e ->
                        in(task, Phase.DELIVER_RUNNING)
                                ? refused(task, task.progress(), e.problem(), e.notBefore(), now, random)
                                : null;
                    case Event.Skipped e -> in(task, Phase.DELIVER_WAITING) ? skipped(task, e, now, random) : null;
                    case Event.HandedBack e -> handedBack(task, now);
                    case Event.Reclaimed e -> reclaimed(task, e.epoch(), now);
                    case Event.Cancel e -> task.phase().terminal() ? null : finish(task, Phase.CANCELLED, task.progress(), now);
                    case Event.Retry e -> task.phase().terminal() ? again(task, now) : null;
                    case Event.Redrive e -> in(task, Phase.DEAD) ? redrive(task, now) : null;
                });
    }

    private static boolean in(Task task, Phase phase) {
        return task.phase() == phase;
    }

    private static @Nullable Task start(Task task, int epoch, long now) {
        if (!task.phase().waiting()) {
            return null;
        }
        if (task.expired(now)) {
            return expire(task, now);
        }
        Fence fence = new Fence(task.fence().attempt() + 1, epoch);
        Progress p = task.progress();
        return switch (task.phase().stage()) {
            case FETCH -> at(task, Phase.FETCH_RUNNING, fence, p.fetches(p.fetchAttempts() + 1));
            case PROCESS -> at(task, Phase.PROCESS_RUNNING, fence, p.processes(p.processAttempts() + 1));
            case DELIVER -> at(task, Phase.DELIVER_RUNNING, fence, p.deliveries(p.deliverAttempts() + 1));
        };
    }

    private static Task at(Task task, Phase phase, Fence fence, Progress progress) {
        return new Task(task.id(), task.plan(), phase, 0, fence, progress);
    }

    /** A task whose time is up: its receiver is told, or there is nobody to tell, or telling took too long. */
    private static Task expire(Task task, long now) {
        if (task.expiring()) {
            return finish(task, Phase.EXPIRED, task.progress(), now);
        }
        Problem problem = new Problem(Problem.EXPIRED, "The task was not done when its expires_at came.", 0);
        Progress failed = task.progress().came(new Outcome.Failed(problem, now)).deliveries(0);
        return task.plan().receiver() == null
                ? finish(task, Phase.EXPIRED, failed, now)
                : wait(task, Phase.DELIVER_WAITING, now, failed);
    }

    /** Whether the page is all that its task wants: just fetched, or processed. */
    private static boolean whole(Task task, @Nullable Processed processed) {
        return in(task, Phase.FETCH_RUNNING) && !task.plan().processing() || in(task, Phase.PROCESS_RUNNING) && processed != null;
    }

    /** From memory: the owner has the page, so nothing leaves by this start, and it needs no epoch but its own. */
    private static Task processStarted(Task task) {
        Fence fence = new Fence(task.fence().attempt() + 1, task.fence().epoch());
        return at(task, Phase.PROCESS_RUNNING, fence, task.progress().processes(task.progress().processAttempts() + 1));
    }

    private static Task pageDelivered(Task task, Event.PageDelivered event, long now) {
        return finish(task, Phase.SUCCEEDED, withPage(task, event.page(), event.processed()).deliveries(1).wasTold(), now);
    }

    private static @Nullable Task pageStored(Task task, Event.PageStored event, long now) {
        if (in(task, Phase.FETCH_RUNNING) && task.plan().processing()) {
            return wait(task, Phase.PROCESS_WAITING, now, withPage(task, event.page(), null));
        }
        if (!whole(task, event.processed())) {
            return null;
        }
        Progress fetched = withPage(task, event.page(), event.processed());
        return task.plan().receiver() == null
                ? finish(task, Phase.SUCCEEDED, fetched, now)
                : wait(task, Phase.DELIVER_WAITING, now, fetched);
    }

    private Task pageRefused(Task task, Event.PageRefused event, long now, double random) {
        Progress told = withPage(task, event.page(), event.processed()).deliveries(1);
        return refused(task, told, event.problem(), event.notBefore(), now, random);
    }

    private Task processFailed(Task task, Event.ProcessFailed event, long now, double random) {
        Progress failed = withStored(task.progress(), event.page()).erred(event.problem());
        if (event.retryable() && failed.processAttempts() < PROCESS_ATTEMPTS_MAX) {
            return processAgain(task, failed, retries.nextFetch(failed.processAttempts(), 0, now, random));
        }
        return fail(task, failed, event.problem(), now);
    }

    private static Task processPutOff(Task task, Event.ProcessPutOff event, long now) {
        Progress p = withStored(task.progress(), event.page());
        Progress before = p.processes(p.processAttempts() - 1);
        Problem problem = event.problem();
        boolean busy = problem != null && event.page() == null;
        long soon = busy ? now + PROCESS_BUSY_WAIT.toMillis() : now;
        return processAgain(task, problem == null ? before : before.erred(problem), Math.max(soon, event.notBefore()));
    }

    /** A page that was in memory only, and is there no more, must be fetched again. */
    private static Task processAgain(Task task, Progress progress, long readyAt) {
        return wait(task, stored(progress) ? Phase.PROCESS_WAITING : Phase.FETCH_WAITING, readyAt, progress);
    }

    private static boolean stored(Progress progress) {
        return progress.outcome() instanceof Outcome.Fetched fetched && fetched.stored();
    }

    /** Nobody is called, so this is the end at once. */
    private static Task unchanged(Task task, Page page, long now) {
        return finish(task, Phase.SUCCEEDED, task.progress().came(new Outcome.Unchanged(page)), now);
    }

    private static Progress withPage(Task task, Page page, @Nullable Processed processed) {
        return task.progress().came(new Outcome.Fetched(page, Outcome.Fetched.WHILE_NEEDED, processed));
    }

    /** With {@code page} in the store; as it was when that is null. */
    private static Progress withStored(Progress progress, @Nullable Page page) {
        return page == null ? progress : progress.came(new Outcome.Fetched(page, Outcome.Fetched.WHILE_NEEDED));
    }

    private Task fetchFailed(Task task, Event.FetchFailed event, long now, double random) {
        Progress failed = task.progress().came(null).erred(event.problem());
        if (event.retryable() && failed.fetchAttempts() < task.plan().maxFetchAttempts()) {
            long readyAt = retries.nextFetch(failed.fetchAttempts(), event.notBefore(), now, random);
            return wait(task, Phase.FETCH_WAITING, readyAt, failed);
        }
        return fail(task, failed, event.problem(), now);
    }

    private static Task putOff(Task task, Event.PutOff event, long now) {
        Progress p = task.progress();
        return wait(task, Phase.FETCH_WAITING, Math.max(now, event.notBefore()), p.fetches(p.fetchAttempts() - 1).erred(event.problem()));
    }

    /** A failure is stored before it is told. */
    private static Task fail(Task task, Progress progress, Problem problem, long now) {
        Progress failed = progress.came(new Outcome.Failed(problem, now));
        return task.plan().receiver() == null
                ? finish(task, Phase.FAILED, failed, now)
                : wait(task, Phase.DELIVER_WAITING, now, failed);
    }

    private static Task delivered(Task task, boolean linked, long now) {
        Phase phase = task.expiring()
                ? Phase.EXPIRED
                : task.progress().outcome() instanceof Outcome.Failed ? Phase.FAILED : Phase.SUCCEEDED;
        Task done = finish(task, phase, task.progress().wasTold(), now);
        return linked
                ? at(done, phase, done.fence(), keptUntil(done.progress(), now + KEEP_LINKED.toMillis()))
                : done;
    }

    private Task refused(Task task, Progress progress, Problem problem, long notBefore, long now, double random) {
        Progress refused = progress.erred(problem);
        if (refused.deliverAttempts() >= task.plan().maxDeliverAttempts()) {
            return giveUp(task, refused, now);
        }
        long readyAt = retries.nextDelivery(refused.deliverAttempts(), notBefore, now, random);
        return wait(task, Phase.DELIVER_WAITING, readyAt, refused);
    }

    private static Task giveUp(Task task, Progress progress, long now) {
        return finish(task, task.expiring() ? Phase.EXPIRED : Phase.DEAD, progress, now);
    }

    /** Counts like an attempt, its fence too, so that whoever read the task before cannot start it any more. */
    private Task skipped(Task task, Event.Skipped event, long now, double random) {
        if (task.expired(now)) {
            return expire(task, now);
        }
        Fence fence = new Fence(task.fence().attempt() + 1, task.fence().epoch());
        Task over = at(task, Phase.DELIVER_RUNNING, fence, task.progress().deliveries(task.progress().deliverAttempts() + 1));
        return refused(over, over.progress(), event.problem(), event.notBefore(), now, random);
    }

    private static @Nullable Task handedBack(Task task, long now) {
        Progress p = task.progress();
        return switch (task.phase()) {
            case FETCH_RUNNING -> wait(task, Phase.FETCH_WAITING, now, p.fetches(p.fetchAttempts() - 1));
            case PROCESS_RUNNING -> {
                Progress before = p.processes(p.processAttempts() - 1);
                yield processAgain(task, stored(p) ? before : before.fetches(p.fetchAttempts() - 1), now);
            }
            case DELIVER_RUNNING -> wait(task, Phase.DELIVER_WAITING, now, p.deliveries(p.deliverAttempts() - 1));
            case FETCH_WAITING, PROCESS_WAITING, DELIVER_WAITING, SUCCEEDED, FAILED, DEAD, CANCELLED, EXPIRED -> null;
        };
    }

    /** A crash is not the task's fault, so its attempts may overrun a little; but a page that crashes every owner must end. */
    private static @Nullable Task reclaimed(Task task, int epoch, long now) {
        if (!task.phase().running() || task.fence().epoch() == epoch) {
            return null;
        }
        Progress p = task.progress();
        Task restamped = at(task, task.phase(), new Fence(task.fence().attempt(), epoch), p);
        if (task.phase().stage() == Stage.DELIVER) {
            return p.deliverAttempts() < task.plan().maxDeliverAttempts() + CRASH_GRACE
                    ? wait(restamped, Phase.DELIVER_WAITING, now, p)
                    : giveUp(restamped, p.erred(crashed("delivered this outcome", p.deliverAttempts())), now);
        }
        if (task.phase().stage() == Stage.PROCESS && stored(p)) {
            return p.processAttempts() < PROCESS_ATTEMPTS_MAX + CRASH_GRACE
                    ? wait(restamped, Phase.PROCESS_WAITING, now, p)
                    : crashedFor(restamped, "processed this page", p.processAttempts(), now);
        }
        if (p.fetchAttempts() < task.plan().maxFetchAttempts() + CRASH_GRACE) {
            return wait(restamped, Phase.FETCH_WAITING, now, p);
        }
        return crashedFor(restamped, "fetched this page", p.fetchAttempts(), now);
    }

    private static Task crashedFor(Task task, String doing, int attempts, long now) {
        Problem problem = crashed(doing, attempts);
        return fail(task, task.progress().erred(problem), problem, now);
    }

    private static Problem crashed(String doing, int attempts) {
        return new Problem(
                Problem.CRASH_LOOP, "The server stopped while it " + doing + "; attempt " + attempts + " was the last one.", 0);
    }

    private static Task again(Task task, long now) {
        return wait(task, Phase.FETCH_WAITING, now, task.progress().nextRound());
    }

    /** A page that was dropped to save space is fetched again: there is nothing else to deliver. */
    private static Task redrive(Task task, long now) {
        if (task.progress().outcome() instanceof Outcome.Fetched fetched && !fetched.stored()) {
            return again(task, now);
        }
        return wait(task, Phase.DELIVER_WAITING, now, task.progress().deliveries(0).finished(0));
    }

    /** A task that expires before its time comes is woken to be told so. */
    private static Task wait(Task task, Phase phase, long readyAt, Progress progress) {
        long expiresAt = task.plan().expiresAt();
        long wake = expiresAt > 0 && !(progress.outcome() instanceof Outcome.Failed) ? Math.min(readyAt, expiresAt) : readyAt;
        return new Task(task.id(), task.plan(), phase, wake, task.fence(), progress);
    }

    private static Task finish(Task task, Phase phase, Progress progress, long now) {
        long keepMillis = task.plan().keepMillis();
        long until = phase == Phase.DEAD
                ? Outcome.Fetched.WHILE_NEEDED
                : phase == Phase.SUCCEEDED && keepMillis > 0 ? now + keepMillis : 0;
        return at(task, phase, task.fence(), keptUntil(progress.finished(now), until));
    }

    private static Progress keptUntil(Progress progress, long until) {
        return progress.outcome() instanceof Outcome.Fetched fetched
                ? progress.came(fetched.until(until))
                : progress;
    }
}
