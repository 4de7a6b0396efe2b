package dev.fetchback.server.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command sees of the outside.
 *
 * @param out results
 * @param err complaints and progress
 * @param in standard input
 * @param environment all variables
 * @param folder the current folder
 * @param interactive whether a human watches {@code err}
 */
public record Terminal(
        PrintStream out, PrintStream err, InputStream in, Map<String, String> environment, Path folder, boolean interactive) {
    /** The launcher sets it, as Java cannot ask about standard error alone. */
    private static final String INTERACTIVE = "fetchback.interactive";

    /** The terminal of this process. */
    public static Terminal system() {
        return new Terminal(
                new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8),
                new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.err), true, StandardCharsets.UTF_8),
                System.in,
                System.getenv(),
                Path.of("").toAbsolutePath(),
                Boolean.getBoolean(INTERACTIVE));
    }
}
