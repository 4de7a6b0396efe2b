package dev.fetchback.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads all that a process prints, so that it never waits for a reader, and keeps the end of it. */
final class OutputTail {
    private static final System.Logger LOG = System.getLogger(OutputTail.class.getName());
    private static final int KEPT = 16 << 10;
    private static final long END_MILLIS = 200;
    private static final int CHUNK = 64 << 10; // what a pipe holds
    private static final int LOGGED_MAX = 64 << 10; // of one process; the rest would be noise

    private final byte[] ring = new byte[KEPT];
    private long read;
    private @Nullable Thread reader;

    /** Reads to the end, on a thread of its own: a read of a pipe holds a carrier. */
    static OutputTail of(InputStream from, String name) {
        OutputTail tail = new OutputTail();
        tail.reader = Thread.ofPlatform().name("output-" + name).daemon().start(() -> tail.follow(from, name));
        return tail;
    }

    private void follow(InputStream from, String name) {
        byte[] chunk = new byte[CHUNK];
        try (from) {
            for (int count = from.read(chunk); count >= 0; count = from.read(chunk)) {
                boolean log = keep(chunk, count) <= LOGGED_MAX && LOG.isLoggable(System.Logger.Level.DEBUG);
                if (log) {
                    LOG.log(System.Logger.Level.DEBUG, "worker printed id={0} text={1}", name,
                            Failures.tidy(new String(chunk, 0, count, StandardCharsets.UTF_8)));
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "worker output ended id={0} reason={1}", name, e.getMessage());
        }
    }

    private synchronized long keep(byte[] chunk, int count) {
        for (int at = Math.max(0, count - KEPT); at < count;) {
            int to = (int) ((read + at) % KEPT);
            int part = Math.min(count - at, KEPT - to);
            System.arraycopy(chunk, at, ring, to, part);
            at += part;
        }
        read += count;
        return read;
    }

    /** Waits a little for the end, which comes with that of the process and of all that it started. */
    OutputTail ended() throws InterruptedException {
        join(Duration.ofMillis(END_MILLIS));
        return this;
    }

    /** Whether the end came within that time. */
    boolean join(Duration most) throws InterruptedException {
        Thread thread = reader;
        return thread == null || thread.join(most);
    }

    /** The last of it, as text. */
    synchronized String text() {
        int length = (int) Math.min(read, KEPT);
        byte[] last = new byte[length];
        for (int i = 0; i < length; i++) {
            last[i] = ring[(int) ((read - length + i) % KEPT)];
        }
        return new String(last, StandardCharsets.UTF_8);
    }

    /** The last line that is not empty. */
    String lastLine() {
        return Failures.tidy(text().lines().filter(line -> !line.isBlank()).reduce("", (_, line) -> line));
    }
}
