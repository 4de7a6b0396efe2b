package dev.fetchback.processors;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** Holds the layout of this module; core's test of the same name holds what all modules share. */
final class LayoutTest {
    private static final JavaClasses MAIN =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.fetchback.processors");
    private static final JavaClasses TESTS = new ClassFileImporter().importPackages("dev.fetchback.processors");

    @Test
    void processorsKnowPagesAndNothingElseOfTheServer() {
        ArchRule rule = classes().should().onlyDependOnClassesThat().resideInAnyPackage("java..", "dev.fetchback.processors",
                "dev.fetchback.process", "dev.fetchback.task", "org.jspecify..", "org.jsoup..", "org.apache.pdfbox..", "org.apache.fontbox..",
                "com.ibm.icu.text..", "tools.jackson.core..");
        rule.check(MAIN);
        assertThat(rule.evaluate(TESTS).hasViolation()).as("tests know JUnit").isTrue();
    }

    @Test
    void noXmlParserOfTheJdkIsUsed() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("javax.xml..", "org.xml..", "org.w3c..").check(MAIN);
    }

    @Test
    void onlyProcessorsAreOpen() {
        assertThat(MAIN.stream().filter(c -> c.isTopLevelClass() && c.getModifiers().contains(JavaModifier.PUBLIC)))
                .allSatisfy(open -> assertThat(open.getSimpleName()).endsWith("Processor"));
    }
}
