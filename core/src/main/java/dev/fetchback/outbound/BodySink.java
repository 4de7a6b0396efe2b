package dev.fetchback.outbound;

import java.io.IOException;
import java.util.List;

/** Takes the decoded body of the last answer while it comes. */
public interface BodySink {
    /** Takes nothing. */
    BodySink NONE = new BodySink() {
        @Override
        public boolean begin(int status, List<Field> fields, long length) {
            return false;
        }

        @Override
        public void write(byte[] buffer, int offset, int count) {
            throw new IllegalStateException("no body is written to a sink that wants none");
        }
    };

    /**
     * The head of the last answer came. Called at most once.
     *
     * @param length decoded bytes to come; -1 when not known. What the server says, so no promise
     * @return whether the body is wanted
     */
    boolean begin(int status, List<Field> fields, long length) throws IOException;

    /** Takes {@code count} bytes; the buffer is used again afterwards. */
    void write(byte[] buffer, int offset, int count) throws IOException;
}
