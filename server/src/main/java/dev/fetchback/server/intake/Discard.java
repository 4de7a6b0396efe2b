package dev.fetchback.server.intake;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Invocable;

/**
 * Reads and drops what is left of a refused request's body before it is answered. A connection that is closed while its client
 * still sends is reset, and the client never sees why. Never blocks; bounded in bytes and in time.
 */
final class Discard implements Invocable.Task {
    /** A body that is a little too large is read to its end; whoever sends more may find the connection reset. */
    private static final long BYTES_MAX = 4L * ApiLimits.TASK_BYTES;
    /** One that comes byte by byte is not waited for. */
    private static final long TIME_NANOS = 10_000_000_000L;

    private final Call call;
    private final Runnable then;
    private long left = BYTES_MAX;

    /** @param then answers; must not block */
    Discard(Call call, Runnable then) {
        this.call = call;
        this.then = then;
    }

    @Override
    public void run() {
        Request request = call.request();
        if (request.getHeaders().contains(HttpHeader.EXPECT)) {
            then.run(); // the client has not begun to send
            return;
        }
        while (left > 0 && call.ageNanos() < TIME_NANOS) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                break;
            }
            left -= chunk.remaining();
            boolean last = chunk.isLast();
            chunk.release();
            if (last) {
                break;
            }
        }
        then.run();
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }
}
