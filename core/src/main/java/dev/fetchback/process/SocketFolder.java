package dev.fetchback.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.stream.Stream;

/** A folder for the workers' sockets, whose names only those know who were told, and an empty one in which they run. */
final class SocketFolder implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SocketFolder.class.getName());
    private static final int PATH_MAX = 100; // of a Unix-domain socket: 108 bytes on Linux, 104 elsewhere
    private static final int NAME_BYTES = 16;
    private static final int TOKEN_BYTES = 32;

    private final SecureRandom random = new SecureRandom();
    private final Path folder;
    private final Path empty;

    SocketFolder() throws IOException {
        String prefix = "fetchback-" + ProcessHandle.current().pid() + "-"; // of which those that a kill left can be told
        Path made = Files.createTempDirectory(prefix);
        if (made.resolve("x".repeat(2 * NAME_BYTES)).toString().length() > PATH_MAX) {
            Files.delete(made);
            made = Files.createTempDirectory(Path.of("/tmp"), prefix);
        }
        folder = made;
        empty = Files.createDirectory(made.resolve("empty"));
        Files.setPosixFilePermissions(empty, PosixFilePermissions.fromString("r-xr-xr-x"));
        // others get to a name that they know
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    /** Where the next socket may be. */
    Path next() {
        return folder.resolve(HexFormat.of().formatHex(bytes(NAME_BYTES)));
    }

    /** What a worker shows to be the one that was started. */
    byte[] token() {
        return bytes(TOKEN_BYTES);
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** In which nothing can be written without changing its permissions first. */
    Path empty() {
        return empty;
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the folder of the workers' sockets could not be deleted path={0} reason={1}",
                    folder,
                    e.toString());
        }
    }
}
