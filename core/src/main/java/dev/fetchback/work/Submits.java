package dev.fetchback.work;

import dev.fetchback.store.Change;
import dev.fetchback.store.Committer;
import dev.fetchback.store.Result;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Event;
import dev.fetchback.task.Phase;
import dev.fetchback.task.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** Takes new tasks: one whose host has a free place here is begun by its submit, all others wait. */
final class Submits {
    private final Worker worker;
    private final Store store;
    private final Committer committer;
    private final Lane fetches;
    private final LongSupplier clock;

    Submits(Worker worker, Store store, Committer committer, Lane fetches, LongSupplier clock) {
        this.worker = worker;
        this.store = store;
        this.committer = committer;
        this.fetches = fetches;
        this.clock = clock;
    }

    /** Submits in one durable step and begins at once what has a free place; returns what became of each, in order. */
    List<Result> run(List<Worker.NewTask> tasks) {
        long now = clock.getAsLong();
        List<Change> submits = new ArrayList<>(tasks.size());
        for (Worker.NewTask task : tasks) {
            submits.add(new Change.Submit(beginIfFree(task.task(), now), task.spec(), task.key()));
        }
        List<Result> results = List.of();
        try {
            results = committer.commit(submits);
        } finally {
            for (int i = 0; i < submits.size(); i++) {
                submitted((Change.Submit) submits.get(i), i < results.size() && results.get(i) instanceof Result.Applied);
            }
        }
        return lateForStart(tasks, results);
    }

    /** Those that were begun while their shard went to another owner are submitted again, to wait for that one. */
    private List<Result> lateForStart(List<Worker.NewTask> tasks, List<Result> results) {
        if (results.stream().noneMatch(Result.Stale.class::isInstance)) {
            return results;
        }
        List<Result> all = new ArrayList<>(results);
        List<Change> again = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i) instanceof Result.Stale) {
                Worker.NewTask task = tasks.get(i);
                again.add(new Change.Submit(task.task(), task.spec(), task.key()));
            }
        }
        List<Result> late = committer.commit(again);
        int from = 0;
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i) instanceof Result.Stale) {
                submitted((Change.Submit) again.get(from), late.get(from) instanceof Result.Applied);
                all.set(i, late.get(from++));
            }
        }
        return all;
    }

    private Task beginIfFree(Task task, long now) {
        if (task.readyAt() > now || !store.owns(task) || !fetches.reserve(task.plan().host())) {
            return task;
        }
        Task begun = worker.next(task, new Event.Start(store.epoch())).orElse(task);
        if (begun.phase() != Phase.FETCH_RUNNING) {
            fetches.unreserve(task.plan().host());
            return task; // expired on its way here: the lane ends it, as no task is stored as ended at first
        }
        return begun;
    }

    private void submitted(Change.Submit submit, boolean applied) {
        Task task = submit.task();
        if (task.phase() == Phase.FETCH_RUNNING) {
            if (applied) {
                fetches.begin(new StoredTask(task, submit.spec()));
            } else {
                fetches.unreserve(task.plan().host());
            }
        } else if (applied) {
            worker.waits(task);
        }
    }
}
