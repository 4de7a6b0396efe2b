package dev.fetchback.process;

import dev.fetchback.process.Ran.Broken;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.task.Problem;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One worker, from the side of the server: a process, its socket, and the one chain that it may be running. */
final class WorkerProcess {
    private static final System.Logger LOG = System.getLogger(WorkerProcess.class.getName());
    private static final int EXIT_OUT_OF_MEMORY = 3; // of -XX:+ExitOnOutOfMemoryError
    private static final int EXIT_UNSHARE = 1;
    private static final int SIGNALLED = 128;
    private static final int SIGKILL = 9;
    private static final long DEATH_SECONDS = 2; // a process that was killed is gone at once, unless the disk holds it
    // of the largest page to a process that runs after others
    private static final long HANDOVER_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long LAST_WORDS_MILLIS = 500;
    private static final int FRAME_EXTRA = 8 << 10; // beside a result: an error's text and its code

    private final String id;
    private final Process process;
    private final FrameChannel channel;
    private final OutputTail output;
    private final long stallNanos;
    private final long startedAt;
    private int chains;
    private long memory;
    private boolean leftovers;
    private long idleSince;
    // Of the chain that runs, read by the thread that keeps watch.
    private volatile long deadline;
    private volatile long sign;
    private volatile boolean running;
    private volatile @Nullable Reason killed;

    /** Why it was killed. */
    enum Reason {
        /** A use took longer than it may. */
        DEADLINE,
        /** No sign of life. */
        STALL,
        /** It is not needed any more. */
        RETIRED
    }

    /** The chain never began, or was ended with the pool, which is not its doing. */
    static final class NotBegun extends Exception {
        private static final long serialVersionUID = 1L;
    }

    WorkerProcess(String id, Process process, FrameChannel channel, OutputTail output, Duration stall, long now) {
        this.id = id;
        this.process = process;
        this.channel = channel;
        this.output = output;
        this.stallNanos = stall.toNanos();
        this.startedAt = now;
        this.idleSince = now;
    }

    /**
     * Runs a chain. Afterwards the worker is of further use only if it {@linkplain #usable is}.
     *
     * @throws NotBegun when the worker was gone before it, or the pool is closed
     */
    Ran run(Chain chain) throws NotBegun, InterruptedException {
        List<Outcome> outcomes = new ArrayList<>();
        int begun = -1;
        chains++;
        int room = chain.resultMax();
        begin();
        try {
            channel.send(FrameChannel.JOB, Wire.head(chain), chain.page());
            while (true) {
                int type = channel.next(room + FRAME_EXTRA);
                sign = System.nanoTime();
                switch (type) {
                    case FrameChannel.BEGINS -> {
                        begun = (int) channel.takeNumber();
                        expect(begun == outcomes.size() && begun < chain.links().size());
                        deadline = System.nanoTime() + chain.links().get(begun).timeout().toNanos();
                    }
                    case FrameChannel.VALUE -> {
                        expect(begun == outcomes.size());
                        expect(channel.left() <= room);
                        room -= channel.left();
                        outcomes.add(new Outcome.Value(channel.take(channel.left())));
                        deadline = System.nanoTime() + HANDOVER_NANOS;
                    }
                    case FrameChannel.FAILED -> {
                        expect(begun == outcomes.size());
                        outcomes.add(new Outcome.Failed(Failures.of(text(channel.takeText()), text(channel.takeText()))));
                        deadline = System.nanoTime() + HANDOVER_NANOS;
                    }
                    case FrameChannel.BEAT -> memory = channel.takeNumber();
                    case FrameChannel.DONE -> {
                        memory = channel.takeNumber();
                        leftovers = channel.takeNumber() != 0;
                        expect(complete(chain, outcomes));
                        idleSince = System.nanoTime();
                        return new Ended(outcomes, null);
                    }
                    default -> throw new IOException("a frame of type " + type + ", which a worker does not send");
                }
            }
        } catch (IOException e) {
            Reason reason = finish();
            boolean interrupted = Thread.interrupted();
            if (!interrupted && reason == null) {
                process.waitFor(LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS); // for its exit code
            }
            kill(Reason.RETIRED); // it is of no use any more
            if (interrupted) {
                throw new InterruptedException("to stop while task " + chain.facts().taskId() + " was processed");
            }
            if (complete(chain, outcomes)) {
                return new Ended(outcomes, null); // all was said but that it is ready for more
            }
            if (begun < 0 || reason == Reason.RETIRED) {
                throw new NotBegun();
            }
            return new Ended(outcomes, broken(chain, outcomes.size(), reason));
        } finally {
            finish();
        }
    }

    private synchronized void begin() {
        sign = System.nanoTime();
        deadline = sign + HANDOVER_NANOS;
        running = true;
    }

    private synchronized @Nullable Reason finish() {
        running = false;
        return killed;
    }

    private static boolean complete(Chain chain, List<Outcome> outcomes) {
        return outcomes.size() == chain.links().size()
                || !outcomes.isEmpty() && outcomes.getLast() instanceof Outcome.Failed
                        && !chain.links().get(outcomes.size() - 1).goesOn();
    }

    private static void expect(boolean right) throws IOException {
        if (!right) {
            throw new IOException("a frame that is not due");
        }
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }

    private Broken broken(Chain chain, int index, @Nullable Reason reason) throws InterruptedException {
        Chain.Link link = chain.links().get(Math.min(index, chain.links().size() - 1));
        if (reason == Reason.DEADLINE) {
            return new Broken(Failures.of(Problem.PROCESS_TIMEOUT, "it took longer than " + link.timeout().toMillis() + " ms"),
                    false);
        }
        String how = reason == Reason.STALL
                ? "its process gave no sign of life for " + TimeUnit.NANOSECONDS.toSeconds(stallNanos) + " s"
                : "its process " + death();
        LOG.log(System.Logger.Level.WARNING, "worker crashed id={0} task={1} processor={2} reason={3} printed={4}", id,
                chain.facts().taskId(), link.processor(), how, output.ended().lastLine());
        return new Broken(new Problem(Problem.PROCESS_CRASHED, how, 0), true);
    }

    private String death() {
        if (process.isAlive()) {
            return "could not be ended";
        }
        int exit = process.exitValue();
        if (exit == EXIT_OUT_OF_MEMORY) {
            return "ran out of memory";
        }
        if (killedFromOutside(exit, output.lastLine())) {
            return "was ended by signal " + SIGKILL;
        }
        return exit > SIGNALLED ? "was ended by signal " + (exit - SIGNALLED) : "ended with code " + exit;
    }

    /**
     * Whether a process that ended so was killed from outside: by the system, which had no memory left, say.
     *
     * @param line that it printed last
     */
    static boolean killedFromOutside(int exit, String line) {
        // unshare of Debian 12 does not pass on this one signal, as it should; its other faults have other words
        return exit == SIGNALLED + SIGKILL || exit == EXIT_UNSHARE && line.startsWith("unshare: sigprocmask ");
    }

    /** Kills it if what runs in it takes too long. */
    void watch(long now) {
        synchronized (this) {
            boolean late = now - deadline > 0;
            if (!running || killed != null || !late && now - sign <= stallNanos) {
                return;
            }
            killed = late ? Reason.DEADLINE : Reason.STALL;
        }
        kill(Reason.RETIRED);
    }

    /** Kills it, and all that it started, and waits for its end. */
    void kill(Reason reason) {
        synchronized (this) {
            if (killed == null) {
                killed = reason;
            }
        }
        end(process);
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "worker socket could not be closed", e);
        }
    }

    /** Kills a process and all that it started, and waits for its end. */
    static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        kill(process);
        boolean interrupted = Thread.interrupted();
        try {
            if (!process.waitFor(DEATH_SECONDS, TimeUnit.SECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "a process that was killed does not end pid={0}", process.pid());
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Kills a process alone; not as {@link Process} does, which closes its input then and waits for who still writes to that. */
    static void kill(Process process) {
        process.toHandle().destroyForcibly();
    }

    /** Whether another chain may run in it. */
    boolean usable(WorkerSettings settings, long memoryMax, long now) {
        return killed == null && !leftovers && chains < settings.tasksMax() && memory <= memoryMax
                && now - startedAt < settings.ageMax().toNanos() && process.isAlive();
    }

    boolean wasKilled() {
        return killed != null;
    }

    long idleSince() {
        return idleSince;
    }

    long pid() {
        return process.pid();
    }
}
