package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.process.Processor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** A jar with a processor whose classes are nowhere else, compiled from its source. */
final class PluginJar {
    private PluginJar() {}

    /**
     * @param jar where it is to be
     * @param className of the processor, with its package
     * @param source of its file
     */
    static void build(Path jar, String className, String source) throws IOException {
        Path work = Files.createTempDirectory(jar.toAbsolutePath().getParent(), "plugin");
        Path file = Files.createDirectories(work.resolve("source")).resolve(className.replaceFirst(".*\\.", "") + ".java");
        Files.writeString(file, source);
        Path classes = Files.createDirectories(work.resolve("classes"));
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int exit = ToolProvider.getSystemJavaCompiler().run(null, said, said, "-d", classes.toString(), "-proc:none",
                "-cp", System.getProperty("java.class.path"), file.toString());
        assertThat(exit).as(said.toString(StandardCharsets.UTF_8)).isZero();
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> all = Files.walk(classes)) {
            out.putNextEntry(new JarEntry("META-INF/services/" + Processor.class.getName()));
            out.write(className.getBytes(StandardCharsets.UTF_8));
            for (Path one : all.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(one).toString()));
                out.write(Files.readAllBytes(one));
            }
        }
    }
}
