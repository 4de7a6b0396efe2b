package dev.fetchback.fetch;

import dev.fetchback.outbound.BodySink;
import dev.fetchback.outbound.Field;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.work.Body;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Takes one page's body: counted, hashed, stored. */
final class PageSink implements BodySink {
    private final FetchOptions options;
    private final BodyStore.Writer writer;
    private final MessageDigest digest = sha256Digest();

    PageSink(BodyStore bodies, FetchOptions options) {
        this.options = options;
        this.writer = bodies.writer();
    }

    @Override
    public boolean begin(int status, List<Field> fields, long length) throws IOException {
        if (!options.acceptStatus().contains(status)) {
            return false;
        }
        writer.expect(length);
        return true;
    }

    @Override
    public void write(byte[] buffer, int offset, int count) throws IOException {
        digest.update(buffer, offset, count);
        writer.write(buffer, offset, count);
    }

    long length() {
        return writer.length();
    }

    /** Call once, at the end. */
    String sha256() {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The body, from now on the caller's to close. */
    Body take() {
        return writer.take();
    }

    /** Gives back what nobody took. */
    void abandon() {
        writer.abandon();
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
