package dev.fetchback.store.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * Keeps what was accepted settleable on a full disk. New tasks are refused while less than the headroom is free; and some
 * space is held in a file, which is given up when the disk is full nevertheless. Used by the writer only.
 */
final class Reserve {
    private static final String NAME = "fetchback.reserve";
    private static final int WRITE_BYTES = 1 << 20;
    private static final Duration LOOK = Duration.ofMillis(100); // how often the free space is looked at; it costs a system call
    private static final Duration LOOK_WHEN_FULL = Duration.ofSeconds(1);

    private final Path file;
    private final long bytes;
    private final long headroom;
    private boolean held;
    private boolean room;
    private long lookAt = Long.MIN_VALUE;

    /**
     * @param bytes of the file
     * @param headroom bytes that must stay free for the log and for copying it into the database
     */
    Reserve(Path dir, long bytes, long headroom) {
        this.file = dir.resolve(NAME);
        this.bytes = bytes;
        this.headroom = headroom;
    }

    /** Gives the held space up; new tasks are refused until it could be taken again. */
    void release(long now) {
        held = false;
        room = false;
        lookAt = now + LOOK_WHEN_FULL.toMillis();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // Without the reserve settles may not fit either; they are tried, and the caller hears of it.
        }
    }

    /** Whether there is room for something new. */
    boolean room(long now) {
        if (now >= lookAt || now < lookAt - LOOK_WHEN_FULL.toMillis()) { // also when the clock was set back
            look();
            lookAt = now + (room ? LOOK : LOOK_WHEN_FULL).toMillis();
        }
        return room;
    }

    private void look() {
        try {
            long free = Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace();
            held = held || Files.exists(file) && Files.size(file) == bytes;
            if (!held && free >= headroom + bytes) {
                write();
                held = true;
                free -= bytes;
            }
            room = held && free >= headroom;
        } catch (IOException e) {
            room = false;
        }
    }

    /** Written out: a sparse file would hold no space. */
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
