package dev.fetchback.fetch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes files on threads of the system. A virtual thread that writes to a busy disk holds its carrier meanwhile: two bodies that are
 * large stop all other fetches. Threads end when there is nothing to write.
 */
final class FileThreads {
    private static final int THREADS = 4; // more would only wait for the same disk
    private static final long IDLE_SECONDS = 10;

    private final Executor threads;

    FileThreads() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(), // who writes waits, so it holds no more than there are fetches
                Thread.ofPlatform().name("bodies-", 0).daemon().factory());
        pool.allowCoreThreadTimeOut(true);
        this.threads = pool;
    }

    /** A file that is not there yet. What was written is with the system when a write returns: nothing is left for {@code close} to fail at. */
    OutputStream create(Path path) throws IOException {
        OutputStream file = Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int count) throws IOException {
                run(() -> file.write(bytes, offset, count));
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }

    @FunctionalInterface
    private interface Write {
        void run() throws IOException;
    }

    /** Not to be interrupted: the bytes are read until it is done. */
    private void run(Write write) throws IOException {
        FutureTask<@Nullable Void> task = new FutureTask<>(() -> {
            write.run();
            return null;
        });
        threads.execute(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    task.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof IOException failed ? failed : new IOException("a body could not be written", e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
