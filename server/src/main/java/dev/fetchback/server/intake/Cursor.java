package dev.fetchback.server.intake;

import dev.fetchback.task.TaskId;
import java.nio.ByteBuffer;
import java.util.Base64;

/** Where a list goes on, as text that callers hand back and do not read. */
final class Cursor {
    private static final byte VERSION = 1;
    private static final int BYTES = 1 + 2 * Long.BYTES;

    private Cursor() {}

    static String write(TaskId before) {
        byte[] bytes = ByteBuffer.allocate(BYTES).put(VERSION).putLong(before.high()).putLong(before.low()).array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static TaskId read(String text) {
        if (text.length() == (BYTES * 4 + 2) / 3) {
            try {
                ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
                if (bytes.remaining() == BYTES && bytes.get() == VERSION) {
                    return new TaskId(bytes.getLong(), bytes.getLong());
                }
            } catch (IllegalArgumentException e) {
                // told below
            }
        }
        throw new Refusal(
                ApiError.INVALID_CURSOR,
                Names.quote(text) + " is not a cursor of this server; take next_cursor of the page before, or leave it out.");
    }
}
