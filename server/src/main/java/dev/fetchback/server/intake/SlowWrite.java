package dev.fetchback.server.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Writes an answer that does not fit into one write, waiting for a client that reads slowly, but not for one that hardly reads at
 * all.
 */
final class SlowWrite {
    /** One write: a few of the network's windows. */
    static final int SLICE = 64 << 10;

    private final Call call;
    private final Pace pace;
    private final LongSupplier nanos;

    SlowWrite(Call call, Kit kit) {
        this.call = call;
        this.pace = kit.pace();
        this.nanos = kit::nanos;
    }

    /** Sends a whole answer. */
    static void whole(Call call, int status, HttpField type, ByteBuffer body, Kit kit) throws IOException {
        if (body.remaining() <= SLICE || call.method("HEAD")) {
            call.answer(status, type, body);
            return;
        }
        call.response().getHeaders().put(HttpHeader.CONTENT_LENGTH, body.remaining());
        call.begin(status, type);
        SlowWrite out = new SlowWrite(call, kit);
        while (body.remaining() > SLICE) {
            out.write(false, body.slice(body.position(), SLICE));
            body.position(body.position() + SLICE);
        }
        out.write(true, body);
        call.succeeded();
    }

    /** Writes one slice and waits until the system took it. */
    void write(boolean last, ByteBuffer slice) throws IOException {
        int size = slice.remaining();
        Written written = new Written();
        long began = nanos.getAsLong();
        call.response().write(last, slice, written);
        try {
            if (!written.await(pace.patienceNanos(size))) {
                IOException tooSlow = new IOException("the client reads too slowly");
                call.request().getConnectionMetaData().getConnection().getEndPoint().close(tooSlow);
                throw tooSlow;
            }
        } catch (InterruptedException e) {
            throw new IOException("the server was closed while an answer was written", e);
        }
        pace.waited(nanos.getAsLong() - began);
        pace.moved(size);
    }

    private static final class Written implements Callback {
        private final CountDownLatch done = new CountDownLatch(1);
        private volatile @Nullable Throwable failure;

        @Override
        public void succeeded() {
            done.countDown();
        }

        @Override
        public void failed(Throwable why) {
            failure = why;
            done.countDown();
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }

        boolean await(long nanos) throws InterruptedException, IOException {
            if (!done.await(nanos, TimeUnit.NANOSECONDS)) {
                return false;
            }
            Throwable why = failure;
            if (why != null) {
                throw new IOException("the client is gone", why);
            }
            return true;
        }
    }
}
