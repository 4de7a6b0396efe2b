package dev.fetchback.process;

import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Starts workers: each gets a socket of its own, which is there until it came, and a token to show that it is the one. */
final class WorkerStart {
    private static final int TOKEN_MAX = 64;
    private static final long LAST_WORDS_MILLIS = 500; // between the end of its socket and its own

    private final WorkerSettings settings;
    private final SocketFolder folder;
    private final @Nullable Path plugins;
    private final ScheduledExecutorService keeper;

    /** No worker came up. */
    static final class StartFailed extends Exception {
        private static final long serialVersionUID = 1L;

        private final boolean ended;

        StartFailed(boolean ended, String message) {
            super(message);
            this.ended = ended;
        }

        /** Whether it ended by itself, so that it would do so again; not when it was killed. */
        boolean ended() {
            return ended;
        }
    }

    /** @param keeper one thread that lives as long as the pool: what a thread started is killed when that thread ends */
    WorkerStart(WorkerSettings settings, SocketFolder folder, @Nullable Path plugins, ScheduledExecutorService keeper) {
        this.settings = settings;
        this.folder = folder;
        this.plugins = plugins;
        this.keeper = keeper;
    }

    WorkerProcess start(String id, Cage cage) throws StartFailed, InterruptedException {
        Path path = folder.next();
        try (ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            door.bind(UnixDomainSocketAddress.of(path), 1);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-")); // nobody comes through this door
            return start(id, cage, path, door);
        } catch (IOException | UnsupportedOperationException e) {
            throw new StartFailed(false, "no socket could be made for it at " + path + ": " + Failures.tidy(e.getMessage()));
        } finally {
            delete(path);
        }
    }

    private WorkerProcess start(String id, Cage cage, Path path, ServerSocketChannel door)
            throws StartFailed, InterruptedException, IOException {
        byte[] token = folder.token();
        Process process = await(keeper.submit(() -> spawn(cage, path, token)));
        OutputTail output = OutputTail.of(process.getInputStream(), id);
        Callable<@Nullable Void> shut = () -> {
            door.close();
            return null;
        };
        Future<?> late = keeper.schedule(shut, settings.start().toNanos(), TimeUnit.NANOSECONDS);
        process.onExit().thenRun(() -> close(door));
        SocketChannel socket = null;
        boolean done = false;
        try {
            socket = door.accept();
            SocketChannel came = socket;
            late.cancel(false);
            late = keeper.schedule(() -> close(came), settings.start().toNanos(), TimeUnit.NANOSECONDS);
            FrameChannel channel = new FrameChannel(socket);
            boolean hello = channel.next(TOKEN_MAX) == FrameChannel.HELLO;
            if (!MessageDigest.isEqual(channel.take(channel.left()), token) || !hello) {
                throw new IOException("what came is not the process that was started");
            }
            done = late.cancel(false);
            if (!done) {
                throw new IOException("it came too late");
            }
            return new WorkerProcess(id, process, channel, output, settings.stall(), System.nanoTime());
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("to stop while a worker was started");
            }
            throw failed(process, output, e);
        } finally {
            late.cancel(false);
            if (!done) {
                WorkerProcess.end(process);
                if (socket != null) {
                    close(socket);
                }
            }
        }
    }

    private StartFailed failed(Process process, OutputTail output, IOException e) throws InterruptedException {
        boolean ended = process.waitFor(LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS);
        String printed = ended ? output.ended().lastLine() : output.lastLine();
        String how = ended ? "it ended with code " + process.exitValue()
                : "it did not come up in " + settings.start().toMillis() + " ms (" + Failures.tidy(e.getMessage()) + ")";
        boolean killed = ended && WorkerProcess.killedFromOutside(process.exitValue(), printed); // as no isolation does
        return new StartFailed(ended && !killed, how + (printed.isEmpty() ? "" : "; it printed: " + printed));
    }

    private Process spawn(Cage cage, Path path, byte[] token) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(WorkerCommand.of(cage));
        builder.directory(folder.empty().toFile()).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("LANG", "C.UTF-8"); // for paths that are not ASCII
        builder.environment().put("MALLOC_ARENA_MAX", "2"); // each arena takes 64 MiB of address space
        Process process = builder.start();
        String told = path + "\n" + HexFormat.of().formatHex(token) + "\n" + (plugins == null ? "" : plugins.toAbsolutePath())
                + "\n";
        try (OutputStream in = process.getOutputStream()) {
            in.write(told.getBytes(StandardCharsets.UTF_8)); // fits the pipe, so it does not wait
        } catch (IOException e) {
            if (process.isAlive()) {
                WorkerProcess.end(process);
                throw e;
            }
            // It ended at once; its output says why.
        }
        return process;
    }

    /** Waits to the end, which is near: a process that was started must not be lost. */
    private static Process await(Future<Process> started) throws StartFailed {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return started.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw new StartFailed(true, "it could not be started: " + Failures.tidy(e.getCause().getMessage()));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void close(AutoCloseable one) {
        try {
            one.close();
        } catch (Exception e) {
            System.getLogger(WorkerStart.class.getName()).log(System.Logger.Level.DEBUG, "a socket could not be closed", e);
        }
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            System.getLogger(WorkerStart.class.getName()).log(System.Logger.Level.WARNING,
                    "a socket could not be deleted path={0}", path);
        }
    }
}
