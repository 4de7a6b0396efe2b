package dev.fetchback.fetch;

import dev.fetchback.work.Body;
import dev.fetchback.work.ByteBudget;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Keeps bodies in memory within the budget, and in files beyond it. */
final class BodyStore {
    private static final System.Logger LOG = System.getLogger(BodyStore.class.getName());
    private static final String PREFIX = "page-";
    private static final String SUFFIX = ".tmp";
    /** What a body of unknown length starts with; each further chunk is as large as all before it. */
    private static final int CHUNK_MIN = 8 * 1024;
    /** The most that is taken on a server's word for its length. */
    private static final int CHUNK_MAX = 256 * 1024;

    private final ByteBudget budget;
    private final Path directory;
    private final AtomicLong names = new AtomicLong();
    private final FileThreads files = new FileThreads();

    BodyStore(ByteBudget budget, Path directory) {
        this.budget = budget;
        this.directory = directory;
    }

    Writer writer() {
        return new Writer();
    }

    /** Deletes the files of an earlier run, whose bodies are fetched again if they are still wanted. */
    void deleteLeftovers() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*" + SUFFIX)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the folder for page bodies, " + directory + ", cannot be cleaned; is it a writable folder?", e);
        }
    }

    /** One body while it comes. Belongs to one thread. */
    final class Writer {
        private final List<byte[]> chunks = new ArrayList<>(1);
        private int room;
        private long expected = -1;
        private long reserved;
        private long length;
        private @Nullable Path file;
        private @Nullable OutputStream out;
        private boolean taken;

        /** @param bytes to come; -1 when not known */
        void expect(long bytes) {
            expected = bytes;
        }

        void write(byte[] buffer, int offset, int count) throws IOException {
            int at = offset;
            int left = count;
            while (left > 0) {
                if (out == null && room == 0 && !grow()) {
                    spill();
                }
                int part = left;
                if (out != null) {
                    out.write(buffer, at, part);
                } else {
                    byte[] last = chunks.getLast();
                    part = Math.min(left, room);
                    System.arraycopy(buffer, at, last, last.length - room, part);
                    room -= part;
                }
                at += part;
                left -= part;
                length += part;
            }
        }

        long length() {
            return length;
        }

        /** The body, from now on the caller's to close. */
        Body take() {
            taken = true;
            closeOut();
            Path onDisk = file;
            if (onDisk != null) {
                return new FileBody(onDisk, length);
            }
            return new MemoryBody(List.copyOf(chunks), Math.toIntExact(length), reserved, budget);
        }

        /** Gives memory or file back, unless they were taken. */
        void abandon() {
            closeOut();
            if (taken) {
                return;
            }
            taken = true;
            Path onDisk = file;
            if (onDisk != null) {
                FileBody.delete(onDisk);
            }
            budget.giveBack(reserved);
            chunks.clear();
        }

        private boolean grow() {
            long size = Math.clamp(length > 0 ? length : expected, CHUNK_MIN, CHUNK_MAX);
            if (expected > length) {
                size = Math.min(size, expected - length);
            }
            if (!budget.tryTake(size)) {
                return false;
            }
            reserved += size;
            chunks.add(new byte[Math.toIntExact(size)]);
            room = Math.toIntExact(size);
            return true;
        }

        /** Goes on in a file, with what is in memory so far at its start. */
        private void spill() throws IOException {
            Path path = directory.resolve(PREFIX + names.incrementAndGet() + SUFFIX);
            file = path;
            OutputStream to = files.create(path);
            out = to;
            for (byte[] chunk : chunks) {
                to.write(chunk);
            }
            chunks.clear();
            budget.giveBack(reserved);
            reserved = 0;
        }

        private void closeOut() {
            OutputStream open = out;
            out = null;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    LOG.log(System.Logger.Level.WARNING, "page body: a temporary file could not be closed", e);
                }
            }
        }
    }
}
