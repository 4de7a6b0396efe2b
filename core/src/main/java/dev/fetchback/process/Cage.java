package dev.fetchback.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a worker may not do, by programs of the system that start it (util-linux, coreutils). Which of them work is found out by
 * trying; the worker starts with those that do.
 *
 * @param missing the layers that are not in force, and why
 * @param root whether this process is root, who may do more
 * @param heapMegabytes of the worker
 */
record Cage(Map<Layer, String> missing, boolean root, int heapMegabytes) {
    /** One kind of isolation, from the one that is given up last to the one that is given up first. */
    enum Layer {
        /** It runs after everything else. */
        PRIORITY,
        /** It can get no privileges, and dies with the server. */
        PRIVILEGES,
        /** It has no network. */
        NETWORK,
        /** It can signal no other processes, and all that it started die with it, however they hide. */
        PROCESSES,
        /** Address space, open files, size of files and, with a user of its own, threads are bounded. */
        LIMITS,
        /** It runs as nobody. */
        USER
    }

    private static final List<Path> FOLDERS = List.of(Path.of("/usr/bin"), Path.of("/bin"), Path.of("/usr/sbin"),
            Path.of("/sbin"));
    private static final String NOBODY = "65534";
    private static final int NICE = 10;
    private static final long BASE_MEGABYTES = 1_024; // a JVM takes it of the address space, whatever the heap
    private static final int FILES = 256; // jars and the socket take some 30
    private static final long FILE_BYTES = 256L << 20;
    private static final int THREADS = 1_024; // of all workers; each has some 15
    private static final long TRIAL_SECONDS = 5;

    /** Nothing of it. */
    static Cage none(int heapMegabytes, String why) {
        Map<Layer, String> missing = new EnumMap<>(Layer.class);
        for (Layer layer : Layer.values()) {
            missing.put(layer, why);
        }
        return new Cage(missing, false, heapMegabytes);
    }

    /**
     * Tries one layer after the other; takes some ten milliseconds.
     *
     * @param readable files that the worker must be able to read
     */
    static Cage probe(int heapMegabytes, List<Path> readable) {
        boolean root;
        try {
            root = Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return none(heapMegabytes, "not on this system");
        }
        Cage cage = none(heapMegabytes, "not tried");
        cage = new Cage(cage.missing, root, heapMegabytes);
        for (Layer layer : Layer.values()) {
            List<Path> read = layer == Layer.USER ? readable : List.of();
            String fault = layer == Layer.USER && !root ? "needs root" : cage.with(layer).trial(read);
            cage = fault == null ? cage.with(layer) : cage.without(layer, fault);
        }
        return cage;
    }

    private Cage with(Layer layer) {
        Map<Layer, String> fewer = new EnumMap<>(missing);
        fewer.remove(layer);
        return new Cage(fewer, root, heapMegabytes);
    }

    private Cage without(Layer layer, String why) {
        Map<Layer, String> more = new EnumMap<>(missing);
        more.put(layer, why);
        return new Cage(more, root, heapMegabytes);
    }

    boolean has(Layer layer) {
        return !missing.containsKey(layer);
    }

    /** Without the strictest layer that is in force; null when none is. */
    @Nullable Cage weaker(String why) {
        for (Layer layer : List.of(Layer.values()).reversed()) {
            if (has(layer)) {
                return without(layer, why);
            }
        }
        return null;
    }

    /** What the worker's command begins with. */
    List<String> prefix() {
        List<String> words = new ArrayList<>();
        boolean privileges = has(Layer.PRIVILEGES);
        boolean processes = has(Layer.PROCESSES);
        if (privileges && processes) {
            words.addAll(List.of(program("setpriv"), "--pdeathsig", "KILL")); // of unshare, which stays as the worker's parent
        }
        if (has(Layer.LIMITS)) {
            words.addAll(List.of(program("prlimit"), "--as=" + (addressMegabytes() << 20), "--nofile=" + FILES,
                    "--fsize=" + FILE_BYTES, "--core=0"));
            if (has(Layer.USER)) {
                words.add("--nproc=" + THREADS); // counted for the user, so only for one that has no other threads
            }
        }
        if (has(Layer.PRIORITY)) {
            words.addAll(List.of(program("nice"), "-n", Integer.toString(NICE)));
        }
        if (has(Layer.NETWORK) || processes) {
            words.add(program("unshare"));
            if (!root) {
                words.addAll(List.of("--user", "--map-current-user"));
            }
            if (has(Layer.NETWORK)) {
                words.add("--net");
            }
            if (processes) {
                words.addAll(List.of("--pid", "--fork", "--kill-child=KILL"));
            }
        }
        // After unshare, which nobody may not use.
        if (has(Layer.USER)) {
            words.addAll(List.of(program("setpriv"), "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups"));
        } else if (privileges) {
            words.add(program("setpriv"));
            if (root) {
                words.addAll(List.of("--bounding-set=-all", "--inh-caps=-all")); // root by name, with no more power than its files give
            }
        }
        if (privileges) {
            words.addAll(List.of("--no-new-privs", "--pdeathsig", "KILL"));
        }
        return words;
    }

    private long addressMegabytes() {
        return BASE_MEGABYTES + 2L * heapMegabytes;
    }

    private static String program(String name) {
        return FOLDERS.stream().map(folder -> folder.resolve(name)).filter(Files::isExecutable).findFirst()
                .map(Path::toString).orElse(name);
    }

    /** Starts a small program so; what was wrong, or null. */
    private @Nullable String trial(List<Path> readable) {
        List<String> words = new ArrayList<>(prefix());
        words.addAll(List.of("/bin/sh", "-c", "for f; do test -r \"$f\" || { echo \"$f cannot be read\"; exit 1; }; done", "sh"));
        readable.forEach(path -> words.add(path.toString()));
        try {
            ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
            builder.environment().clear();
            Process process = builder.start();
            process.getOutputStream().close();
            OutputTail output = OutputTail.of(process.getInputStream(), "isolation");
            try {
                if (!process.waitFor(TRIAL_SECONDS, TimeUnit.SECONDS)) {
                    return "did not answer";
                }
            } finally {
                process.destroyForcibly();
            }
            return process.exitValue() == 0 ? null : output.ended().lastLine();
        } catch (IOException e) {
            return Failures.tidy(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    /** Each layer and whether it is in force, or why not. */
    Map<String, String> inForce() {
        Map<String, String> report = new LinkedHashMap<>();
        for (Layer layer : Layer.values()) {
            report.put(layer.name().toLowerCase(Locale.ROOT), missing.containsKey(layer) ? "no: " + missing.get(layer)
                    : "yes: " + switch (layer) {
                case PRIORITY -> "nice " + NICE;
                case PRIVILEGES -> "none can be gained";
                case NETWORK -> "there is none";
                case PROCESSES -> "reaches its own only";
                case LIMITS -> addressMegabytes() + " MiB of address space, " + FILES + " files";
                case USER -> "nobody";
            });
        }
        return report;
    }
}
