package dev.fetchback.server.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.eclipse.jetty.io.Content;

/** Reads the body of a call that asks for little. */
final class SmallBody {
    private static final int BODY_MAX = 64 << 10;

    private SmallBody() {}

    /** The whole body, perhaps empty; blocks while it comes. */
    static byte[] read(Call call, Kit kit) throws IOException, InterruptedException {
        BodyStream stream = new BodyStream(call, kit);
        ByteBuffer body = ByteBuffer.allocate(BODY_MAX);
        boolean last = false;
        while (!last) {
            Content.Chunk chunk = stream.next();
            try {
                if (chunk.remaining() > body.remaining()) {
                    throw BodyReader.tooLarge(BODY_MAX);
                }
                body.put(chunk.getByteBuffer());
                last = chunk.isLast();
            } finally {
                chunk.release();
            }
        }
        return Arrays.copyOf(body.array(), body.position());
    }
}
