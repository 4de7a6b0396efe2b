package dev.fetchback.process;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** How a worker's Java is started: from the classes that this process runs, with bounds on all that it takes. */
final class WorkerCommand {
    private WorkerCommand() {}

    static List<String> of(Cage cage) {
        List<String> words = new ArrayList<>(cage.prefix());
        words.add(java().toString());
        words.addAll(List.of(
                "-Xmx" + cage.heapMegabytes() + "m",
                "-Xss1m", // what parsers recurse into; the bound of nesting is theirs
                "-XX:+UseSerialGC", // one chain at a time
                "-XX:ActiveProcessorCount=1",
                "-XX:MaxMetaspaceSize=96m",
                "-XX:CompressedClassSpaceSize=32m", // it and the code cache would take a gigabyte of address space
                "-XX:ReservedCodeCacheSize=64m",
                "-XX:MaxDirectMemorySize=32m",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:+ErrorFileToStderr",
                "-XX:-UsePerfData",
                "-XX:+DisableAttachMechanism",
                "-Xlog:disable",
                "-Xlog:all=error:stderr",
                "-Djava.awt.headless=true",
                "-cp", String.join(File.pathSeparator, classPath().map(Path::toString).toList()),
                WorkerMain.class.getName()));
        return words;
    }

    /** What its user must be able to read. */
    static List<Path> readable() {
        return Stream.concat(Stream.of(java()), classPath()).toList();
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /** Absolute, as it runs in another folder. */
    private static Stream<Path> classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.isEmpty())
                .map(entry -> Path.of(entry).toAbsolutePath());
    }
}
