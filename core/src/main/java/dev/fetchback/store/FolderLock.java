package dev.fetchback.store;

import dev.fetchback.store.StoreException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A data folder that is held by one process at a time. Tasks may hold secrets: its files are for their owner only. */
public final class FolderLock implements AutoCloseable {
    private static final String LOCK = "fetchback.lock";
    private static final int PID_BYTES_MAX = 20; // a process id has at most 19 digits

    private final Path dir;
    private final FileChannel channel;

    private FolderLock(Path dir, FileChannel channel) {
        this.dir = dir;
        this.channel = channel;
    }

    /**
     * Makes the folder if need be, and keeps every other process out of it.
     *
     * @throws StoreException when it is in use, or cannot be written, saying what to do
     */
    public static FolderLock hold(Path dir) {
        try {
            if (!Files.isDirectory(dir)) {
                Files.createDirectories(dir, ownerOnly(dir.toAbsolutePath(), "rwx------"));
            }
            FileChannel channel = FileChannel.open(
                    dir.resolve(LOCK),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    ownerOnly(dir));
            try {
                lock(dir, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            return new FolderLock(dir, channel);
        } catch (IOException e) {
            throw unusable(dir, e);
        }
    }

    /** Makes a file in the folder that only its owner may read, if it is not there. */
    public void make(Path file) {
        try {
            if (!Files.exists(file)) {
                Files.createFile(file, ownerOnly(dir));
            }
        } catch (IOException e) {
            throw unusable(dir, e);
        }
    }

    private static StoreException unusable(Path dir, IOException e) {
        return new StoreException(
                Kind.UNUSABLE,
                "The data folder " + dir + " cannot be used (" + e + "). It must be a folder that this user ("
                        + System.getProperty("user.name") + ") may write; mend its rights or choose another one.",
                e);
    }

    @Override
    public void close() {
        try {
            channel.close(); // gives the lock back
        } catch (IOException e) {
            throw new StoreException(Kind.UNUSABLE, "The lock of " + dir + " could not be given back", e);
        }
    }

    private static void lock(Path dir, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null; // held by this very process
        }
        if (lock == null) {
            ByteBuffer pid = ByteBuffer.allocate(PID_BYTES_MAX);
            channel.read(pid, 0);
            String holder = new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII).strip();
            throw new StoreException(
                    Kind.IN_USE,
                    "The data folder " + dir + " is in use by another process" + (holder.isEmpty() ? "" : " (pid " + holder + ")")
                            + ". Stop that one, or give this one a folder of its own.",
                    null);
        }
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)), 0);
    }

    /** What makes a new file at this place one for its owner only, where there is such a thing: tasks hold the secrets that callers gave. */
    public static FileAttribute<?>[] ownerOnly(Path where) {
        return ownerOnly(where, "rw-------");
    }

    private static FileAttribute<?>[] ownerOnly(Path where, String mode) {
        Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(mode);
        boolean posix = where.getFileSystem().supportedFileAttributeViews().contains("posix");
        return posix
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions)}
                : new FileAttribute<?>[0];
    }
}
