package dev.fetchback.server.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** Lines of URLs or tasks as a stream of NDJSON; holds one line at a time, however many there are. */
final class TaskLines extends InputStream {
    private final BufferedReader source;
    private final UnaryOperator<String> task;
    private final AtomicLong sent;
    private byte[] line = new byte[0];
    private int at;

    /**
     * @param source a URL or a task object a line; blank lines and lines that begin with # are left out
     * @param task makes the JSON of a URL
     * @param sent counts the lines
     */
    TaskLines(BufferedReader source, UnaryOperator<String> task, AtomicLong sent) {
        this.source = source;
        this.task = task;
        this.sent = sent;
    }

    @Override
    public int read() throws IOException {
        return fill() ? line[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int done = 0;
        while (done < length && fill()) {
            int part = Math.min(length - done, line.length - at);
            System.arraycopy(line, at, target, offset + done, part);
            at += part;
            done += part;
        }
        return done == 0 && length > 0 ? -1 : done;
    }

    private boolean fill() throws IOException {
        while (at == line.length) {
            String next = source.readLine();
            if (next == null) {
                return false;
            }
            String text = next.strip();
            if (!text.isEmpty() && !text.startsWith("#")) {
                line = ((text.startsWith("{") ? text : task.apply(text)) + "\n").getBytes(StandardCharsets.UTF_8);
                at = 0;
                sent.incrementAndGet();
            }
        }
        return true;
    }
}
