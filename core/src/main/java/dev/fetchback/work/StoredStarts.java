package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreBusy;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Event;
import dev.fetchback.task.Stage;
import dev.fetchback.task.Task;
import dev.fetchback.work.LaneQueue.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** Starts what a lane picks. */
final class StoredStarts implements Lane.Starter {
    private final Worker worker;
    private final Store store;
    private final Committer committer;
    private final Receivers receivers;
    private final Runs runs;
    private final LongSupplier clock;

    StoredStarts(Worker worker, Worker.Parts parts, Runs runs) {
        this.worker = worker;
        this.store = parts.store();
        this.committer = parts.committer();
        this.receivers = parts.receivers();
        this.runs = runs;
        this.clock = parts.surroundings().clock();
    }

    @Override
    public void launch(Item item) {
        runs.launch(item.task, item.permit);
    }

    @Override
    public void giveBack(Item item) {
        worker.settle(item.task.task(), new Event.HandedBack(), null);
    }

    /** Begins tasks that the lanes read from the store: each start is on disk before anything leaves. */
    @Override
    public void start(List<Item> items) {
        List<Change> moves = new ArrayList<>(items.size());
        for (Item item : items) {
            Task before = item.task.task();
            moves.add(new Change.Move(before, worker.next(before, start(before)).orElse(before), null));
        }
        try {
            committer.submit(moves, new Committer.Completion() {
                @Override
                public void done(List<Result> results) {
                    for (int i = 0; i < items.size(); i++) {
                        started(items.get(i), ((Change.Move) moves.get(i)).after(), results.get(i) instanceof Result.Applied);
                    }
                }

                @Override
                public void failed(StoreException reason) {
                    notStarted(items);
                }
            });
        } catch (StoreBusy | StoreException e) {
            notStarted(items);
        }
    }

    /** A receiver that is stopped for long is not asked: the attempt is over before it began. */
    private Event start(Task task) {
        DeliverResult.Refused stopped = task.phase().stage() == Stage.DELIVER ? receivers.stopped(task.queue()) : null;
        return stopped == null ? new Event.Start(store.epoch()) : new Event.Skipped(stopped.problem(), stopped.notBefore());
    }

    /** The disk is full or busy: they wait in the store as before, and are looked at again in a moment. */
    private void notStarted(List<Item> items) {
        long later = clock.getAsLong() + DueScan.STORE_RETRY_MILLIS;
        for (Item item : items) {
            Task task = item.task.task();
            started(item, task, false);
            worker.lane(task.phase().stage()).waits(task.queue(), later);
        }
    }

    private void started(Item item, Task after, boolean applied) {
        StoredTask stored = item.task;
        Lane lane = worker.lane(stored.task().phase().stage());
        String queue = stored.task().queue();
        lane.decided(stored, queue);
        if (applied && after.phase().running()) {
            runs.launch(new StoredTask(after, stored.spec()), item.permit);
            return;
        }
        lane.leave(queue, false);
        worker.hosts().giveBack(item.permit);
        if (applied) {
            worker.settled(after);
        }
    }
}
