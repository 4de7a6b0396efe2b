package dev.fetchback.outbound;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes requests (RFC 9112 §3): head and body in one write when they are small. */
final class RequestHead {
    /** Up to here a copy costs less than a second system call, and than a second packet. */
    private static final int TOGETHER_MAX = 16 * 1024;

    private static final int USUAL = 256;

    private RequestHead() {}

    static void send(OutputStream out, Target target, String method, List<Field> fields, byte @Nullable [] body)
            throws IOException {
        byte[] head = bytes(target, method, fields, body);
        if (body == null || body.length == 0) {
            out.write(head, 0, head.length);
            return;
        }
        int together = Math.min(body.length, TOGETHER_MAX);
        byte[] start = new byte[head.length + together];
        System.arraycopy(head, 0, start, 0, head.length);
        System.arraycopy(body, 0, start, head.length, together);
        out.write(start, 0, start.length);
        if (together < body.length) {
            out.write(body, together, body.length - together);
        }
    }

    private static byte[] bytes(Target target, String method, List<Field> fields, byte @Nullable [] body) {
        StringBuilder head = new StringBuilder(USUAL)
                .append(method)
                .append(' ')
                .append(target.pathQuery())
                .append(" HTTP/1.1\r\nHost: ")
                .append(target.authority())
                .append("\r\n");
        for (Field field : fields) {
            if (!Request.ours(field.name())) {
                head.append(field.name()).append(": ").append(field.value()).append("\r\n");
            }
        }
        head.append("Accept-Encoding: ").append(Decoders.ACCEPTED).append("\r\n");
        if (body != null) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        } else if (method.equals("POST") || method.equals("PUT") || method.equals("PATCH")) {
            head.append("Content-Length: 0\r\n"); // RFC 9110 §8.6: said where a body is expected
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    }
}
