package dev.fetchback.process;

import dev.fetchback.process.WorkerStart.StartFailed;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** With which isolation workers start: all that was found to work, and less while no worker ever came up with it. */
final class CageChoice {
    private static final System.Logger LOG = System.getLogger(CageChoice.class.getName());

    private final WorkerSettings settings;
    private final @Nullable Path plugins;
    private final Executor keeper;
    private final FutureTask<Cage> probed = new FutureTask<>(this::probe);
    private final AtomicBoolean probing = new AtomicBoolean();
    private @Nullable Cage cage;
    private boolean proven;

    /** @param keeper does what starts processes; what it refuses when it was shut down is told as a failed start */
    CageChoice(WorkerSettings settings, @Nullable Path plugins, Executor keeper) {
        this.settings = settings;
        this.plugins = plugins;
        this.keeper = keeper;
    }

    /** Finds out in the background what works, once. */
    void prepare() {
        if (probing.compareAndSet(false, true)) {
            keeper.execute(probed);
        }
    }

    private Cage probe() {
        if (settings.layers() == WorkerSettings.Layers.NONE) {
            return Cage.none(settings.heapMegabytes(), "switched off");
        }
        return Cage.probe(settings.heapMegabytes(), readable());
    }

    private List<Path> readable() {
        List<Path> all = new ArrayList<>(WorkerCommand.readable());
        Path folder = plugins;
        if (folder != null) {
            all.add(folder);
            try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "*.jar")) {
                jars.forEach(all::add);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "plugins could not be listed path={0}", folder); // the worker's start will tell
            }
        }
        return all;
    }

    /** What the next worker is to start with; waits for the trial. */
    Cage current() throws InterruptedException, StartFailed {
        Cage found;
        try {
            prepare();
            found = probed.get();
        } catch (RejectedExecutionException e) {
            throw new StartFailed(false, "the server stops");
        } catch (ExecutionException e) {
            throw new StartFailed(false, "the system's isolation could not be tried: " + Failures.tidy(e.getCause().toString()));
        }
        synchronized (this) {
            if (cage == null) {
                cage = found;
            }
            return cage;
        }
    }

    /** A worker came up. */
    synchronized void proven() {
        if (!proven) {
            proven = true;
            LOG.log(System.Logger.Level.INFO, "first worker started isolation={0}", inForce());
        }
    }

    /** Gives up one layer if a worker never came up with all; false when that is no way out. */
    synchronized boolean weaken(Cage tried, StartFailed e) {
        if (proven || !e.ended()) {
            return false;
        }
        if (tried == cage) {
            Cage weaker = tried.weaker("a worker does not start with it: " + e.getMessage());
            if (weaker == null) {
                return false;
            }
            LOG.log(System.Logger.Level.WARNING, "worker isolation is reduced reason={0} isolation={1}", e.getMessage(),
                    weaker.inForce());
            cage = weaker;
        }
        return true;
    }

    /** Each layer and whether it is in force. */
    synchronized Map<String, String> inForce() {
        Cage known = cage;
        if (known == null && probed.state() == Future.State.SUCCESS) {
            known = probed.resultNow();
        }
        return (known == null ? Cage.none(settings.heapMegabytes(), "not known yet") : known).inForce();
    }
}
