package dev.fetchback.fetch;

import dev.fetchback.work.Body;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A body in a file that is deleted when it is closed. */
final class FileBody implements Body {
    private static final System.Logger LOG = System.getLogger(FileBody.class.getName());

    private final Path file;
    private final long length;

    FileBody(Path file, long length) {
        this.file = file;
        this.length = length;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public byte[] bytes() throws IOException {
        return Files.readAllBytes(file);
    }

    @Override
    public InputStream open() throws IOException {
        return Files.newInputStream(file);
    }

    @Override
    public void close() {
        delete(file);
    }

    static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "page body: the temporary file " + file + " could not be deleted", e);
        }
    }
}
