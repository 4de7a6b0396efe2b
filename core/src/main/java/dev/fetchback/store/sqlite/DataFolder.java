package dev.fetchback.store.sqlite;

import dev.fetchback.store.FolderLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folder with the database, held by one process at a time. */
final class DataFolder implements AutoCloseable {
    private static final String DATABASE = "fetchback.db";
    private static final String WAL_SUFFIX = "-wal";

    private final Path dir;
    private final FolderLock lock;

    private DataFolder(Path dir, FolderLock lock) {
        this.dir = dir;
        this.lock = lock;
    }

    static boolean isIn(Path dir) {
        return Files.exists(dir.resolve(DATABASE));
    }

    /** Makes the folder if need be, and keeps every other process out of it. */
    static DataFolder open(Path dir) {
        FolderLock lock = FolderLock.hold(dir);
        try {
            lock.make(dir.resolve(DATABASE)); // SQLite gives its other files the same mode
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
        return new DataFolder(dir, lock);
    }

    Path path() {
        return dir;
    }

    Path database() {
        return dir.resolve(DATABASE);
    }

    Path wal() {
        return dir.resolve(DATABASE + WAL_SUFFIX);
    }

    /** Bytes of the database and its log. */
    long bytes() {
        return size(database()) + size(wal());
    }

    @Override
    public void close() {
        lock.close();
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0; // not there yet
        }
    }
}
