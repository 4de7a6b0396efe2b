package dev.fetchback.process;

import dev.fetchback.process.ProcessMetrics.End;
import dev.fetchback.process.Ran.Busy;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.WorkerProcess.NotBegun;
import dev.fetchback.process.WorkerProcess.Reason;
import dev.fetchback.process.WorkerStart.StartFailed;
import dev.fetchback.task.Problem;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs chains in worker processes, which can be killed: for code that parses what strangers wrote. Workers are started when the
 * first chain comes, one more than are busy is kept ready, and they end when there was nothing to do for a while. Each is talked to by
 * one thread of the system at a time, which goes straight on to the next chain in line; another starts workers and watches over the
 * deadlines.
 */
final class WorkerPool implements Pool {
    private static final System.Logger LOG = System.getLogger(WorkerPool.class.getName());
    private static final long TICK_MILLIS = 20; // how late a deadline may be noticed
    private static final int TRIES = 3; // of one chain to begin: the worker that was ready may have died meanwhile
    private static final long CLOSE_SECONDS = 5;
    private static final Busy FULL = new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "all worker processes are busy"), 0);
    private static final long MEMORY_BASE = 192L << 20; // beside the heap: classes, compiled code, threads, buffers

    private final ProcessSettings all;
    private final WorkerSettings settings;
    private final ProcessMetrics metrics;
    private final Crew crew;
    private final Breaker breaker = new Breaker();
    private final ScheduledExecutorService keeper;
    private final CageChoice cages;
    private final Object lock = new Object();
    private final Deque<WorkerProcess> idle = new ArrayDeque<>(); // the newest first, so that the others can end
    private final Set<WorkerProcess> live = new HashSet<>();
    private final Set<Thread> starting = new HashSet<>();
    private @Nullable SocketFolder folder;
    private boolean closed;
    private int ids;

    WorkerPool(ProcessSettings settings, ProcessMetrics metrics) {
        this.all = settings;
        this.settings = settings.workers();
        this.metrics = metrics;
        this.crew = new Crew("worker", this.settings.count(), settings.queue(), settings.patience(), Duration.ofSeconds(CLOSE_SECONDS));
        this.keeper = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().name("workers").daemon().factory());
        this.cages = new CageChoice(this.settings, settings.plugins(), keeper);
    }

    /** Finds out in the background how workers can be isolated, which the first one would else wait for. */
    void prepare() {
        cages.prepare();
    }

    @Override
    public Ran run(Chain chain) throws InterruptedException {
        return crew.run(chain, _ -> attempt(chain), FULL);
    }

    private Ran attempt(Chain chain) throws InterruptedException {
        long wait = breaker.enter(System.nanoTime());
        if (wait > 0) {
            return unavailable("worker processes keep crashing or cannot be started", wait);
        }
        boolean decided = false;
        long began = System.nanoTime();
        try {
            Ran ran = begin(chain);
            decided = verdict(chain, ran);
            metrics.took("processes", System.nanoTime() - began);
            return ran;
        } catch (StartFailed e) {
            decided = true;
            LOG.log(System.Logger.Level.WARNING, "worker could not be started reason={0}", e.getMessage());
            suspended(breaker.startFailed(System.nanoTime()), "none can be started");
            return unavailable("no worker process can be started", breaker.enter(System.nanoTime()));
        } finally {
            if (!decided) {
                breaker.undecided();
            }
        }
    }

    private static Busy unavailable(String why, long waitNanos) {
        return new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, why), Math.max(1, TimeUnit.NANOSECONDS.toMillis(waitNanos)));
    }

    private boolean verdict(Chain chain, Ran ran) {
        if (!(ran instanceof Ended ended)) {
            return false;
        }
        if (ended.broken() != null && ended.broken().again()) {
            suspended(breaker.crashed(chain.facts().taskId(), System.nanoTime()), "they keep crashing");
        } else if (breaker.succeeded()) {
            LOG.log(System.Logger.Level.INFO, "worker processes go on");
        }
        return true;
    }

    private static void suspended(long nanos, String why) {
        if (nanos > 0) {
            LOG.log(System.Logger.Level.WARNING, "worker processes are suspended seconds={0} reason={1}",
                    TimeUnit.NANOSECONDS.toSeconds(nanos), why);
        }
    }

    private Ran begin(Chain chain) throws StartFailed, InterruptedException {
        for (int i = 0; i < TRIES; i++) {
            WorkerProcess worker = take();
            if (worker == null) {
                return Crew.STOPS;
            }
            End end = End.STOPPED;
            try {
                Ran ran = worker.run(chain);
                end = end(ran, worker);
                return ran;
            } catch (NotBegun e) {
                end = End.CRASHED;
            } finally {
                giveBack(worker, end);
            }
        }
        throw new StartFailed(false, "worker processes die before they begin");
    }

    private static End end(Ran ran, WorkerProcess worker) {
        if (ran instanceof Ended ended && ended.broken() != null) {
            return ended.broken().again() ? End.CRASHED : End.TIMEOUT;
        }
        return worker.wasKilled() ? End.CRASHED : End.RECYCLED;
    }

    /** One that is ready, or a new one; null once the pool is closed. */
    private @Nullable WorkerProcess take() throws StartFailed, InterruptedException {
        WorkerProcess worker;
        synchronized (lock) {
            if (closed) {
                return null;
            }
            worker = idle.pollFirst();
        }
        spare();
        return worker != null ? worker : start();
    }

    /** Starts one more in the background, unless one is ready or about to be. */
    private void spare() {
        synchronized (lock) {
            boolean enough = !idle.isEmpty() || !starting.isEmpty() || live.size() > settings.count();
            if (closed || !settings.spare() || enough || breaker.isOpen()) {
                return;
            }
            Thread thread = Thread.ofVirtual().name("spare worker").unstarted(() -> {
                try {
                    WorkerProcess worker = start();
                    if (worker != null) {
                        giveBack(worker, End.RECYCLED);
                    }
                } catch (StartFailed e) {
                    LOG.log(System.Logger.Level.WARNING, "spare worker could not be started reason={0}", e.getMessage());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // the pool was closed
                } finally {
                    synchronized (lock) {
                        starting.remove(Thread.currentThread());
                    }
                }
            });
            starting.add(thread);
            thread.start();
        }
    }

    private @Nullable WorkerProcess start() throws StartFailed, InterruptedException {
        while (true) {
            Cage with = cages.current();
            try {
                WorkerProcess worker = starter().start(nextId(), with);
                metrics.started();
                cages.proven();
                synchronized (lock) {
                    if (!closed) {
                        if (live.isEmpty()) {
                            keeper.schedule(this::tick, TICK_MILLIS, TimeUnit.MILLISECONDS);
                        }
                        live.add(worker);
                        return worker;
                    }
                }
                worker.kill(Reason.RETIRED);
                return null;
            } catch (StartFailed e) {
                metrics.ended(End.START);
                if (closed() || !cages.weaken(with, e)) {
                    throw e;
                }
            } catch (RejectedExecutionException e) {
                return null; // closed
            }
        }
    }

    private boolean closed() {
        synchronized (lock) {
            return closed;
        }
    }

    private WorkerStart starter() throws StartFailed {
        synchronized (lock) {
            try {
                if (folder == null) {
                    folder = new SocketFolder();
                }
            } catch (IOException e) {
                throw new StartFailed(false, "there can be no folder for its socket: " + Failures.tidy(e.toString()));
            }
            return new WorkerStart(settings, folder, all.plugins(), keeper);
        }
    }

    private String nextId() {
        synchronized (lock) {
            return "w" + ++ids;
        }
    }

    /** Keeps the worker for the next chain, or ends it for this reason. */
    private void giveBack(WorkerProcess worker, End end) {
        synchronized (lock) {
            if (!closed && worker.usable(settings, memoryMax(), System.nanoTime())) {
                idle.addFirst(worker);
                return;
            }
            live.remove(worker);
        }
        worker.kill(Reason.RETIRED);
        metrics.ended(end);
        spare();
    }

    private long memoryMax() {
        return MEMORY_BASE + ((long) settings.heapMegabytes() << 20);
    }

    /** Looks after all workers, as long as there are any. */
    private void tick() {
        long now = System.nanoTime();
        List<WorkerProcess> watched;
        List<WorkerProcess> unused = new ArrayList<>();
        synchronized (lock) {
            while (!idle.isEmpty() && now - idle.peekLast().idleSince() > settings.idle().toNanos()) {
                WorkerProcess last = idle.pollLast();
                live.remove(last);
                unused.add(last);
            }
            watched = List.copyOf(live);
            if (!live.isEmpty() && !closed) {
                keeper.schedule(this::tick, TICK_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
        watched.forEach(worker -> worker.watch(now));
        unused.forEach(worker -> {
            worker.kill(Reason.RETIRED);
            metrics.ended(End.IDLE);
        });
    }

    /** Each layer of isolation and whether it is in force. */
    Map<String, String> isolation() {
        return cages.inForce();
    }

    /** Why it does not run anything just now, a sentence; empty while it does. */
    Optional<String> suspended() {
        return breaker.isOpen()
                ? Optional.of("Worker processes keep crashing or cannot be started; tasks wait, and one is tried from time to time.")
                : Optional.empty();
    }

    @Override
    public int capacity() {
        return crew.capacity();
    }

    Crew crew() {
        return crew;
    }

    int workers() {
        synchronized (lock) {
            return live.size();
        }
    }

    /** Process ids of the workers, or of what they were started with. */
    List<Long> pids() {
        synchronized (lock) {
            return live.stream().map(WorkerProcess::pid).toList();
        }
    }

    @Override
    public void close() {
        List<WorkerProcess> ends;
        List<Thread> threads;
        synchronized (lock) {
            closed = true;
            ends = List.copyOf(live);
            live.clear();
            idle.clear();
            threads = List.copyOf(starting);
        }
        threads.forEach(Thread::interrupt);
        ends.forEach(worker -> worker.kill(Reason.RETIRED));
        crew.close();
        try {
            for (Thread thread : threads) {
                thread.join(Duration.ofSeconds(CLOSE_SECONDS));
            }
            keeper.shutdown();
            if (!keeper.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "the thread that starts workers does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (lock) {
            if (folder != null) {
                folder.close();
                folder = null;
            }
        }
    }
}
