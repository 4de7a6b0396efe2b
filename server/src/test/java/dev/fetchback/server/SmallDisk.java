package dev.fetchback.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A small file system for one child process. It is mounted in a mount namespace of the child's own, so it is gone when the child
 * is, however a test ends; what is in it is reached by way of /proc.
 */
final class SmallDisk {
    private static final int BLOCK_BYTES = 1 << 16;

    private final List<String> prefix;
    private final Path at;

    private SmallDisk(List<String> prefix, Path at) {
        this.prefix = prefix;
        this.at = at;
    }

    /** In memory, and empty at each start; as root, or as a user who may make namespaces. */
    static SmallDisk inMemory(Path at, int mebibytes) throws Exception {
        return memory(at, mebibytes, "");
    }

    /** The same, and read-only. */
    static SmallDisk readOnly(Path at, int mebibytes) throws Exception {
        return memory(at, mebibytes, "mkdir \"$0\"/data && mount -o remount,ro \"$0\" && ");
    }

    private static SmallDisk memory(Path at, int mebibytes, String then) throws Exception {
        String script = "mount -t tmpfs -o size=" + mebibytes + "m tmpfs \"$0\" && " + then + "exec \"$@\"";
        return usable(List.of("unshare", "-Urm", "sh", "-c", script, at.toString()), at,
                "Needs Linux and the right to mount a tmpfs: root, or a kernel that lets users make namespaces (unshare -Urm).");
    }

    /** In the file {@code image}, which keeps it from one start to the next; as root only. */
    static SmallDisk inFile(Path image, Path at, int mebibytes) throws Exception {
        String needs = "Needs Linux, mkfs.ext4 and the right to mount an image: root, and a free loop device.";
        assumeTrue(run(List.of("truncate", "-s", mebibytes + "M", image.toString()))
                && run(List.of("mkfs.ext4", "-q", "-F", image.toString())), needs);
        return usable(List.of("unshare", "-m", "sh", "-c", "mount -o loop '" + image + "' \"$0\" && exec \"$@\"", at.toString()),
                at, needs);
    }

    private static SmallDisk usable(List<String> prefix, Path at, String needs) throws Exception {
        Files.createDirectories(at);
        List<String> trial = new ArrayList<>(prefix);
        trial.add("true");
        assumeTrue(run(trial), needs);
        return new SmallDisk(prefix, at);
    }

    /** What the child's command begins with. */
    List<String> prefix() {
        return prefix;
    }

    /** A path on the disk as this process sees it. */
    Path seen(ChildServer child, String name) {
        return Path.of("/proc/" + child.pid() + "/root" + at).resolve(name);
    }

    /** Writes to {@code file} until nothing more fits. */
    void fill(Path file) throws IOException {
        for (int size = BLOCK_BYTES; size > 0; size /= 2) { // the last bytes too
            byte[] block = new byte[size];
            try (OutputStream out = Files.newOutputStream(file, java.nio.file.StandardOpenOption.CREATE,
                    java.nio.file.StandardOpenOption.APPEND)) {
                while (true) {
                    out.write(block);
                }
            } catch (IOException full) {
                if (!String.valueOf(full.getMessage()).contains("space")) {
                    throw full;
                }
            }
        }
    }

    /** Makes the disk in a file read-only, as the kernel does by itself after a fault. */
    void fail(ChildServer child) throws Exception {
        if (!run(List.of("nsenter", "-t", Long.toString(child.pid()), "-m", "mount", "-o", "remount,abort", at.toString()))) {
            throw new IOException("the disk could not be made read-only");
        }
    }

    private static boolean run(List<String> command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such command here
        }
    }
}
