package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first thing that anybody runs: the repository's launcher, this Java and the real server, in a checkout that is built. */
final class LauncherDemoTest {
    private static final long PATIENCE_SECONDS = 60;

    @TempDir
    Path folder;

    @Test
    void theDemoShowsAPageAndEndsWith0() throws Exception {
        Path target = Files.createDirectories(folder.resolve("server/target"));
        Path launcher = Files.copy(Path.of("..", "fetchback"), folder.resolve("fetchback"));
        jar(target.resolve("fetchback.jar"));
        Files.createFile(target.resolve("fetchback.aot")); // as where no start-up cache could be made
        Path out = folder.resolve("out.txt");
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", launcher.toString(), "demo").redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().keySet().removeIf(name -> name.startsWith("FETCHBACK_"));
        Process process = builder.start();
        try {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).as(Files.readString(out)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(said).isZero();
        assertThat(said)
                .contains("accepted   202, on disk, tsk_", "signature verified", "<title>Farewell</title>", "さようなら", "Done")
                .containsPattern("[0-9]+\\.[0-9] ms  delivered");
    }

    /** What the build makes, but with its libraries where they are: a manifest. */
    private static void jar(Path jar) throws Exception {
        String libraries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(one -> Path.of(one).toUri().toString()).collect(Collectors.joining(" "));
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Main.class.getName());
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, libraries);
        try (OutputStream out = Files.newOutputStream(jar)) {
            new JarOutputStream(out, manifest).close();
        }
    }
}
