package dev.fetchback.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.fetchback.architecture.wrong.Wrong;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Holds the layout of ARCHITECTURE.md. Each rule is also shown to fail on a class that breaks it. */
final class LayoutTest {
    private static final String ROOT = "dev.fetchback";
    private static final int FILE_LINES_MAX = 400;
    private static final int METHOD_LINES_MAX = 70;

    private static final List<Path> SHIPPED =
            List.of(Path.of("src/main/java"), Path.of("../processors/src/main/java"), Path.of("../server/src/main/java"));

    private static final JavaClasses MAIN =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages(ROOT);
    private static final JavaClasses WRONG = new ClassFileImporter().importPackages(Wrong.class.getPackageName());

    private static Map<String, ArchRule> rules() {
        Map<String, ArchRule> rules = new TreeMap<>();
        rules.put("task is pure", noClasses().that().resideInAnyPackage("..fetchback.task", "..wrong.task")
                .should().dependOnClassesThat().resideInAnyPackage("java.io..", "java.net..", "java.nio..", "java.sql..",
                        "java.util.concurrent..", "dev.fetchback.store..", "dev.fetchback.work.."));
        rules.put("nothing but the composition reads the clock", noClasses().that()
                .doNotHaveFullyQualifiedName("dev.fetchback.Builder")
                .should().callMethod(System.class, "currentTimeMillis")
                .orShould().callMethod(java.time.Instant.class, "now"));
        rules.put("only outbound opens sockets", noClasses().that().resideOutsideOfPackage("dev.fetchback.outbound")
                .and().doNotHaveFullyQualifiedName("dev.fetchback.process.FrameChannel") // these three: Unix-domain, see below
                .and().doNotHaveFullyQualifiedName("dev.fetchback.process.WorkerStart")
                .and().doNotHaveFullyQualifiedName("dev.fetchback.process.WorkerMain")
                .should().dependOnClassesThat().haveFullyQualifiedName("java.net.Socket")
                .orShould().dependOnClassesThat().haveFullyQualifiedName("java.net.URLConnection")
                .orShould().dependOnClassesThat().resideInAnyPackage("java.net.http..", "java.nio.channels.spi..")
                .orShould().dependOnClassesThat().haveFullyQualifiedName("java.nio.channels.SocketChannel")
                .orShould().dependOnClassesThat().haveFullyQualifiedName("java.net.DatagramSocket"));
        rules.put("the sockets of workers are Unix-domain", noClasses().that().resideInAnyPackage("dev.fetchback.process", "..wrong.process")
                .should().dependOnClassesThat().haveFullyQualifiedName("java.net.InetSocketAddress")
                .orShould().dependOnClassesThat().haveFullyQualifiedName("java.net.InetAddress")
                .orShould().dependOnClassesThat().haveFullyQualifiedName("java.net.Socket")
                .orShould().callMethod(SocketChannel.class, "open")
                .orShould().callMethod(ServerSocketChannel.class, "open"));
        rules.put("outbound knows no tasks", noClasses().that().resideInAnyPackage("dev.fetchback.outbound", "..wrong.outbound")
                .should().dependOnClassesThat().resideInAnyPackage("dev.fetchback.task..", "dev.fetchback.store..",
                        "dev.fetchback.work.."));
        rules.put("work knows no HTTP", noClasses().that().resideInAnyPackage("dev.fetchback.work", "..wrong.work")
                .should().dependOnClassesThat().resideInAnyPackage("dev.fetchback.outbound..", "dev.fetchback.fetch..",
                        "dev.fetchback.deliver..", "org.apache.hc.."));
        rules.put("only the engines know SQL", noClasses().that()
                .resideOutsideOfPackages("dev.fetchback.store.sqlite", "dev.fetchback.store.postgres")
                .should().dependOnClassesThat().resideInAnyPackage("org.sqlite..", "org.postgresql..", "com.zaxxer..", "java.sql.."));
        rules.put("an engine does not know another", noClasses().that().resideInAnyPackage("..store.sqlite", "..wrong.store.sqlite")
                .should().dependOnClassesThat().resideInAnyPackage("..store.postgres", "org.postgresql..", "com.zaxxer.."));
        rules.put("nor that one the first", noClasses().that().resideInAnyPackage("..store.postgres", "..wrong.store.postgres")
                .should().dependOnClassesThat().resideInAnyPackage("..store.sqlite", "org.sqlite.."));
        rules.put("the steps do not know each other", noClasses().that().resideInAnyPackage("dev.fetchback.fetch", "..wrong.fetch")
                .should().dependOnClassesThat().resideInAPackage("dev.fetchback.deliver.."));
        rules.put("vague names", noClasses().should().haveNameMatching(".*(Impl|Utils?|Helper|Manager)"));
        return rules;
    }

    @TestFactory
    Stream<DynamicTest> theCodeKeepsTheRules() {
        return rules().entrySet().stream().map(e -> DynamicTest.dynamicTest(e.getKey(), () -> e.getValue().check(MAIN)));
    }

    @TestFactory
    Stream<DynamicTest> eachRuleFires() {
        return rules().entrySet().stream().map(e -> DynamicTest.dynamicTest(e.getKey(),
                () -> assertThat(e.getValue().evaluate(WRONG).hasViolation()).isTrue()));
    }

    @Test
    void thePackagesHaveNoCycles() {
        ArchRule rule = slices().matching("dev.(**)").should().beFreeOfCycles();
        rule.check(MAIN);
        ArchRule wrong = slices().matching("dev.fetchback.architecture.wrong.(**)").should().beFreeOfCycles();
        assertThat(wrong.evaluate(WRONG).hasViolation()).isTrue();
    }

    @Test
    void everyPackageSaysWhatItIsAndIsNamedInTheArchitecture() throws IOException {
        String architecture = Files.readString(Path.of("..", "ARCHITECTURE.md"));
        for (Path source : SHIPPED) {
            try (Stream<Path> files = Files.walk(source)) {
                for (Path folder : files.filter(Files::isDirectory).filter(LayoutTest::hasCode).toList()) {
                    String name = source.relativize(folder).toString().replace('/', '.');
                    assertThat(folder.resolve("package-info.java")).exists();
                    assertThat(Files.readString(folder.resolve("package-info.java"))).as(name).contains("@NullMarked");
                    assertThat(architecture).as("ARCHITECTURE.md names every package").contains("`" + name + "`");
                }
            }
        }
    }

    @Test
    void filesStayShort() throws IOException {
        for (Path source : SHIPPED) {
            try (Stream<Path> files = Files.walk(source)) {
                for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    assertThat(Files.readAllLines(file).size()).as(file.toString()).isLessThanOrEqualTo(FILE_LINES_MAX);
                }
            }
        }
    }

    @Test
    void methodsStayShort(@TempDir Path folder) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Path source : Stream.concat(SHIPPED.stream(), Stream.of(Path.of("../bench/src/main/java"))).toList()) {
            try (Stream<Path> files = Files.walk(source)) {
                files.filter(f -> f.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        assertThat(MethodLength.over(METHOD_LINES_MAX, sources)).isEmpty();

        Path wrong = folder.resolve("Wrong.java");
        String method = "class Wrong {\n    @Deprecated\n    void fits() {\n%s    }\n}\n";
        Files.writeString(wrong, method.formatted("        ;\n".repeat(METHOD_LINES_MAX - 3)));
        assertThat(MethodLength.over(METHOD_LINES_MAX, List.of(wrong))).isEmpty();
        Files.writeString(wrong, method.formatted("        ;\n".repeat(METHOD_LINES_MAX - 2)));
        assertThat(MethodLength.over(METHOD_LINES_MAX, List.of(wrong))).containsExactly("Wrong.java:2 fits (71)");
    }

    @Test
    void mostTypesStayInTheirPackage() {
        long types = MAIN.stream().filter(c -> c.isTopLevelClass() && !c.getSimpleName().equals("package-info")).count();
        long open = MAIN.stream().filter(c -> c.isTopLevelClass() && c.getModifiers()
                .contains(com.tngtech.archunit.core.domain.JavaModifier.PUBLIC)).count();
        assertThat(open).as("public of %d types", types).isLessThanOrEqualTo(types / 2);
        classes().that().haveSimpleNameStartingWith("Sqlite").should().resideInAPackage("dev.fetchback.store.sqlite").check(MAIN);
    }

    private static boolean hasCode(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(f -> f.toString().endsWith(".java"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
