package dev.fetchback.server.intake;

import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.util.thread.Invocable;

/**
 * Reads a request's body piece by piece on a thread that may block. Nothing is read ahead of the caller, so that a sender is
 * slowed down by the network itself when tasks cannot be stored as fast as they come.
 */
final class BodyStream {
    private final Call call;
    private final Kit kit;
    private final Pace pace;
    private final Semaphore available = new Semaphore(0);
    private final Invocable.Task wake = Invocable.from(Invocable.InvocationType.NON_BLOCKING, available::release);

    BodyStream(Call call, Kit kit) {
        this.call = call;
        this.kit = kit;
        this.pace = kit.pace();
    }

    /**
     * The next piece, to be released; {@link Content.Chunk#isLast} tells the end.
     *
     * @throws IOException when the client is gone
     * @throws Refusal when it is too slow
     */
    Content.Chunk next() throws IOException, InterruptedException {
        while (true) {
            Content.Chunk chunk = call.request().read();
            if (chunk == null) {
                long began = kit.nanos();
                call.request().demand(wake);
                available.acquire();
                pace.waited(kit.nanos() - began);
                if (pace.tooSlow()) {
                    throw BodyReader.tooSlow();
                }
                continue;
            }
            if (Content.Chunk.isFailure(chunk)) {
                Throwable why = chunk.getFailure();
                if (why instanceof TimeoutException) {
                    throw BodyReader.tooSlow();
                }
                throw (IOException) new EofException("the client stopped in the middle of its request").initCause(why);
            }
            pace.moved(chunk.remaining());
            return chunk;
        }
    }

    /** Reads and drops up to {@code max} bytes, so that a client that is still sending comes to read its answer. */
    void discard(long max) throws IOException, InterruptedException {
        long left = max;
        boolean last = false;
        while (!last && left > 0) {
            Content.Chunk chunk = next();
            left -= chunk.remaining();
            last = chunk.isLast();
            chunk.release();
        }
    }
}
