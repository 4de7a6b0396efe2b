package dev.fetchback.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A program that processes pages: the page on its standard input, what is known of it in its environment, the result on its
 * standard output. No shell takes part. It gets whatever options a task gives, as JSON.
 *
 * @param name what tasks name it by
 * @param argv the program and its arguments; a program without a slash is looked for on the {@code PATH}
 * @param timeout the most that one run may take, whatever a task asks for; null for the operator's maximum
 * @param maxOutput bytes it may print
 * @param output what it prints means
 */
public record CommandProcessor(
        String name, List<String> argv, @Nullable Duration timeout, int maxOutput, Output output) implements Processor {
    /** What a command may print unless the operator says otherwise. */
    public static final int MAX_OUTPUT_DEFAULT = 8 << 20; // as much as all results of a task

    /** What a command prints. */
    public enum Output {
        /** JSON if it is, else text. */
        AUTO,
        /** Text, also if it could be read as JSON. */
        TEXT,
        /** JSON; anything else is a failure. */
        JSON
    }

    private static final int OPTIONS_MAX = 32 << 10; // a quarter of what one variable may hold on Linux

    /** @throws IllegalArgumentException when there is no such program that may be executed, or a number makes no sense */
    public CommandProcessor {
        Processors.checkName(name, "a command");
        if (argv.isEmpty() || maxOutput < 1 || timeout != null && (timeout.isNegative() || timeout.isZero())) {
            throw new IllegalArgumentException("the command '" + name + "' has " + argv.size() + " words, timeout " + timeout
                    + " and maxOutput " + maxOutput + "; they must be at least one word, longer than nothing and 1");
        }
        List<String> words = new ArrayList<>(argv);
        words.set(0, program(name, argv.getFirst()).toString());
        argv = List.copyOf(words);
    }

    /** One whose output is JSON if it is, else text. */
    public CommandProcessor(String name, List<String> argv, @Nullable Duration timeout, int maxOutput) {
        this(name, argv, timeout, maxOutput, Output.AUTO);
    }

    private static Path program(String name, String word) {
        if (word.isEmpty()) {
            throw new IllegalArgumentException("the command '" + name + "' names no program; give a path, or a name on the PATH");
        }
        if (word.contains("/")) {
            Path path = Path.of(word).toAbsolutePath().normalize();
            if (!Files.isRegularFile(path)) {
                throw new IllegalArgumentException("the command '" + name + "': there is no file " + path
                        + "; give the path of a program, or its name on the PATH");
            }
            if (!Files.isExecutable(path)) {
                throw new IllegalArgumentException("the command '" + name + "': " + path
                        + " may not be executed; allowed is a file that this user may execute (chmod +x)");
            }
            return path;
        }
        String folders = System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
        for (String folder : folders.split(":")) {
            Path path = Path.of(folder.isEmpty() ? "." : folder).resolve(word).toAbsolutePath();
            if (Files.isRegularFile(path) && Files.isExecutable(path)) {
                return path;
            }
        }
        throw new IllegalArgumentException("the command '" + name + "': no program '" + Failures.tidy(word) + "' is on the PATH ("
                + folders + "); give its whole path");
    }

    static void check(String options) throws BadOption {
        int length = Json.ascii(options).length();
        if (length > OPTIONS_MAX) {
            throw new BadOption("", "the options take " + length + " bytes as JSON in ASCII; a command is given at most "
                    + OPTIONS_MAX);
        }
    }

    @Override
    public Job prepare(Map<String, @Nullable Object> options) {
        return _ -> {
            throw new IllegalStateException("a command is run by the pool of commands");
        };
    }
}
