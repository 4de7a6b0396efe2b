package dev.fetchback.store.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** Space that is given up when the disk is full, so that what was accepted can still be settled. Used by the writer only. */
final class Reserve {
    private static final String NAME = "fetchback.reserve";
    private static final int WRITE_BYTES = 1 << 20;
    /** While the disk is full, how often the space is looked for again. */
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Path file;
    private final long bytes;
    private boolean held;
    private long retryAt;

    Reserve(Path dir, long bytes) {
        this.file = dir.resolve(NAME);
        this.bytes = bytes;
    }

    /** Whether the space is there. */
    boolean held() {
        return held;
    }

    /** Gives the space up; new tasks are refused until {@link #retake} has it back. */
    void release(long now) {
        held = false;
        retryAt = now + RETRY.toMillis();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // Without the reserve settles may not fit either; they are tried, and the caller hears of it.
        }
    }

    /** Takes the space if it is not held; looks at most once a second. Returns whether it is held. */
    boolean retake(long now) {
        if (!held && now >= retryAt) {
            retryAt = now + RETRY.toMillis();
            held = take();
        }
        return held;
    }

    private boolean take() {
        try {
            if (Files.exists(file) && Files.size(file) == bytes) {
                return true;
            }
            // Twice: the disk must not be full again at once.
            if (Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace() < 2 * bytes) {
                return false;
            }
            write();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Random-looking or sparse files might take no space; plain zeros do on every file system that does not compress. */
    private void write() throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer zeros = ByteBuffer.allocate(WRITE_BYTES);
            for (long left = bytes; left > 0; left -= zeros.position()) {
                zeros.clear().limit((int) Math.min(left, WRITE_BYTES));
                while (zeros.hasRemaining()) {
                    channel.write(zeros);
                }
            }
            channel.force(true);
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }
}
