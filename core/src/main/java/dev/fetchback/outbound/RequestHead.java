package dev.fetchback.outbound;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
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

    /** @param codings content codings to ask for */
    static void send(
            OutputStream out, Target target, String method, List<Field> fields, String codings, @Nullable Payload body)
            throws IOException {
        byte[] head = bytes(target, method, fields, codings, body);
        switch (body) {
            case null -> out.write(head, 0, head.length);
            case Payload.Bytes bytes -> {
                int together = Math.min(bytes.count(), TOGETHER_MAX);
                byte[] start = new byte[head.length + together];
                System.arraycopy(head, 0, start, 0, head.length);
                System.arraycopy(bytes.array(), 0, start, head.length, together);
                out.write(start, 0, start.length);
                if (together < bytes.count()) {
                    out.write(bytes.array(), together, bytes.count() - together);
                }
            }
            case Payload.Streamed streamed -> {
                out.write(head, 0, head.length);
                stream(out, streamed);
            }
        }
    }

    private static void stream(OutputStream out, Payload.Streamed body) throws IOException {
        byte[] buffer = new byte[TOGETHER_MAX];
        try (InputStream in = open(body)) {
            long left = body.length();
            while (left > 0) {
                int count = read(in, buffer, (int) Math.min(left, buffer.length));
                out.write(buffer, 0, count);
                left -= count;
            }
        }
    }

    private static InputStream open(Payload.Streamed body) throws IOException {
        try {
            return body.source().open();
        } catch (IOException e) {
            throw new PayloadException("the request's body cannot be opened", e);
        }
    }

    private static int read(InputStream in, byte[] buffer, int most) throws IOException {
        int count;
        try {
            count = in.read(buffer, 0, most);
        } catch (IOException e) {
            throw new PayloadException("the request's body cannot be read", e);
        }
        if (count < 0) {
            throw new PayloadException("the request's body is shorter than announced", new EOFException());
        }
        return count;
    }

    private static byte[] bytes(
            Target target, String method, List<Field> fields, String codings, @Nullable Payload body) {
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
        head.append("Accept-Encoding: ").append(codings).append("\r\n");
        if (body != null) {
            head.append("Content-Length: ").append(body.length()).append("\r\n");
        } else if (method.equals("POST") || method.equals("PUT") || method.equals("PATCH")) {
            head.append("Content-Length: 0\r\n"); // RFC 9110 §8.6: said where a body is expected
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    }
}
