package dev.fetchback.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Processes that a command started and that do not count as its descendants any more, as what was between them has ended. */
final class Strays {
    private static final int ROUNDS = 10; // each may start others while it is looked for

    private Strays() {}

    /**
     * Kills all whose environment has this variable with this value; on Linux, those of the same user.
     *
     * @param variable {@code NAME=value}, with a value that no other process has
     */
    static void end(String variable) {
        for (int i = 0; i < ROUNDS && once('\0' + variable + '\0'); i++) {
            Thread.onSpinWait();
        }
    }

    private static boolean once(String wanted) {
        boolean found = false;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path one : all) {
                if (has(one, wanted)) {
                    found |= ProcessHandle.of(Long.parseLong(one.getFileName().toString()))
                            .map(ProcessHandle::destroyForcibly).orElse(false);
                }
            }
        } catch (IOException | NumberFormatException e) {
            return false; // not such a system
        }
        return found;
    }

    private static boolean has(Path process, String wanted) {
        try {
            String environment = '\0' + new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.UTF_8);
            return environment.contains(wanted);
        } catch (IOException e) {
            return false; // another user's, or it ended
        }
    }
}
