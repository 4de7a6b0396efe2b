package dev.fetchback.server;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.fetchback.server.wrong.Sockets;
import dev.fetchback.store.OnEachEngine;
import dev.fetchback.store.OnOneEngine;
import org.junit.jupiter.api.Test;

/** Every class of tests that starts the server says what keeps its tasks, so none forgets an engine. */
final class EnginesTest {
    private static final JavaClasses TESTS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/wrong/"))
            .importPackages("dev.fetchback.server");
    private static final JavaClasses WRONG = new ClassFileImporter().importPackages(Sockets.class.getPackageName());

    private static final ArchRule SAYS_ITS_ENGINES = classes()
            .that(describe("are tests that start the server", EnginesTest::startsTheServer))
            .should().beAnnotatedWith(OnEachEngine.class).orShould().beAnnotatedWith(OnOneEngine.class);

    private static boolean startsTheServer(JavaClass type) {
        boolean starts = type.isAssignableTo(EndToEndFixture.class)
                || type.getSimpleName().endsWith("EndToEndTest")
                || type.getMethodCallsFromSelf().stream().anyMatch(call -> call.getName().startsWith("start")
                        && call.getTargetOwner().isEquivalentTo(Server.class)
                        || call.getTargetOwner().getSimpleName().equals("ChildServer"));
        return starts && type.getMethods().stream().anyMatch(method -> method.isAnnotatedWith(Test.class));
    }

    @Test
    void everyTestOfTheServerSaysItsEngines() {
        assertThat(TESTS.contain(EndToEndTest.class)).isTrue();
        SAYS_ITS_ENGINES.check(TESTS);
        assertThat(SAYS_ITS_ENGINES.evaluate(WRONG).getFailureReport().getDetails()).singleElement().asString().contains("NoEngine");
    }
}
