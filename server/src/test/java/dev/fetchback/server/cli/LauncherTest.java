package dev.fetchback.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher of the repository in a made-up checkout with made-up JDKs: nothing of this machine is used but sh. */
class LauncherTest {
    private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");

    @TempDir
    Path folder;

    private Path root;
    private Path jdks;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void makeCheckout() throws IOException {
        root = Files.createDirectories(folder.resolve("a checkout"));
        jdks = Files.createDirectories(folder.resolve("jvm"));
        script(root.resolve("fetchback"), Files.readString(Path.of("..", "fetchback")));
        script(root.resolve("mvnw"), "#!/bin/sh\necho \"mvnw $* with $JAVA_HOME in $PWD\" >> built\n"
                + "mkdir -p server/target bench/target\n: > server/target/fetchback.jar\n: > bench/target/relay.jar\n");
        for (String source : List.of("core/src/main/A.java", "server/src/main/B.java", "pom.xml", "core/pom.xml",
                "server/pom.xml", "processors/pom.xml", "processors/src/main/C.java")) {
            Path file = root.resolve(source);
            Files.createDirectories(file.getParent());
            Files.setLastModifiedTime(Files.createFile(file), FileTime.from(LONG_AGO));
        }
        environment.put("FETCHBACK_JVM_FOLDERS", jdks + "/*");
        environment.put("PATH", "/usr/bin:/bin");
        environment.put("HOME", folder.resolve("home").toString());
    }

    private static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Path jdk(Path home, String version) throws IOException {
        // Says how it was called, an argument a line; a training run leaves a cache.
        script(home.resolve("bin/java"), """
                #!/bin/sh
                for one in "$@"; do case $one in -XX:AOTCacheOutput=*) echo "$*" >> "%s/trained";
                        echo x > "${one#*=}"; exit 0 ;; esac; done
                echo "java=%s pid=$$"
                for one in "$@"; do echo "[$one]"; done
                exit 7
                """.formatted(root, home));
        script(home.resolve("bin/javac"), "#!/bin/sh\n");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private record Run(int exitCode, long pid, List<String> out, String err) {}

    private Run run(Path launcher, Path in, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("/bin/sh", launcher.toString()));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = new ProcessBuilder(command).directory(in.toFile()).redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("the launcher ends").isTrue();
            return new Run(process.exitValue(), process.pid(), Files.readAllLines(out),
                    Files.readString(err, StandardCharsets.UTF_8));
        } finally {
            process.destroyForcibly();
        }
    }

    private Run run(String... arguments) throws Exception {
        return run(root.resolve("fetchback"), folder, arguments);
    }

    private List<String> builds() throws IOException {
        Path built = root.resolve("built");
        return Files.exists(built) ? Files.readAllLines(built) : List.of();
    }

    // /usr/bin holds sh and grep but often a java too, so these tests keep that one out with folders of links.
    private void hideJavaOfThePath() throws IOException {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        for (String tool : List.of("dirname", "readlink", "grep", "sed", "find", "head", "tail", "mktemp", "touch", "rm", "mkdir",
                "mv", "cat", "sleep", "sh")) {
            for (String place : List.of("/usr/bin", "/bin")) {
                Path real = Path.of(place, tool);
                if (Files.exists(real) && !Files.exists(bin.resolve(tool))) {
                    Files.createSymbolicLink(bin.resolve(tool), real);
                }
            }
        }
        environment.put("PATH", bin.toString());
    }

    @Test
    void withoutAJdkItSaysWhatToInstallAndWhere() throws Exception {
        hideJavaOfThePath();
        jdk(jdks.resolve("old"), "17.0.15");
        Run run = run("demo");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("needs Java 25", "openjdk-25-jdk", "brew install openjdk@25", "adoptium.net",
                "/usr/lib/jvm", "JAVA_HOME (not set)");
        assertThat(builds()).isEmpty();
    }

    @Test
    void buildsOnceTrainsOnceAndBecomesJava() throws Exception {
        Path home = jdk(jdks.resolve("temurin-25"), "25.0.3");
        Run run = run("demo", "two words", "*");
        assertThat(run.err()).contains("building", "preparing a fast start");
        assertThat(run.exitCode()).isEqualTo(7);
        assertThat(run.out().getFirst()).as("exec keeps the process, so signals reach java")
                .isEqualTo("java=" + home + " pid=" + run.pid());
        assertThat(run.out()).contains("[-Xmx512m]", "[--enable-native-access=ALL-UNNAMED]",
                "[-XX:AOTCache=" + root.toRealPath() + "/server/target/fetchback.aot]").endsWith("[demo]", "[two words]", "[*]");
        assertThat(builds()).singleElement().asString()
                .isEqualTo("mvnw -q -B -ntp -DskipTests package with " + home + " in " + root.toRealPath());
        Run again = run("version");
        assertThat(again.err()).isEmpty();
        assertThat(builds()).hasSize(1);
        assertThat(Files.readAllLines(root.resolve("trained"))).singleElement().asString().contains(" demo --tasks ");
    }

    @Test
    void buildsAgainWhenASourceIsNewer() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25");
        run("version");
        Files.setLastModifiedTime(root.resolve("core/src/main/A.java"), FileTime.from(Instant.now().plusSeconds(60)));
        run("version");
        assertThat(builds()).hasSize(2);
        Files.setLastModifiedTime(root.resolve("processors/src/main/C.java"), FileTime.from(Instant.now().plusSeconds(120)));
        run("version");
        assertThat(builds()).hasSize(3);
    }

    @Test
    void buildsAndRunsAnotherJarForTheBench() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25");
        Path jar = root.toRealPath().resolve("bench/target/relay.jar");
        environment.put("BENCH_JAR", jar.toString());
        Run run = run("process");
        assertThat(run.out()).containsSequence("[-jar]", "[" + jar + "]", "[process]");
        assertThat(run.err()).doesNotContain("preparing");
        run("process");
        assertThat(builds()).hasSize(1);
        Path source = Files.createFile(Files.createDirectories(root.resolve("bench/src/main")).resolve("D.java"));
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
        run("process");
        assertThat(builds()).hasSize(2);
        environment.remove("BENCH_JAR");
        assertThat(run("version").err()).contains("preparing").doesNotContain("building");
    }

    @Test
    void worksThroughLinksFromAnyFolder() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25.0.3");
        Path link = Files.createSymbolicLink(Files.createDirectories(folder.resolve("bin2")).resolve("fb"),
                Path.of("../a checkout/fetchback"));
        Path second = Files.createSymbolicLink(folder.resolve("fb2"), link);
        Run run = run(second, Path.of("/"), "version");
        assertThat(run.exitCode()).as(run.err()).isEqualTo(7);
        assertThat(run.out()).contains("[" + root.toRealPath() + "/server/target/fetchback.jar]");
    }

    @Test
    void javaHomeComesFirstThenThePathThenTheUsualFoldersAndExactlyBeforeNewer() throws Exception {
        hideJavaOfThePath();
        Path newer = jdk(jdks.resolve("a-26"), "26.0.1");
        assertThat(run().out().getFirst()).startsWith("java=" + newer + " ");
        Path usual = jdk(jdks.resolve("b-25"), "25.0.3");
        assertThat(run().out().getFirst()).startsWith("java=" + usual + " ");
        Path onPath = jdk(folder.resolve("path jdk"), "25.0.1");
        Files.createSymbolicLink(folder.resolve("bin/java"), onPath.resolve("bin/java"));
        assertThat(run().out().getFirst()).startsWith("java=" + onPath + " ");
        Path named = jdk(folder.resolve("named jdk"), "25.0.2");
        environment.put("JAVA_HOME", named.toString());
        assertThat(run().out().getFirst()).startsWith("java=" + named + " ");
        environment.put("JAVA_HOME", jdk(folder.resolve("old"), "17.0.1").toString());
        assertThat(run().out().getFirst()).as("one that is too old is passed over").startsWith("java=" + onPath + " ");
    }

    @Test
    void optionsOfTheUserReplaceHeapAndCollector() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25.0.3");
        environment.put("FETCHBACK_JAVA_OPTS", "-Xmx2g -XX:+UseZGC -Dx=y");
        assertThat(run("serve").out()).contains("[-Xmx2g]", "[-XX:+UseZGC]", "[-Dx=y]")
                .doesNotContain("[-Xmx512m]", "[-XX:+UseSerialGC]");
    }

    @Test
    void aBuildThatFailsShowsItsEndAnd1() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25.0.3");
        environment.put("TMPDIR", folder.toString());
        script(root.resolve("mvnw"), "#!/bin/sh\necho \"[ERROR] A.java:1 is wrong\"\nexit 1\n");
        Run run = run("demo");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("[ERROR] A.java:1 is wrong", "the build failed; the whole log is");
    }

    @Test
    void aCacheThatCannotBeMadeOrIsOlderThanTheJarIsLeftAside() throws Exception {
        Path home = jdk(jdks.resolve("temurin-25"), "25.0.3");
        script(home.resolve("bin/java"), "#!/bin/sh\ncase $* in *AOTCacheOutput*) echo x >> '" + root + "/trained'; exit 1 ;; esac\n"
                + "for one in \"$@\"; do echo \"[$one]\"; done\n");
        Run run = run("version");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).noneMatch(argument -> argument.contains("AOTCache="));
        assertThat(run("version").out()).noneMatch(argument -> argument.contains("AOTCache="));
        assertThat(Files.readAllLines(root.resolve("trained"))).as("not tried again in vain").hasSize(1);
    }

    @Test
    void aJarThatWasBuiltOtherwiseIsTrainedForToo() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25.0.3");
        Files.createDirectories(root.resolve("server/target"));
        Files.createFile(root.resolve("server/target/fetchback.jar"));
        Path cache = Files.writeString(root.resolve("server/target/fetchback.aot"), "of an older jar");
        Files.setLastModifiedTime(cache, FileTime.from(LONG_AGO));
        assertThat(run("version").err()).contains("preparing a fast start");
        assertThat(builds()).isEmpty();
        assertThat(Files.readString(cache)).isEqualTo("x\n");
    }

    @Test
    void aJavaWithoutCompilerCannotBuildButCanRun() throws Exception {
        Path home = jdk(jdks.resolve("temurin-25"), "25.0.3");
        Files.delete(home.resolve("bin/javac"));
        Run run = run("version");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("without a compiler");
        Files.createDirectories(root.resolve("server/target"));
        Files.createFile(root.resolve("server/target/fetchback.jar"));
        assertThat(run("version").exitCode()).isEqualTo(7);
    }

    /** A build that says when it has begun and goes on when it is told to. */
    private void slowBuild() throws IOException {
        script(root.resolve("mvnw"), "#!/bin/sh\necho x >> built\nwhile [ ! -e go ]; do sleep 0.05; done\n"
                + "[ ! -e server/target/fetchback.jar ] || echo x >> trampled\n"
                + "mkdir -p server/target\n: > server/target/fetchback.jar\n");
    }

    private Process launch(String name) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", root.resolve("fetchback").toString(), "version")
                .redirectOutput(folder.resolve(name + ".out").toFile()).redirectError(folder.resolve(name + ".err").toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    private void until(String what, java.util.concurrent.Callable<Boolean> so) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!so.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(20);
        }
    }

    @Test
    void twoFirstBuildsAtOnceAreOne() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25.0.3");
        slowBuild();
        Process first = launch("first");
        until("the first builds", () -> !builds().isEmpty());
        Process second = launch("second");
        until("the second waits", () -> Files.readString(folder.resolve("second.err"))
                .contains("waiting for another build (process " + first.pid() + ")"));
        Files.createFile(root.resolve("go"));
        for (Process one : List.of(first, second)) {
            assertThat(one.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(one.exitValue()).isEqualTo(7);
        }
        assertThat(builds()).hasSize(1);
        assertThat(Files.readAllLines(root.resolve("trained"))).hasSize(1);
        assertThat(root.resolve("trampled")).doesNotExist();
        assertThat(root.resolve(".fetchback-build")).doesNotExist();
    }

    @Test
    void theLockOfABuildThatWasKilledOrFailedBlocksNobody() throws Exception {
        jdk(jdks.resolve("temurin-25"), "25.0.3");
        slowBuild();
        Process killed = launch("killed");
        until("it builds", () -> !builds().isEmpty());
        List<ProcessHandle> builders = killed.descendants().toList();
        killed.destroyForcibly().waitFor();
        builders.forEach(ProcessHandle::destroyForcibly);
        assertThat(root.resolve(".fetchback-build")).exists();
        Files.createFile(root.resolve("go"));
        assertThat(run("version").exitCode()).isEqualTo(7);
        assertThat(root.resolve(".fetchback-build")).doesNotExist();

        Files.delete(root.resolve("server/target/fetchback.jar"));
        Path abandoned = Files.createDirectories(root.resolve(".fetchback-build"));
        Files.writeString(abandoned.resolve("pid"), ProcessHandle.current().pid() + "\n");
        Files.setLastModifiedTime(abandoned, FileTime.from(LONG_AGO));
        assertThat(run("version").exitCode()).as("an old lock whose id another process has").isEqualTo(7);

        Files.delete(root.resolve("server/target/fetchback.jar"));
        script(root.resolve("mvnw"), "#!/bin/sh\nexit 1\n");
        environment.put("TMPDIR", folder.toString());
        assertThat(run("version").exitCode()).isEqualTo(1);
        assertThat(root.resolve(".fetchback-build")).doesNotExist();
    }
}
